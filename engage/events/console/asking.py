"""What every page of the console that is about evenings shares: finding the evening, acting under its lock, forms."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from starlette.requests import Request

from engage.errors import FormStale, NotFound
from engage.events.evenings import editing
from engage.events.evenings.editing import Editor
from engage.events.models import OpenEvening
from engage.people.actors import actor_of
from engage.web.guarding import me
from engage.web.site import posted, posted_openly, site_of

ROLES = ("organiser", "admin")
LARGEST_NUMBER = 2**63
Answer = TypeVar("Answer")
Act = Callable[[AsyncSession, OpenEvening, Editor], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Received:
    """The texts of a posted form; ``problem`` says why it cannot be taken yet, with its status."""

    fields: Mapping[str, str]
    problem: str | None


async def received(request: Request) -> Received:
    """What was posted; with a stale token it is kept, and a problem."""
    try:
        sent, problem = await posted(request), None
    except FormStale as stale:
        sent, problem = await posted_openly(request), str(stale)
    return Received({name: value for name, value in sent.multi_items() if isinstance(value, str)}, problem)


async def evening_of(session: AsyncSession, slug: str) -> OpenEvening:
    """The evening with its sittings and posts, drafts too. Raises NotFound."""
    query = select(OpenEvening).where(OpenEvening.slug == slug).options(selectinload(OpenEvening.vacancies))
    evening = (await session.scalars(query)).one_or_none()
    if evening is None:
        raise NotFound("There is no such open evening. If you had it open before, it was deleted in another window.")
    return evening


def number_of(request: Request, name: str) -> int:
    """The number in the request's address; 0, which nothing has, for one that no database takes."""
    number: int = request.path_params[name]
    return number if number < LARGEST_NUMBER else 0


async def asked_evening(request: Request) -> OpenEvening:
    """The evening of the request's address. Raises NotFound."""
    async with site_of(request).database.reading() as session:
        return await evening_of(session, request.path_params["slug"])


async def editor_of(request: Request, session: AsyncSession) -> Editor:
    """Who is signed in, as the one who edits now."""
    site = site_of(request)
    return Editor(await actor_of(session, await me(request)), site.clock(), site.settings.zone)


async def under_lock(request: Request, evening_id: int, act: Act[Answer]) -> Answer:
    """What the act answers, done under the evening's lock and committed. Raises EveningGone."""

    async def command(session: AsyncSession) -> Answer:
        evening = await editing.under_lock(session, evening_id)
        return await act(session, evening, await editor_of(request, session))

    return await site_of(request).unit_of_work.run(command, locks=[(OpenEvening, evening_id)])
