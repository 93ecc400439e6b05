"""What a changed evening means for people: whose calendar, place or dates it touches, and that they hear of it.

Whoever changes an evening calls ``remember`` before and ``tell`` after, in one transaction under the evening's lock.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import booking, closings, facts, rules
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.journal import append

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


def _is_over(slot_id: int, before: Before, now: datetime) -> bool:
    return before.times[slot_id][1] <= now


async def _move(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime, actor: str) -> set[int]:
    has_place_moved = _place(evening) != before.place
    moved = {
        slot.id: slot
        for slot in evening.slots
        if slot.id in before.times
        and not _is_over(slot.id, before, now)
        and (has_place_moved or _times(slot) != before.times[slot.id])
    }
    placed = await _tell_placed(session, moved, before, now, actor)
    return placed | await _tell_queued(session, moved, now, actor)


async def _tell_placed(
    session: AsyncSession, moved: dict[int, Slot], before: Before, now: datetime, actor: str
) -> set[int]:
    query = select(Registration).where(Registration.slot_id.in_(moved), Registration.status == "confirmed")
    registrations = (await session.scalars(query.order_by(Registration.id))).all()
    for registration in registrations:
        slot = moved[registration.slot_id or 0]
        if _times(slot) != before.times[slot.id]:
            registration.asked_at = None  # they were asked about another time
        if registration.declined_until is not None:
            registration.attendance = registration.declined_until = None  # they declined what it was before
        fact = facts.EveningMoved(
            registration_id=registration.id,
            slot_id=slot.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            sequence=booking.next_sequence(registration),
        )
        await append(session, fact, now, actor)
    return {registration.id for registration in registrations}


async def _tell_queued(session: AsyncSession, moved: dict[int, Slot], now: datetime, actor: str) -> set[int]:
    """Tell those in the queue and those with a wish; an offer does not outlast the new start."""
    query = select(QueueEntry).where(QueueEntry.slot_id.in_(moved)).order_by(QueueEntry.registration_id)
    entries = (await session.scalars(query)).all()
    for entry in entries:
        slot = moved[entry.slot_id]
        if entry.offer_expires_at is not None:
            entry.offer_expires_at = min(entry.offer_expires_at, slot.starts_at - rules.LAST_HOLD_BEFORE_START)
        fact = facts.QueuedEveningMoved(
            registration_id=entry.registration_id, slot_id=slot.id, starts_at=slot.starts_at, ends_at=slot.ends_at
        )
        await append(session, fact, now, actor)
    return {entry.registration_id for entry in entries}


async def _offer(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime) -> set[int]:
    """Offer what a larger sitting has more; whom it is offered to."""
    larger = [slot for slot in evening.slots if slot.capacity > before.capacities.get(slot.id, slot.capacity)]
    offered = select(QueueEntry.registration_id).where(
        QueueEntry.slot_id.in_([slot.id for slot in larger]), QueueEntry.offer_expires_at.is_not(None)
    )
    already = set(await session.scalars(offered))
    for slot in larger:
        await booking.offer_freed(session, evening, slot, now)
    return set(await session.scalars(offered)) - already


async def _call_off(session: AsyncSession, evening: OpenEvening, before: Before, now: datetime, actor: str) -> set[int]:
    """Cancel whoever is still expected or hopes to come, and empty the sittings to come."""
    ahead = {slot.id: slot for slot in evening.slots if slot.id in before.times and not _is_over(slot.id, before, now)}
    query = (
        select(Registration)
        .where(Registration.open_evening_id == evening.id, Registration.status.in_(CALLED_OFF))
        .where(or_(Registration.slot_id.in_(ahead), Registration.slot_id.is_(None)))
        .order_by(Registration.id)
    )
    registrations = (await session.scalars(query)).all()
    for registration in registrations:
        await append(session, _called_off(registration, before), now, actor)
        registration.status = "cancelled"
    await session.execute(delete(QueueEntry).where(QueueEntry.slot_id.in_(ahead)))
    for slot in ahead.values():
        slot.held = slot.waiting = 0
    return {registration.id for registration in registrations}


def _called_off(registration: Registration, before: Before) -> facts.EveningCancelled:
    """The times are those that the person knew."""
    starts_at, ends_at = before.times.get(registration.slot_id or 0, (None, None))
    return facts.EveningCancelled(
        registration_id=registration.id,
        slot_id=registration.slot_id,
        starts_at=starts_at,
        ends_at=ends_at,
        sequence=booking.next_sequence(registration) if registration.status == "confirmed" else None,
        has_reminders=registration.has_reminders,
    )
