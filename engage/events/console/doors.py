"""The doors: check in by ticket, code or name, count walk-ins, undo; and the list on paper. Works without scripts."""

from datetime import timedelta
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.events import listing
from engage.events.console import verdicts
from engage.events.console.asking import Received, received
from engage.events.console.door_page import DOORS, act, done, door_evening, show, slot_of, why_closed
from engage.events.console.tonight import AT_THE_EVENING
from engage.events.doors import admissions, lists, tickets
from engage.events.models import OpenEvening
from engage.web.guarding import only
from engage.web.paging import page_number
from engage.web.site import render, site_of

OPEN_AFTER = timedelta(days=2)  # an evening, whose lists are closed by then
NOTHING = "Scan a ticket, or type its code or the beginning of a name."
NO_SITTING = "This open evening has no sitting. Add one first."


@only(*AT_THE_EVENING)
async def evenings(request: Request) -> Response:
    """The evenings that are out: those to come or hardly over, soonest first, and then what is over."""
    site = site_of(request)
    since, out = site.clock() - OPEN_AFTER, ("published",)
    both = listing.upcoming(since, out), listing.past(since, out)
    async with site.database.reading() as session:
        paging, found = await listing.page_of(session, both, page_number(request), DOORS)
    return await render(request, "console/doors/evenings.html", evenings=[*chain(*found)], paging=paging)


@only(*AT_THE_EVENING)
async def door(request: Request) -> Response:
    return await show(request, await door_evening(request), request.query_params)


@only(*AT_THE_EVENING)
async def checked_in(request: Request) -> Response:
    sent, evening, site = await received(request), await door_evening(request), site_of(request)
    asked = tickets.read(site.tokens, sent.fields.get("ticket", ""))
    if refusal := await _refusal(request, evening, sent):
        return refusal
    if not asked.is_ticket and not asked.name:
        return await show(request, evening, sent.fields, problem=NOTHING, status=422)
    async with site.database.reading() as session:
        if asked.is_ticket:
            registration = await admissions.by_id(session, asked.registration_id)
        else:
            found = await admissions.search(session, evening, asked)
            is_found = asked.code is not None and [each.ticket_code for each in found] == [asked.code]
            registration = found[0] if is_found else None
    if not asked.is_ticket and registration is None:
        return await show(request, evening, sent.fields, found=found)
    is_insisting, zone = sent.fields.get("insist") == "yes", site.settings.zone
    slot = slot_of(evening, sent.fields)
    verdict = verdicts.refusal(registration, evening, slot, zone, is_insisting=is_insisting)
    if verdict is not None or registration is None:
        return await show(request, evening, sent.fields, verdict)
    outcome = await act(request, evening, sent.fields, registration_id=registration.id)
    if outcome.result == "used" and outcome.admission is not None:
        return await show(request, evening, sent.fields, verdicts.used(registration, outcome.admission, zone))
    return done(request, evening, outcome.key, sent.fields)


@only(*AT_THE_EVENING)
async def walked_in(request: Request) -> Response:
    sent, evening = await received(request), await door_evening(request)
    if refusal := await _refusal(request, evening, sent):
        return refusal
    slot = slot_of(evening, sent.fields)
    outcome = await act(request, evening, sent.fields, slot_id=slot.id if slot else None)
    if outcome.admission is None:
        return await show(request, evening, sent.fields, problem=NO_SITTING, status=409)
    return done(request, evening, outcome.key, sent.fields)


@only(*AT_THE_EVENING)
async def undone(request: Request) -> Response:
    sent, evening = await received(request), await door_evening(request)
    if refusal := await _refusal(request, evening, sent):
        return refusal
    outcome = await act(request, evening, sent.fields, is_undoing=True)
    return done(request, evening, outcome.key, sent.fields)


@only(*AT_THE_EVENING)
async def printed(request: Request) -> Response:
    """The list on paper, a sitting on each page; whole, for it is printed."""
    site, evening = site_of(request), await door_evening(request)
    lists.refuse_if_closed(evening, site.clock(), site.settings.zone)
    async with site.database.reading() as session:
        people = await admissions.expected(session, evening)
    by_slot = [(slot, [each for each in people if each.slot_id == slot.id]) for slot in evening.slots]
    return await render(request, "console/doors/print.html", evening=evening, by_slot=by_slot)


async def _refusal(request: Request, evening: OpenEvening, sent: Received) -> Response | None:
    """The door's page with what keeps the form from being taken, if anything does."""
    if sent.problem is not None:
        return await show(request, evening, sent.fields, problem=sent.problem, status=403)
    if closed := why_closed(request, evening):
        return await show(request, evening, sent.fields, problem=closed, status=409)
    return None


HERE = f"{DOORS}/{{slug}}"
routes = [
    Route(DOORS, evenings),
    Route(HERE, door),
    Route(HERE, checked_in, methods=["POST"]),
    Route(f"{HERE}/walk-in", walked_in, methods=["POST"]),
    Route(f"{HERE}/undo", undone, methods=["POST"]),
    Route(f"{HERE}/print", printed),
]
