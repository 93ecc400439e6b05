"""Tonight: how the sittings fill, live; the list for reception, and the roll-call for the fire warden, to print."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from engage.errors import NotFound
from engage.events import rules
from engage.events.console.asking import ROLES, asked_evening, evening_of
from engage.events.doors import lists
from engage.events.doors.admissions import walk_ins
from engage.events.live import Live
from engage.events.models import OpenEvening, Registration
from engage.events.picture import picture_of
from engage.web.guarding import only
from engage.web.site import Site, render, site_of

AT_THE_EVENING = (*ROLES, "door")
STREAM = "text/event-stream"
RECONNECT = "retry: 5000\n\n"
BEAT = ": still here\n\n"


@only(*AT_THE_EVENING)
async def tonight(request: Request) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
        picture = await picture_of(session, evening, site.settings.zone)
    closed = _why_closed(site, evening)
    return await render(request, "console/tonight.html", evening=evening, picture=picture, closed=closed)


@only(*AT_THE_EVENING)
async def events(request: Request) -> Response:
    """What the page shows, whenever it changes, as server-sent events."""
    evening, live = await _open_evening(request), live_of(request)
    live.refuse_too_many()
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(live, evening.id), media_type=STREAM, headers=headers)


@only(*AT_THE_EVENING)
async def visitors(request: Request) -> Response:
    """Who is expected in one sitting, by name: whole, for it is printed."""
    evening = await _open_evening(request)
    slot = next((each for each in evening.slots if each.key == request.path_params["key"]), None)
    if slot is None:
        raise NotFound("This open evening has no such sitting.")
    expected = select(Registration).where(Registration.slot_id == slot.id, Registration.status.in_(rules.PLACED))
    async with site_of(request).database.reading() as session:
        found = (await session.scalars(expected.order_by(Registration.name, Registration.id))).all()
    closes = lists.close_at(evening, site_of(request).settings.zone)
    return await render(request, "console/visitors.html", evening=evening, slot=slot, visitors=found, closes_at=closes)


@only(*AT_THE_EVENING)
async def roll_call(request: Request) -> Response:
    """Who has been checked in, of all sittings."""
    evening = await _open_evening(request)
    inside = select(Registration).where(Registration.open_evening_id == evening.id, Registration.status == "attended")
    async with site_of(request).database.reading() as session:
        ordered = inside.order_by(Registration.name, Registration.id).options(joinedload(Registration.slot))
        found = (await session.scalars(ordered)).all()
        walked = sum((await walk_ins(session, evening)).values())
    people = sum(each.party for each in found)
    return await render(
        request,
        "console/roll_call.html",
        evening=evening,
        visitors=found,
        people=people,
        walk_ins=walked,
        closes_at=lists.close_at(evening, site_of(request).settings.zone),
    )


def live_of(request: Request) -> Live:
    """Who looks at the database for all who watch."""
    live: Live = request.app.state.live
    return live


async def figures(site: Site, evening_id: int) -> str | None:
    """The part of tonight's page that changes, the same for all who may see it; None where the evening is gone."""
    async with site.database.reading() as session:
        evening = await session.get(OpenEvening, evening_id)
        if evening is None:
            return None
        picture = await picture_of(session, evening, site.settings.zone)
    template, closed = site.templates.get_template("console/figures.html"), _why_closed(site, evening)
    return template.render(picture=picture, evening=evening, closed=closed)


async def _open_evening(request: Request) -> OpenEvening:
    """The evening of the request's address. Raises NotFound, ListsClosed."""
    site, evening = site_of(request), await asked_evening(request)
    lists.refuse_if_closed(evening, site.clock(), site.settings.zone)
    return evening


def _why_closed(site: Site, evening: OpenEvening) -> str | None:
    return lists.why_closed(evening, site.clock(), site.settings.zone)


async def _stream(live: Live, evening_id: int) -> AsyncIterator[str]:
    yield RECONNECT
    async with aclosing(live.follow(evening_id)) as stream:
        async for shown in stream:
            yield BEAT if shown is None else "".join(f"data: {line}\n" for line in shown.splitlines()) + "\n"


HERE = "/console/evenings/{slug}/tonight"
routes = [
    Route(HERE, tonight),
    Route(f"{HERE}/events", events),
    Route(f"{HERE}/visitors/{{key}}", visitors),
    Route(f"{HERE}/roll-call", roll_call),
]
