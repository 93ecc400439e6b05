"""Where people wait, places that nobody confirmed are offered on: from a day before until offers end.

Claimed by the evening's lock, so that any number of workers release a place once.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from engage.apart import each_apart
from engage.events import facts, rules
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations import booking
from engage.events.registrations.sittings import slot_of
from engage.events.timetable import furthest, timetable_of
from engage.journal import append
from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

SAID_THEY_COME = ("yes", "accepted")
ASKED = "ComingAsked"  # the kind of the message that asks


async def release_due(database: Database, unit_of_work: UnitOfWork, zone: ZoneInfo, now: datetime) -> int:
    """Take back what the queues need and nobody confirmed; the number of places' registrations released."""
    query = (
        select(OpenEvening, Slot)
        .join(Slot)
        .where(OpenEvening.status == "published", Slot.waiting > 0)
        .where(Slot.starts_at > now, Slot.starts_at <= now + furthest("release_hours_before"))
        .where(select(Registration.id).where(_is_unconfirmed(Slot.id)).exists())
        .order_by(Slot.starts_at, Slot.id)
    )
    async with database.reading() as session:
        found = [(evening, slot) for evening, slot in await session.execute(query) if _is_due(evening, slot, zone, now)]

    async def act(one: tuple[OpenEvening, Slot]) -> int:
        evening, slot = one
        command = partial(_release_if_due, evening_id=evening.id, slot_id=slot.id, zone=zone, now=now)
        return await unit_of_work.run(command, locks=[(OpenEvening, evening.id)])

    return await each_apart(found, act)


async def release(session: AsyncSession, evening: OpenEvening, slot: Slot, now: datetime) -> int:
    """Under the evening's lock: release as many unconfirmed places as the sitting's queue needs, and offer them.

    Those who registered last go first. Places that are declined come free by themselves.
    """
    held = select(Registration).where(Registration.slot_id == slot.id, Registration.status == "confirmed")
    declined = await session.scalars(held.where(Registration.declined_until.is_not(None)))
    unconfirmed = await session.scalars(
        select(Registration)
        .where(_is_unconfirmed(slot.id))
        .order_by(Registration.created_at.desc(), Registration.id.desc())
        .options(joinedload(Registration.entry))
    )
    free = slot.seats_left + sum(registration.party for registration in declined)
    chosen = rules.whom_to_release(await _line(session, slot), unconfirmed.all(), free)
    for registration in chosen:
        await _take_back(session, registration, slot, now)
    await booking.offer_freed(session, evening, slot, now)
    return len(chosen)


async def _release_if_due(session: AsyncSession, evening_id: int, slot_id: int, zone: ZoneInfo, now: datetime) -> int:
    evening = await session.get_one(OpenEvening, evening_id)
    slot = slot_of(evening, slot_id)
    return await release(session, evening, slot, now) if _is_due(evening, slot, zone, now) else 0


def _is_due(evening: OpenEvening, slot: Slot, zone: ZoneInfo, now: datetime) -> bool:
    """Whether places are released, and can be offered still."""
    begins_at = timetable_of(evening.timing, zone).release_at(slot.starts_at)
    is_open = evening.status == "published" and rules.offer_expires_at(now, slot.starts_at) is not None
    return is_open and begins_at <= now


def _is_unconfirmed(slot_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whose place in the sitting may be released: they were asked, and neither said yes nor declined.

    Whoever took their place after the asking was not asked, and has no ``asked_at``: taking it was saying yes. Nor was
    anybody whose message the relay has not taken.
    """
    was_sent = select(OutboxMessage.id).where(
        OutboxMessage.stream == facts.STREAM + cast(Registration.id, String),
        OutboxMessage.kind == ASKED,
        OutboxMessage.state == "sent",
        OutboxMessage.created_at >= Registration.asked_at,
    )
    return and_(
        was_sent.exists(),
        Registration.slot_id == slot_id,
        Registration.status == "confirmed",
        Registration.declined_until.is_(None),
        or_(Registration.attendance.is_(None), Registration.attendance.not_in(SAID_THEY_COME)),
    )


async def _line(session: AsyncSession, slot: Slot) -> Sequence[QueueEntry]:
    waiting = select(QueueEntry).where(QueueEntry.slot_id == slot.id, QueueEntry.offer_expires_at.is_(None))
    return (await session.scalars(waiting.options(joinedload(QueueEntry.registration)))).all()


async def _take_back(session: AsyncSession, registration: Registration, slot: Slot, now: datetime) -> None:
    """Free the place; whoever would rather have another sitting keeps their turn, or what is offered to them, there."""
    entry = registration.entry
    registration.status = "lapsed" if entry is None else "offered" if entry.offer_expires_at else "waiting"
    registration.slot_id = slot.id if entry is None else entry.slot_id
    registration.attendance = registration.asked_at = None
    slot.held -= registration.party
    fact = facts.PlaceReleased(
        registration_id=registration.id,
        slot_id=slot.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        sequence=booking.next_sequence(registration),
        is_queued=entry is not None,
    )
    await append(session, fact, now, actor="system")
