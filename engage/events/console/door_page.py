"""What the acts at a door share: the evening, what the form says of the door, and the page that shows the verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from engage.errors import NotFound
from engage.events.console import verdicts
from engage.events.console.asking import evening_of, under_lock
from engage.events.console.verdicts import Verdict
from engage.events.doors import admissions, attendance, lists
from engage.events.doors.attendance import Outcome, Told
from engage.events.evenings.editing import Editor
from engage.events.models import Admission, OpenEvening, Registration, Slot
from engage.events.picture import Figures, picture_of
from engage.web.site import render, site_of, wants_json

DOORS = "/console/doors"
MOST_DOORS = 99
CAMERA = "camera=(self), geolocation=(), microphone=()"


@dataclass(frozen=True, slots=True)
class Seen:
    """How it stands at the doors; ``verdict`` is that of the act which led to the page."""

    sittings: list[Figures]
    recent: Sequence[Admission]
    used_twice: list[list[Admission]]
    verdict: Verdict | None


async def door_evening(request: Request) -> OpenEvening:
    """The evening of the request's address, which has to be out. Raises NotFound."""
    async with site_of(request).database.reading() as session:
        evening = await evening_of(session, request.path_params["slug"])
    if evening.status == "draft":
        raise NotFound("This open evening is a draft: nobody can come to it yet.")
    return evening


def door_of(fields: Mapping[str, str]) -> int:
    """The number of the door, 1 where the form names none."""
    given = fields.get("door", "").strip()
    is_number = given.isascii() and given.isdecimal() and len(given) < 3
    return min(max(int(given), 1), MOST_DOORS) if is_number else 1


def slot_of(evening: OpenEvening, fields: Mapping[str, str]) -> Slot | None:
    """The sitting that is let in now; None for any."""
    return next((each for each in evening.slots if each.key == fields.get("sitting")), None)


def key_of(given: object) -> str | None:
    """An admission's key as it was made by chance, None for anything else."""
    try:
        return str(UUID(str(given)))
    except ValueError:
        return None


async def tell(request: Request, evening: OpenEvening, told: Sequence[Told]) -> list[Outcome]:
    """What becomes of each, committed."""

    async def act(session: AsyncSession, evening: OpenEvening, editor: Editor) -> list[Outcome]:
        return await attendance.tell(session, evening, told, editor.now, editor.actor)

    return await under_lock(request, evening.id, act)


async def act(request: Request, evening: OpenEvening, fields: Mapping[str, str], **told: Any) -> Outcome:
    """One act of the form; its key came with the page, so that a second click does nothing anew."""
    key, now = key_of(fields.get("key")) or str(uuid4()), site_of(request).clock()
    (outcome,) = await tell(request, evening, [Told(key=key, at=now, door=door_of(fields), **told)])
    return outcome


def done(request: Request, evening: OpenEvening, key: str, fields: Mapping[str, str]) -> Response:
    """To the page that shows what was done."""
    sitting = slot_of(evening, fields)
    kept = f"door={door_of(fields)}&sitting={sitting.key if sitting else ''}"
    return RedirectResponse(f"{DOORS}/{evening.slug}?{kept}&done={key}", 303)


def why_closed(request: Request, evening: OpenEvening) -> str | None:
    """Why the door tells no names any more, None while it does."""
    site = site_of(request)
    return lists.why_closed(evening, site.clock(), site.settings.zone)


async def show(
    request: Request,
    evening: OpenEvening,
    fields: Mapping[str, str],
    verdict: Verdict | None = None,
    *,
    problem: str | None = None,
    status: int = 200,
    found: Sequence[Registration] | None = None,
) -> Response:
    """The door's page, or its verdict for a script; ``plain`` asks for it without names, for devices to keep."""
    closed = why_closed(request, evening)
    seen = await _look(request, evening, fields, is_nameless=closed is not None or "plain" in request.query_params)
    verdict = verdict or seen.verdict
    status = verdict.status if verdict else status
    if wants_json(request):
        said = {"title": verdict.title, "words": verdict.words} if verdict else {"title": "", "words": problem or ""}
        return JSONResponse(said, status, {"cache-control": "no-store"})
    response = await render(
        request,
        "console/doors/door.html",
        status=status,
        evening=evening,
        seen=seen,
        slot=slot_of(evening, fields),
        door=door_of(fields),
        typed=fields.get("ticket", ""),
        key=uuid4(),
        verdict=verdict,
        problem=problem,
        closed=closed,
        found=found,
        most_found=admissions.MOST_FOUND,
        who=verdicts.who,
    )
    response.headers["permissions-policy"] = CAMERA
    return response


async def _look(request: Request, evening: OpenEvening, fields: Mapping[str, str], *, is_nameless: bool) -> Seen:
    site = site_of(request)
    key = None if is_nameless else key_of(fields.get("done"))
    async with site.database.reading() as session:
        sittings = (await picture_of(session, evening, site.settings.zone)).sittings
        admission = await _admission(session, evening, key) if key else None
        recent = [] if is_nameless else await admissions.recent(session, evening)
        used_twice = [] if is_nameless else await admissions.used_twice(session, evening)
    verdict = verdicts.of_admission(admission, sittings, site.settings.zone) if admission else None
    return Seen(sittings, recent, used_twice, verdict)


async def _admission(session: AsyncSession, evening: OpenEvening, key: str) -> Admission | None:
    query = select(Admission).where(Admission.key == key, Admission.open_evening_id == evening.id)
    return (await session.scalars(query.options(*admissions.with_people()))).one_or_none()
