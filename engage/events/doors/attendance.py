"""Who is let in at the doors. Functions run as commands under the evening's lock and never commit.

Doors work without a network, so what they tell has happened: it is written down, whatever became known meanwhile, and
told twice it is known once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.events import rules
from engage.events.doors.door_facts import CheckedIn, CheckInUndone, WalkedIn, WalkInUndone
from engage.events.models import Admission, OpenEvening, QueueEntry, Registration
from engage.events.registrations import booking
from engage.journal import Fact, append_all

Result = Literal["in", "used", "walk_in", "no_place", "undone", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a door tells: that somebody was let in, a walk-in where no registration is named, or that it was a mistake.

    ``key`` is that of the admission. ``is_done`` where the person is in already and nobody can be asked any more.
    """

    key: str
    at: datetime
    door: int
    registration_id: int | None = None
    slot_id: int | None = None
    is_undoing: bool = False
    is_done: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it, and the admission that says so: with "used" the one by which the ticket was used before."""

    key: str
    result: Result
    admission: Admission | None = None


@dataclass(slots=True)
class _Desk:
    """What is known of those whom a door tells about."""

    evening: OpenEvening
    now: datetime
    registrations: dict[int, Registration]
    known: dict[str, Admission]
    standing: dict[int, list[Admission]] = field(default_factory=lambda: defaultdict(list))
    happened: list[tuple[Fact, datetime]] = field(default_factory=list)


async def tell(
    session: AsyncSession, evening: OpenEvening, told: Sequence[Told], now: datetime, actor: str
) -> list[Outcome]:
    """What becomes of each, in order; some statements, however many are told."""
    desk = await _desk(session, evening, told, now)
    outcomes = [await _heed(session, desk, each) for each in told]
    await session.flush()
    await append_all(session, desk.happened, actor)
    return outcomes


async def _desk(session: AsyncSession, evening: OpenEvening, told: Sequence[Told], now: datetime) -> _Desk:
    keys = {each.key for each in told}
    known = {each.key: each for each in await session.scalars(select(Admission).where(Admission.key.in_(keys)))}
    of_admissions = {each.registration_id for each in known.values()}
    ids = {each.registration_id for each in told} | of_admissions
    here = select(Registration).where(Registration.id.in_(ids - {None}), Registration.open_evening_id == evening.id)
    loaded = here.options(
        joinedload(Registration.open_evening),
        joinedload(Registration.slot),
        joinedload(Registration.entry).joinedload(QueueEntry.slot),
    )
    desk = _Desk(evening, now, {each.id: each for each in await session.scalars(loaded)}, known)
    stands = select(Admission).where(Admission.registration_id.in_(desk.registrations), Admission.undone_at.is_(None))
    for admission in await session.scalars(stands.order_by(Admission.admitted_at, Admission.id)):
        desk.standing[admission.registration_id or 0].append(admission)
    return desk


async def _heed(session: AsyncSession, desk: _Desk, told: Told) -> Outcome:
    known = desk.known.get(told.key)
    if known is not None and known.open_evening_id != desk.evening.id:
        return Outcome(told.key, "unknown")
    if told.is_undoing:
        return _undo(desk, told, known)
    if known is not None:
        return Outcome(told.key, _result_of(known), known)
    if told.registration_id is None:
        return _walk_in(session, desk, told)
    return await _check_in(session, desk, told)


def _result_of(known: Admission) -> Result:
    if known.undone_at is not None:
        return "undone"
    return "walk_in" if known.registration_id is None else "in"


async def _check_in(session: AsyncSession, desk: _Desk, told: Told) -> Outcome:
    registration = desk.registrations.get(told.registration_id or 0)
    if registration is None or registration.slot_id is None or registration.status not in rules.PLACED:
        return _walk_in(session, desk, told) if told.is_done else Outcome(told.key, "no_place")
    before = desk.standing[registration.id]
    if before and not told.is_done:
        return Outcome(told.key, "used", before[0])
    earlier = before[0] if before else None
    admission = _admit(session, desk, told, registration.slot_id, registration.id)
    if earlier is None and registration.status != "attended":
        await booking.leave_queue(session, registration, desk.now)
        registration.status = "attended"
    fact = CheckedIn(
        registration_id=registration.id, slot_id=registration.slot_id, door=told.door, is_again=earlier is not None
    )
    desk.happened.append((fact, admission.admitted_at))
    before.append(admission)
    return Outcome(told.key, "used", earlier) if earlier else Outcome(told.key, "in", admission)


def _walk_in(session: AsyncSession, desk: _Desk, told: Told) -> Outcome:
    """Never refused: whoever stands at the door decides."""
    slots = {slot.id for slot in desk.evening.slots}
    asked = desk.registrations.get(told.registration_id or 0)
    wanted = told.slot_id or (asked.slot_id if asked else None)
    slot_id = wanted if wanted in slots else desk.evening.slots[0].id if slots else None
    if slot_id is None:
        return Outcome(told.key, "unknown")
    admission = _admit(session, desk, told, slot_id, None)
    fact = WalkedIn(open_evening_id=desk.evening.id, slot_id=slot_id, door=told.door)
    desk.happened.append((fact, admission.admitted_at))
    return Outcome(told.key, "walk_in", admission)


def _admit(session: AsyncSession, desk: _Desk, told: Told, slot_id: int, registration_id: int | None) -> Admission:
    admission = Admission(
        key=told.key,
        open_evening_id=desk.evening.id,
        slot_id=slot_id,
        registration_id=registration_id,
        door=told.door,
        admitted_at=min(told.at, desk.now),  # a device's clock may be ahead
        changed_at=desk.now,
    )
    session.add(admission)
    desk.known[told.key] = admission
    return admission


def _undo(desk: _Desk, told: Told, admission: Admission | None) -> Outcome:
    if admission is None:
        return Outcome(told.key, "unknown")
    if admission.undone_at is not None:
        return Outcome(told.key, "undone", admission)
    admission.undone_at, admission.changed_at = min(told.at, desk.now), desk.now
    registration = desk.registrations.get(admission.registration_id or 0)
    if registration is None:
        walked = WalkInUndone(open_evening_id=desk.evening.id, slot_id=admission.slot_id, door=told.door)
        desk.happened.append((walked, desk.now))
        return Outcome(told.key, "undone", admission)
    left = desk.standing[registration.id]
    left.remove(admission)
    if not left and registration.status == "attended":
        registration.status = "confirmed"
    fact = CheckInUndone(registration_id=registration.id, slot_id=admission.slot_id, door=told.door)
    desk.happened.append((fact, desk.now))
    return Outcome(told.key, "undone", admission)
