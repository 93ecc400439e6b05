"""Finding open evenings and registrations for pages, to read only."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.errors import NotFound
from engage.events.models import AskedQuestion, Interest, OpenEvening, Registration, Slot
from engage.events.registrations import booking


async def evening_of(session: AsyncSession, slug: str) -> OpenEvening:
    """The evening with its sittings and vacancies; a draft does not exist outside. Raises NotFound."""
    query = (
        select(OpenEvening)
        .where(OpenEvening.slug == slug, OpenEvening.status != "draft")
        .options(selectinload(OpenEvening.vacancies))
    )
    evening = (await session.scalars(query)).one_or_none()
    if evening is None:
        raise NotFound("There is no such open evening. See the list of open evenings.")
    return evening


async def slots_of(session: AsyncSession, evening_id: int) -> Sequence[Slot]:
    """The evening's sittings, in order of time."""
    query = select(Slot).where(Slot.open_evening_id == evening_id).order_by(Slot.starts_at, Slot.id)
    return (await session.scalars(query)).all()


async def answered_questions(session: AsyncSession, evening: OpenEvening) -> list[AskedQuestion]:
    """The published questions with their answers, in the order in which they were asked."""
    query = (
        select(AskedQuestion)
        .where(AskedQuestion.open_evening_id == evening.id, AskedQuestion.status == "published")
        .order_by(AskedQuestion.id)
    )
    return list(await session.scalars(query))


async def registration_of(session: AsyncSession, registration_id: int | None) -> tuple[Registration, int | None]:
    """The registration, loaded whole, and its position in the queue that it stands in. Raises NotFound."""
    registration = await booking.load(session, registration_id or 0)
    await session.refresh(registration.open_evening, ["vacancies"])
    interests = (
        select(Interest).where(Interest.registration_id == registration.id).options(joinedload(Interest.vacancy))
    )
    await session.scalars(interests.execution_options(populate_existing=True))
    position = await booking.position(session, registration.entry) if registration.entry else None
    return registration, position


async def registration_id_by_email(session: AsyncSession, evening: OpenEvening, email: str) -> int | None:
    """Whose address it is at this evening, if anybody's."""
    query = select(Registration.id).where(
        Registration.open_evening_id == evening.id, Registration.email_key == email.lower()
    )
    return (await session.scalars(query)).one_or_none()
