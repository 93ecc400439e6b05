"""A registration's own page, reached by the link in its mail, and the acts of whoever holds that link."""

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, NotFound, NotHeld
from engage.events import finding
from engage.events.doors import tickets
from engage.events.mail.calendar_entries import Place, invitation_of
from engage.events.models import ACCESS_NEEDS, OpenEvening, Registration
from engage.events.need_rules import TO_THE_PERSON
from engage.events.registrations import attending, booking
from engage.events.registrations.export import export_of
from engage.events.registrations.forms import DetailsForm, details_form_of
from engage.events.registrations.registering import correct
from engage.events.registrations.timeline import timeline_of
from engage.events.views import needs_of, posts_of, qr_of, registration_json, sittings_of
from engage.notify.calendar import invite_file
from engage.web.site import posted, posted_openly, render, site_of, wants_json

Act = Callable[[AsyncSession, Registration], Awaitable[None]]
DONE = {
    "change": "Your sitting is as you asked. We are sending you an email.",
    "take": "The place is yours. We are sending you an email with your calendar entry.",
    "coming": "Thank you for telling us.",
    "cancel": "Your registration is cancelled. We are sending you an email.",
    "applied": "Thank you. You get no more reminders of that post.",
    "details": "Your details are saved.",
}


async def page(request: Request) -> Response:
    return await _page(request, notice=DONE.get(request.query_params.get("done", "")))


async def changed(request: Request) -> Response:
    async def act(session: AsyncSession, registration: Registration) -> None:
        slot = next((each for each in registration.open_evening.slots if each.key == form.get("slot")), None)
        if slot is None:
            raise NotFound("This open evening has no such sitting. Choose one from the list.")
        await booking.change(session, registration, slot, site_of(request).clock())

    form = await posted_openly(request)
    return await _act(request, act, "change")


async def taken(request: Request) -> Response:
    async def act(session: AsyncSession, registration: Registration) -> None:
        await booking.take(session, registration, site_of(request).clock())

    return await _act(request, act, "take")


async def coming(request: Request) -> Response:
    async def act(session: AsyncSession, registration: Registration) -> None:
        if answer not in ("yes", "no"):
            raise NotHeld("Say yes or no, so that we know whether you are coming.")
        await attending.say_coming(session, registration, answer == "yes", site_of(request).clock())

    answer = (await posted_openly(request)).get("coming")
    return await _act(request, act, "coming")


async def cancelled(request: Request) -> Response:
    async def act(session: AsyncSession, registration: Registration) -> None:
        await booking.cancel(session, registration, site_of(request).clock(), is_stop=form.get("reminders") == "stop")

    form = await posted_openly(request)
    return await _act(request, act, "cancel")


async def applied(request: Request) -> Response:
    async def act(session: AsyncSession, registration: Registration) -> None:
        await attending.say_applied(session, registration, str(form.get("vacancy")), site_of(request).clock())

    form = await posted_openly(request)
    return await _act(request, act, "applied")


async def corrected(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        registration, _ = await finding.registration_of(session, id_in(request))
    form = details_form_of(registration, registration.open_evening, await posted_openly(request))
    if not form.validate():
        return await _page(request, status=422, details=form)

    async def act(session: AsyncSession, registration: Registration) -> None:
        await correct(session, registration, form.details(), site_of(request).clock())

    return await _act(request, act, "details", form)


async def invite(request: Request) -> Response:
    """The place as a file for calendars: the same UID and SEQUENCE as the last message has."""
    site = site_of(request)
    async with site.database.reading() as session:
        registration, _ = await finding.registration_of(session, id_in(request))
    slot = registration.slot
    if slot is None or registration.status not in ("confirmed", "attended"):
        raise NotHeld("There is no place to put into a calendar: you have none at the moment.")
    place = Place(
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        sequence=registration.sequence or 0,
        stamped_at=site.clock(),
        title=slot.title,
    )
    content = invite_file(invitation_of(registration, place, site.settings, site.tokens))
    return Response(
        content,
        media_type="text/calendar; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="invite.ics"', "cache-control": "no-store"},
    )


async def ticket(request: Request) -> Response:
    async with site_of(request).database.reading() as session:
        registration, _ = await finding.registration_of(session, id_in(request))
    if registration.status not in ("confirmed", "attended"):
        raise NotHeld("There is no ticket: you have no place at the moment.")
    return await render(
        request,
        "events/ticket.html",
        registration=registration,
        evening=registration.open_evening,
        slot=registration.slot,
        ticket_qr=qr_of(_ticket_text(request, registration)),
    )


async def timeline(request: Request) -> Response:
    """What is kept about the registration, and what happened to it: to read, or as JSON to take away."""
    site, is_file = site_of(request), request.query_params.get("format") == "json"
    async with site.database.reading() as session:
        registration, position = await finding.registration_of(session, id_in(request))
        lines = await timeline_of(session, registration, site.settings.zone)
        if is_file or wants_json(request):
            exported = await export_of(session, registration, position, lines)
            disposition = {"content-disposition": 'attachment; filename="registration.json"'} if is_file else {}
            return JSONResponse(exported, headers={"cache-control": "no-store"} | disposition)
    return await render(
        request,
        "events/timeline.html",
        registration=registration,
        evening=registration.open_evening,
        base=f"/registrations/{request.path_params['token']}",
        timeline=lines,
        need_titles=ACCESS_NEEDS,
    )


async def unsubscribe_page(request: Request) -> Response:
    return await _unsubscribe_page(request, is_done=False)


async def unsubscribed(request: Request) -> Response:
    """One click from the mail program's own button: no CSRF token (RFC 8058)."""
    site, registration_id = site_of(request), id_in(request, "unsubscribe")

    async def act(session: AsyncSession) -> None:
        registration = await booking.load(session, registration_id)
        await attending.stop_reminders(session, registration, site.clock())

    await site.unit_of_work.run(act)
    return await _unsubscribe_page(request, is_done=True)


def id_in(request: Request, purpose: str = "registration") -> int:
    """Whose link the request came by. Raises NotFound."""
    number = site_of(request).tokens.read(purpose, request.path_params["token"])
    if number is None:
        raise NotFound("There is no such registration. Use the link in your latest message from us.")
    return number


async def _act(request: Request, act: Act, done: str, details: DetailsForm | None = None) -> Response:
    """Run the act under the evening's lock; where it is refused, the page says why and keeps what was typed."""
    site, registration_id = site_of(request), id_in(request)
    async with site.database.reading() as session:
        evening_id = (await booking.load(session, registration_id)).open_evening_id

    async def command(session: AsyncSession) -> None:
        await act(session, await booking.load(session, registration_id))

    try:
        await posted(request)
        await site.unit_of_work.run(command, locks=[(OpenEvening, evening_id)])
    except EngageError as error:
        if wants_json(request):
            raise
        return await _page(request, status=error.status, problem=str(error), details=details)
    return RedirectResponse(f"/registrations/{request.path_params['token']}?done={done}", 303)


async def _page(
    request: Request,
    *,
    status: int = 200,
    notice: str | None = None,
    problem: str | None = None,
    details: DetailsForm | None = None,
) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        registration, position = await finding.registration_of(session, id_in(request))
    if wants_json(request):
        return JSONResponse(registration_json(registration, position), headers={"cache-control": "no-store"})
    evening, now = registration.open_evening, site.clock()
    is_placed = registration.status in ("confirmed", "attended")
    return await render(
        request,
        "events/registration.html",
        status=status,
        registration=registration,
        evening=evening,
        base=f"/registrations/{request.path_params['token']}",
        position=position,
        sittings=[each for each in sittings_of(evening.slots, now) if not _stands_in(registration, each.slot.id)],
        details=details or details_form_of(registration, evening),
        needs=needs_of(evening, now, site.settings.zone),
        need_titles=ACCESS_NEEDS,
        need_states=TO_THE_PERSON,
        posts=posts_of(evening.vacancies, now, site.settings.zone),
        ticket_qr=qr_of(_ticket_text(request, registration)) if is_placed else None,
        notice=notice,
        problem=problem,
    )


def _stands_in(registration: Registration, slot_id: int) -> bool:
    """Whether they have, or wait for, that sitting already."""
    has_own = registration.slot_id == slot_id and registration.status not in ("cancelled", "lapsed")
    return has_own or (registration.entry is not None and registration.entry.slot_id == slot_id)


def _ticket_text(request: Request, registration: Registration) -> str:
    return tickets.text_of(site_of(request).tokens, registration.id)


async def _unsubscribe_page(request: Request, *, is_done: bool) -> Response:
    async with site_of(request).database.reading() as session:
        registration = await booking.load(session, id_in(request, "unsubscribe"))
    return await render(request, "events/unsubscribe.html", evening=registration.open_evening, is_done=is_done)


routes = [
    Route("/registrations/{token}", page),
    Route("/registrations/{token}/change", changed, methods=["POST"]),
    Route("/registrations/{token}/take", taken, methods=["POST"]),
    Route("/registrations/{token}/coming", coming, methods=["POST"]),
    Route("/registrations/{token}/cancel", cancelled, methods=["POST"]),
    Route("/registrations/{token}/applied", applied, methods=["POST"]),
    Route("/registrations/{token}/details", corrected, methods=["POST"]),
    Route("/registrations/{token}/invite.ics", invite),
    Route("/registrations/{token}/ticket", ticket),
    Route("/registrations/{token}/timeline", timeline),
    Route("/unsubscribe/{token}", unsubscribe_page),
    Route("/unsubscribe/{token}", unsubscribed, methods=["POST"]),
]
