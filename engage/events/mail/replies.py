"""What people answer in their calendars: accepted is shown, tentative noted, and declined gives the place up, later.

An answer counts only where the tag in its address, the entry's UID and the attendee all name the registration, and
where it is about what we sent last. Who the mail is from counts for nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.events.facts import AttendanceAnswered, DeclineHeard, registration_id_of
from engage.events.models import OpenEvening, Registration
from engage.events.registrations import booking
from engage.events.registrations.lapsing import AT_ONCE, act_on_due
from engage.journal import JournalEntry, Subscriber, append
from engage.notify.facts import ReplyHeard, proof_of
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Lock
from engage.tokens import Tokens

HELD = timedelta(minutes=30)  # a declined place: a tap on the wrong button is no cancellation
LOOKED_BACK = 50  # replies

log = structlog.get_logger()


class Replies:
    """The journal's subscriber "replies"."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    @property
    def subscriber(self) -> Subscriber:
        return Subscriber(hear=self.hear, locks=self.locks)

    async def locks(self, session: AsyncSession, entry: JournalEntry) -> Sequence[Lock]:
        """The evening, under whose lock places are decided."""
        query = select(Registration.open_evening_id).where(Registration.id == registration_id_of(entry.stream))
        return [(OpenEvening, evening_id) for evening_id in await session.scalars(query)]

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        """Take the answer down, or log without names why it does not count."""
        reply = ReplyHeard.model_validate(entry.details)
        registration = await _load(session, registration_id_of(entry.stream))
        reason = "no registration any more" if registration is None else self._doubt(registration, reply, now)
        if reason is None and await _is_outdated(session, entry, reply):
            reason = "answered since"
        if registration is None or reason is not None:
            log.info("calendar reply ignored", about=entry.stream, reason=reason)
            return
        await _take_down(session, registration, reply.answer, now)

    def _doubt(self, registration: Registration, reply: ReplyHeard, now: datetime) -> str | None:
        """Why the answer does not count, None where it does."""
        if reply.proof != proof_of(self._tokens, registration.uid, registration.email_key):
            return "of another entry, or by another attendee"
        if registration.status != "confirmed" or registration.slot is None:
            return "no place"
        if reply.sequence != registration.sequence:
            return "about another version"
        return "begun" if registration.slot.starts_at <= now else None


async def give_up_declined(database: Database, unit_of_work: UnitOfWork, now: datetime) -> int:
    """Cancel what was declined and not kept in time; the number of registrations cancelled."""
    query = (
        select(Registration.id, Registration.open_evening_id)
        .where(Registration.declined_until <= now, Registration.status == "confirmed")
        .order_by(Registration.declined_until, Registration.id)
        .limit(AT_ONCE)
    )
    return await act_on_due(database, unit_of_work, query, partial(_give_up, now))


async def _give_up(now: datetime, registration_id: int, session: AsyncSession) -> bool:
    registration = await booking.load(session, registration_id)
    until = registration.declined_until
    if registration.status != "confirmed" or until is None or until > now:
        return False
    registration.declined_until = None
    await booking.cancel(session, registration, now, is_stop=False)
    return True


async def _take_down(session: AsyncSession, registration: Registration, answer: str, now: datetime) -> None:
    if answer == "declined" and registration.declined_until is not None:
        return  # the first one counts
    registration.attendance = answer
    if answer == "declined":
        registration.declined_until = now + HELD
        heard = DeclineHeard(
            registration_id=registration.id, slot_id=registration.slot_id or 0, held_until=registration.declined_until
        )
        await append(session, heard, now, actor="calendar")
    else:
        registration.declined_until = None
        answered = AttendanceAnswered(registration_id=registration.id, answer=answer)
        await append(session, answered, now, actor="calendar")


async def _load(session: AsyncSession, registration_id: int | None) -> Registration | None:
    query = select(Registration).where(Registration.id == registration_id).options(joinedload(Registration.slot))
    return (await session.scalars(query)).one_or_none()


async def _is_outdated(session: AsyncSession, entry: JournalEntry, reply: ReplyHeard) -> bool:
    """Whether a later answer was heard before, or this very one: mail comes in any order, and sometimes twice.

    Answers to one version are ordered by when they were given (RFC 5546, 2.1.5).
    """
    is_reply = JournalEntry.kind == ReplyHeard.__name__
    query = (
        select(JournalEntry.details)
        .where(JournalEntry.stream == entry.stream, is_reply, JournalEntry.id < entry.id)
        .order_by(JournalEntry.id.desc())
        .limit(LOOKED_BACK)
    )
    heard = [ReplyHeard.model_validate(details) for details in await session.scalars(query)]
    last = next((each for each in heard if (each.proof, each.sequence) == (reply.proof, reply.sequence)), None)
    if last is None or last.stamped_at is None or reply.stamped_at is None:
        return False
    return reply.stamped_at < last.stamped_at or (reply.stamped_at, reply.answer) == (last.stamped_at, last.answer)
