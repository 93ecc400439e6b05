"""One registration in the console: what is known, what happened, and the acts for somebody on the phone."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.errors import EngageError, NotFound
from engage.events import finding
from engage.events.console.asking import ROLES, Received, number_of, received
from engage.events.models import OpenEvening, Registration
from engage.events.registrations import booking, helping
from engage.events.registrations.choosing import STATUSES, status_of
from engage.events.registrations.timeline import for_organiser
from engage.events.views import sittings_of
from engage.journal import acting
from engage.people.actors import actor_of
from engage.web.guarding import me, only
from engage.web.site import render, site_of

GONE = "There is no such registration any more. If you had it open before, it was removed in another window."
HERE = "/console/registrations/{id:int}"
DONE = {
    "added": "They are registered. We are sending them an email.",
    "changed": "Done. We are sending them an email.",
    "cancelled": "The registration is cancelled. We are sending them an email.",
    "linked": "We are sending them an email with the link to their page.",
}
Act = Callable[[AsyncSession, Registration, Received], Awaitable[None]]


@only(*ROLES)
async def registration(request: Request) -> Response:
    return await _page(request, notice=DONE.get(request.query_params.get("done", "")))


@only(*ROLES)
async def changed(request: Request) -> Response:
    async def act(session: AsyncSession, found: Registration, sent: Received) -> None:
        slot, version = sent.fields.get("slot", ""), sent.fields.get("version", "")
        await helping.move(session, found, slot, version, site_of(request).clock())

    return await _act(request, act, "changed")


@only(*ROLES)
async def cancelled(request: Request) -> Response:
    async def act(session: AsyncSession, found: Registration, sent: Received) -> None:
        is_stop, version = sent.fields.get("reminders") == "stop", sent.fields.get("version", "")
        await helping.cancel(session, found, version, site_of(request).clock(), is_stop=is_stop)

    return await _act(request, act, "cancelled")


@only(*ROLES)
async def linked(request: Request) -> Response:
    async def act(session: AsyncSession, found: Registration, sent: Received) -> None:
        site = site_of(request)
        form = site.tokens.fingerprint("link form", sent.fields["csrf_token"])
        await helping.send_link(session, found, form, site.clock())

    return await _act(request, act, "linked")


async def _act(request: Request, act: Act, done: str) -> Response:
    """Under the evening's lock, by whoever is signed in; where it is refused, the page says why."""
    site, sent, number = site_of(request), await received(request), number_of(request, "id")
    if sent.problem is not None:
        return await _page(request, status=403, problem=sent.problem)
    with _said_gone():
        async with site.database.reading() as session:
            evening_id = (await booking.load(session, number)).open_evening_id

    async def command(session: AsyncSession) -> None:
        with acting(await actor_of(session, await me(request))):
            await act(session, await booking.load(session, number), sent)

    try:
        await site.unit_of_work.run(command, locks=[(OpenEvening, evening_id)])
    except EngageError as refused:
        return await _page(request, status=refused.status, problem=str(refused))
    return RedirectResponse(f"/console/registrations/{number}?done={done}", 303)


@contextmanager
def _said_gone() -> Iterator[None]:
    """What the visitor would be told of a link is told of a window."""
    try:
        yield
    except NotFound:
        raise NotFound(GONE) from None


async def _page(
    request: Request, *, status: int = 200, notice: str | None = None, problem: str | None = None
) -> Response:
    site = site_of(request)
    async with site.database.reading() as session:
        with _said_gone():
            found, position = await finding.registration_of(session, number_of(request, "id"))
        lines = await for_organiser(session, found, site.settings.zone)
    return await render(
        request,
        "console/registration.html",
        status=status,
        registration=found,
        evening=found.open_evening,
        position=position,
        standing=status_of(found),
        statuses=STATUSES,
        sittings=[
            each for each in sittings_of(found.open_evening.slots, site.clock()) if each.slot.id != found.slot_id
        ],
        version=helping.version_of(found),
        timeline=lines,
        notice=notice,
        problem=problem,
    )


routes = [
    Route(HERE, registration),
    Route(f"{HERE}/change", changed, methods=["POST"]),
    Route(f"{HERE}/cancel", cancelled, methods=["POST"]),
    Route(f"{HERE}/link", linked, methods=["POST"]),
]
