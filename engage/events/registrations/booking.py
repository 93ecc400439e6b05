"""Places at open evenings. Every function runs as a command under the evening's lock and never commits.

Places are counted on the sitting, turns on the evening; both are decided in the transaction that writes them down. A
freed place is offered in the transaction that frees it, so that no newcomer overtakes.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.errors import NotFound, NotHeld, OfferLapsed, OfferPending
from engage.events import facts, rules
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations.sittings import refuse_if_closed
from engage.journal import append


async def load(session: AsyncSession, registration_id: int) -> Registration:
    """The registration with its evening, sitting, queue entry, interests and needs. Raises NotFound."""
    query = (
        select(Registration)
        .where(Registration.id == registration_id)
        .options(
            joinedload(Registration.open_evening),
            joinedload(Registration.slot),
            joinedload(Registration.entry).joinedload(QueueEntry.slot),
            selectinload(Registration.interests),
            selectinload(Registration.needs),
        )
    )
    registration = (await session.scalars(query)).one_or_none()
    if registration is None:
        raise NotFound("There is no such registration. Use the link in your latest message from us.")
    return registration


async def position(session: AsyncSession, entry: QueueEntry) -> int | None:
    """How many are served before, plus one; None for somebody who holds an offer."""
    if entry.offer_expires_at is not None:
        return None
    before = select(func.count()).where(
        QueueEntry.slot_id == entry.slot_id,
        QueueEntry.offer_expires_at.is_(None),
        QueueEntry.turn < entry.turn,
    )
    return (await session.scalar(before) or 0) + 1


async def seat(
    session: AsyncSession, evening: OpenEvening, registration: Registration, slot: Slot, now: datetime
) -> int | None:
    """Give a place, or else the last position in the queue, to somebody who has neither; the position, if any."""
    registration.slot_id, registration.slot = slot.id, slot
    if rules.has_room(slot.seats_left, slot.waiting, registration.party):
        slot.held += registration.party
        await _confirm(session, registration, slot, now, facts.PlaceConfirmed)
        return None
    registration.status = "waiting"
    return await _queue(session, evening, registration, slot, now)


async def change(session: AsyncSession, registration: Registration, slot: Slot, now: datetime) -> None:
    """Move to another sitting: the new place is held before the old one is freed.

    Where it is full, somebody with a place queues for it as a wish and keeps theirs; somebody without queues anew.
    Raises RegistrationClosed, or OfferPending where an offered place would be lost by it.
    """
    evening = registration.open_evening
    refuse_if_closed(evening, slot, now)
    if registration.status == "attended":
        raise NotHeld("You have been checked in, so your sitting cannot be changed.")
    has_room = rules.has_room(slot.seats_left, slot.waiting, registration.party)
    if slot.id == registration.slot_id and registration.status in rules.LIVE:
        await _drop_wish(session, registration, now)
    elif registration.entry is not None and registration.entry.slot_id == slot.id:
        return
    elif registration.status == "confirmed":
        await (_move if has_room else _wish)(session, registration, slot, now)
    elif registration.status == "offered" and not has_room:
        raise OfferPending(
            "That sitting is full. Take the place offered to you first: then you can queue for the other sitting "
            "without losing it."
        )
    else:
        await leave_queue(session, registration, now)
        await seat(session, evening, registration, slot, now)


async def take(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """Take the place that is offered. Raises OfferLapsed where there is none (any more)."""
    entry = registration.entry
    if entry is None or entry.offer_expires_at is None or entry.offer_expires_at <= now:
        raise OfferLapsed("No place is held for you at the moment: an offer lapses when its time is over.")
    old, new = registration.slot, entry.slot
    is_wish = registration.status == "confirmed"
    await _remove(session, registration)
    registration.slot_id, registration.slot = new.id, new
    await _confirm(session, registration, new, now, facts.PlaceChanged if is_wish else facts.PlaceConfirmed)
    if is_wish and old is not None:
        await _free(session, registration.open_evening, old, registration.party, now)


async def cancel(
    session: AsyncSession, registration: Registration, now: datetime, *, is_stop: bool, is_told: bool = True
) -> None:
    """Give up place, queue and all; reminders of closing dates go on unless ``is_stop``. Cancelling twice is once."""
    if registration.status == "cancelled":
        registration.has_reminders = registration.has_reminders and not is_stop
        return
    if registration.status == "attended":
        raise NotHeld("You have been checked in, so there is nothing left to cancel.")
    slot, was_confirmed = registration.slot, registration.status == "confirmed"
    await leave_queue(session, registration, now)
    registration.status = "cancelled"
    registration.has_reminders = registration.has_reminders and not is_stop
    fact = facts.RegistrationCancelled if is_told else facts.AddressFailed
    await append(
        session,
        fact(
            registration_id=registration.id,
            slot_id=slot.id if slot else None,
            starts_at=slot.starts_at if slot else None,
            ends_at=slot.ends_at if slot else None,
            sequence=next_sequence(registration) if was_confirmed else None,
            has_reminders=registration.has_reminders,
        ),
        now,
    )
    if was_confirmed and slot is not None:
        await _free(session, registration.open_evening, slot, registration.party, now)


async def lapse(session: AsyncSession, registration: Registration, now: datetime) -> bool:
    """Pass on an offer whose time is over; whether there was one."""
    entry = registration.entry
    if entry is None or entry.offer_expires_at is None or entry.offer_expires_at > now:
        return False
    slot, is_wish = entry.slot, registration.status == "confirmed"
    await _remove(session, registration)
    if not is_wish:
        registration.status = "lapsed"
    await append(session, facts.OfferLapsed(registration_id=registration.id, slot_id=slot.id, is_wish=is_wish), now)
    await _free(session, registration.open_evening, slot, registration.party, now)
    return True


async def resize(session: AsyncSession, registration: Registration, party: int, now: datetime) -> None:
    """Bring a companion or come alone. Raises NotHeld where the sitting has no place for the companion."""
    more = party - registration.party
    entry = registration.entry
    holding = _slots_held(registration)
    if more > 0 and not all(rules.has_room(slot.seats_left, slot.waiting, more) for slot in holding):
        raise NotHeld("The sitting has no free place for a companion. Your own place is unchanged.")
    registration.party = party
    for slot in holding:
        slot.held += more
    if more < 0:
        for slot in {*holding, *([entry.slot] if entry else [])}:
            await offer_freed(session, registration.open_evening, slot, now)


async def offer_freed(session: AsyncSession, evening: OpenEvening, slot: Slot, now: datetime) -> None:
    """Offer what is free in the sitting to whoever is next, and hold it for them."""
    if evening.status != "published":
        return
    while (expires_at := rules.offer_expires_at(now, slot.starts_at)) and slot.waiting:
        entry = await _first_in_line(session, slot)
        if entry is None or rules.next_in_line([entry], slot.seats_left) is None:
            return
        slot.held += entry.party
        slot.waiting -= 1
        entry.offer_expires_at = expires_at
        is_wish = entry.registration.status == "confirmed"
        if not is_wish:
            entry.registration.status = "offered"
        offer = facts.PlaceOffered(
            registration_id=entry.registration_id, slot_id=slot.id, expires_at=expires_at, is_wish=is_wish
        )
        await append(session, offer, now, actor="system")


def next_sequence(registration: Registration) -> int:
    """The SEQUENCE of the next calendar message, counted on the registration."""
    registration.sequence = 0 if registration.sequence is None else registration.sequence + 1
    return registration.sequence


def _slots_held(registration: Registration) -> list[Slot]:
    """The sittings in which places are given to, or held for, the registration."""
    held = [registration.slot] if registration.status == "confirmed" and registration.slot else []
    if registration.entry is not None and registration.entry.offer_expires_at is not None:
        held.append(registration.entry.slot)
    return held


async def _confirm(
    session: AsyncSession, registration: Registration, slot: Slot, now: datetime, fact: type[facts.PlaceFact]
) -> None:
    registration.status = "confirmed"
    registration.attendance = registration.asked_at = registration.declined_until = None
    sequence = next_sequence(registration)
    await append(
        session,
        fact(
            registration_id=registration.id,
            slot_id=slot.id,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            sequence=sequence,
        ),
        now,
    )


async def _queue(
    session: AsyncSession, evening: OpenEvening, registration: Registration, slot: Slot, now: datetime
) -> int:
    evening.last_turn += 1
    slot.waiting += 1
    registration.entry = QueueEntry(slot_id=slot.id, slot=slot, turn=evening.last_turn)
    is_wish = registration.status == "confirmed"
    joined = facts.QueueJoined(registration_id=registration.id, slot_id=slot.id, position=slot.waiting, is_wish=is_wish)
    await append(session, joined, now)
    return slot.waiting


async def _move(session: AsyncSession, registration: Registration, slot: Slot, now: datetime) -> None:
    old = registration.slot
    slot.held += registration.party
    await _drop_wish(session, registration, now)
    registration.slot_id, registration.slot = slot.id, slot
    await _confirm(session, registration, slot, now, facts.PlaceChanged)
    if old is not None:
        await _free(session, registration.open_evening, old, registration.party, now)


async def _wish(session: AsyncSession, registration: Registration, slot: Slot, now: datetime) -> None:
    await _drop_wish(session, registration, now)
    await _queue(session, registration.open_evening, registration, slot, now)


async def _drop_wish(session: AsyncSession, registration: Registration, now: datetime) -> None:
    if registration.status == "confirmed":
        await leave_queue(session, registration, now)


async def leave_queue(session: AsyncSession, registration: Registration, now: datetime) -> None:
    """Leave the line; what was held, or what the next in line was too many for, is offered on."""
    entry = registration.entry
    if entry is None:
        return
    slot, was_offered = entry.slot, entry.offer_expires_at is not None
    await _remove(session, registration)
    if was_offered:
        await _free(session, registration.open_evening, slot, registration.party, now)
    else:
        slot.waiting -= 1
        await offer_freed(session, registration.open_evening, slot, now)


async def _remove(session: AsyncSession, registration: Registration) -> None:
    registration.entry = None  # an orphan is deleted
    await session.flush()


async def _free(session: AsyncSession, evening: OpenEvening, slot: Slot, places: int, now: datetime) -> None:
    slot.held -= places
    await offer_freed(session, evening, slot, now)


async def _first_in_line(session: AsyncSession, slot: Slot) -> QueueEntry | None:
    first = (
        select(QueueEntry)
        .where(QueueEntry.slot_id == slot.id, QueueEntry.offer_expires_at.is_(None))
        .order_by(QueueEntry.turn)
        .limit(1)
        .options(joinedload(QueueEntry.registration))
    )
    return (await session.scalars(first)).one_or_none()
