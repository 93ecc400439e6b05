"""How many people will hear of a change of an evening, and why: counted before it is made."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.evenings import changes, closings
from engage.events.models import Interest, OpenEvening, QueueEntry, Registration


@dataclass(frozen=True, slots=True)
class Audience:
    """``total`` counts each person once; somebody with a place and a wish is in two of the other numbers."""

    total: int
    placed: int = 0
    queued: int = 0
    reminded: int = 0
    others: int = 0


async def audience_of(session: AsyncSession, evening: OpenEvening, before: changes.Before, now: datetime) -> Audience:
    """Whom `changes.tell` will write to of what is different by now; those who are offered a place are not counted."""
    if evening.status == "draft":
        return Audience(0)
    reminded = closings.reminded_of(evening, before.closings, now).with_only_columns(Interest.registration_id)
    if evening.status == "cancelled":
        return await _of_calling_off(session, evening, before, now, reminded)
    moved = changes.moved_sittings(evening, before, now)
    placed = changes.placed_in(moved).with_only_columns(Registration.id)
    queued = changes.queued_for(moved).with_only_columns(QueueEntry.registration_id)
    total, *parts = await _counted(session, placed, queued, reminded)
    return Audience(total, *parts)


async def _of_calling_off(
    session: AsyncSession,
    evening: OpenEvening,
    before: changes.Before,
    now: datetime,
    reminded: Select[int],
) -> Audience:
    if before.status == "cancelled":
        return Audience((await _counted(session, reminded))[0])
    expected = changes.expected_at(evening, changes.sittings_ahead(evening, before, now))
    placed, queued, others = (
        expected.where(Registration.status.in_(statuses)).with_only_columns(Registration.id)
        for statuses in (("confirmed", "attended"), ("waiting", "offered"), ("subscribed",))
    )
    total, *parts = await _counted(session, placed, queued, reminded, others)
    return Audience(total, *parts)


async def _counted(session: AsyncSession, *queries: Select[int]) -> list[int]:
    """How many are in any of them, and in each."""
    everybody = [union(*queries), *queries]
    counts = [select(func.count()).select_from(query.subquery()).scalar_subquery() for query in everybody]
    row = (await session.execute(select(*counts))).one()
    return [*row]
