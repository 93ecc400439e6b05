"""What a changed evening means for people: whose calendar, place or dates it touches, and that they hear of it.

Whoever changes an evening calls ``remember`` before and ``tell`` after, in one transaction under the evening's lock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import facts, rules
from engage.events.evenings import closings
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations import booking
from engage.journal import Fact, append_all

NEXT_SEQUENCE = func.coalesce(Registration.sequence + 1, 0).label("next_sequence")
CALLED_OFF = rules.LIVE - {"attended"} | {"subscribed"}


@dataclass(frozen=True, slots=True)
class Before:
    """An evening as people knew it; sittings and vacancies by their ids."""

    status: str
    place: tuple[str | None, ...]
    times: dict[int, tuple[datetime, datetime]]
    capacities: dict[int, int]
    closings: dict[int, datetime]


def remember(evening: OpenEvening) -> Before:
    """The evening as it is now; its vacancies have to be loaded."""
    return Before(
        status=evening.status,
        place=_place(evening),
        times={slot.id: _times(slot) for slot in evening.slots},
        capacities={slot.id: slot.capacity for slot in evening.slots},
        closings={vacancy.id: vacancy.closes_at for vacancy in evening.vacancies},
    )


async def tell(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime, actor: str) -> set[int]:
    """Write the facts of what changed since; the ids of the registrations that will hear of it.

    A draft tells nobody. Calling an evening off cancels its registrations; one that is not over by then, that is.
    """
    told: set[int] = set()
    if evening.status == "draft":
        return told
    if evening.status == "published":
        told |= await _move(session, evening, before, now, actor)
        told |= await _offer(session, evening, before, now)
    elif before.status != "cancelled":
        told |= await _call_off(session, evening, before, now, actor)
    return told | await closings.tell_moved(session, evening, before.closings, now, actor)


def _place(evening: OpenEvening) -> tuple[str | None, ...]:
    return evening.venue, evening.address, evening.joining_url


def _times(slot: Slot) -> tuple[datetime, datetime]:
    return slot.starts_at, slot.ends_at


def moved_sittings(evening: OpenEvening, before: Before, now: datetime) -> dict[int, Slot]:
    """The sittings, not over yet, whose time or place is another one now, by their ids."""
    has_place_moved = _place(evening) != before.place
    return {
        number: slot
        for number, slot in sittings_ahead(evening, before, now).items()
        if has_place_moved or _times(slot) != before.times[number]
    }


def sittings_ahead(evening: OpenEvening, before: Before, now: datetime) -> dict[int, Slot]:
    """The sittings that people know of and that were not over, by their ids."""
    return {slot.id: slot for slot in evening.slots if slot.id in before.times and before.times[slot.id][1] > now}


def placed_in(slot_ids: Collection[int]) -> Select[Registration]:
    """Who has a place in one of the sittings."""
    return select(Registration).where(Registration.slot_id.in_(slot_ids), Registration.status == "confirmed")


def queued_for(slot_ids: Collection[int]) -> Select[QueueEntry]:
    """Who waits or has a wish for one of the sittings."""
    return select(QueueEntry).where(QueueEntry.slot_id.in_(slot_ids))


def expected_at(evening: OpenEvening, slot_ids: Collection[int]) -> Select[Registration]:
    """Who is expected at one of the sittings, hopes to come, or wants to hear of the evening."""
    return (
        select(Registration)
        .where(Registration.open_evening_id == evening.id, Registration.status.in_(CALLED_OFF))
        .where(or_(Registration.slot_id.in_(slot_ids), Registration.slot_id.is_(None)))
    )


async def _move(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime, actor: str) -> set[int]:
    moved = moved_sittings(evening, before, now)
    if not moved:
        return set()
    placed = await _tell_placed(session, moved, before, now, actor)
    return placed | await _tell_queued(session, moved, now, actor)


async def _tell_placed(
    session: AsyncSession, moved: dict[int, Slot], before: Before, now: datetime, actor: str
) -> set[int]:
    placed = placed_in(moved)
    retimed = [number for number, slot in moved.items() if _times(slot) != before.times[number]]
    await _write(session, placed_in(retimed), asked_at=None)  # they were asked about another time
    declined = placed.where(Registration.declined_until.is_not(None))
    await _write(session, declined, attendance=None, declined_until=None)  # they declined what it was before
    await _write(session, placed, sequence=NEXT_SEQUENCE)
    columns = (Registration.id, Registration.slot_id, Registration.sequence)
    rows = (await session.execute(placed.with_only_columns(*columns).order_by(Registration.id))).all()
    await append_all(session, [(_moved(row, moved), now) for row in rows], actor)
    return {row.id for row in rows}


def _moved(row: Any, moved: dict[int, Slot]) -> facts.EveningMoved:
    slot = moved[row.slot_id]
    return facts.EveningMoved(
        registration_id=row.id,
        slot_id=slot.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        sequence=row.sequence,
    )


async def _write(session: AsyncSession, chosen: Select[Registration], **values: Any) -> None:
    """Change all that are chosen by one statement, however many they are; what the session has loaded follows."""
    is_chosen = Registration.id.in_(chosen.with_only_columns(Registration.id))
    written = update(Registration).where(is_chosen).values(**values)
    await session.execute(written, execution_options={"synchronize_session": "fetch"})


async def _tell_queued(session: AsyncSession, moved: dict[int, Slot], now: datetime, actor: str) -> set[int]:
    """Tell those in the queue and those with a wish; an offer does not outlast the new start."""
    entries = (await session.scalars(queued_for(moved).order_by(QueueEntry.registration_id))).all()
    happened: list[tuple[Fact, datetime]] = []
    for entry in entries:
        slot = moved[entry.slot_id]
        if entry.offer_expires_at is not None:
            entry.offer_expires_at = min(entry.offer_expires_at, slot.starts_at - rules.LAST_HOLD_BEFORE_START)
        fact = facts.QueuedEveningMoved(
            registration_id=entry.registration_id, slot_id=slot.id, starts_at=slot.starts_at, ends_at=slot.ends_at
        )
        happened.append((fact, now))
    await append_all(session, happened, actor)
    return {entry.registration_id for entry in entries}


async def _offer(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime) -> set[int]:
    """Offer what a larger sitting has more; whom it is offered to."""
    larger = [slot for slot in evening.slots if slot.capacity > before.capacities.get(slot.id, slot.capacity)]
    if not larger:
        return set()
    offered = select(QueueEntry.registration_id).where(
        QueueEntry.slot_id.in_([slot.id for slot in larger]), QueueEntry.offer_expires_at.is_not(None)
    )
    already = set(await session.scalars(offered))
    for slot in larger:
        await booking.offer_freed(session, evening, slot, now)
    return set(await session.scalars(offered)) - already


async def _call_off(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime, actor: str) -> set[int]:
    """Cancel whoever is still expected or hopes to come, and empty the sittings to come."""
    ahead = sittings_ahead(evening, before, now)
    expected = expected_at(evening, ahead)
    columns = (Registration.id, Registration.slot_id, Registration.status, NEXT_SEQUENCE, Registration.has_reminders)
    rows = (await session.execute(expected.with_only_columns(*columns).order_by(Registration.id))).all()
    had_place = expected.where(Registration.status == "confirmed")
    await _write(session, had_place, sequence=NEXT_SEQUENCE)
    await _write(session, expected, status="cancelled")
    await append_all(session, [(_called_off(row, before), now) for row in rows], actor)
    await session.execute(delete(QueueEntry).where(QueueEntry.slot_id.in_(ahead)))
    for slot in ahead.values():
        slot.held = slot.waiting = 0
    return {row.id for row in rows}


def _called_off(row: Any, before: Before) -> facts.EveningCancelled:
    """The times are those that the person knew."""
    starts_at, ends_at = before.times.get(row.slot_id or 0, (None, None))
    return facts.EveningCancelled(
        registration_id=row.id,
        slot_id=row.slot_id,
        starts_at=starts_at,
        ends_at=ends_at,
        sequence=row.next_sequence if row.status == "confirmed" else None,
        has_reminders=row.has_reminders,
    )
