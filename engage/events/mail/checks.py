"""Whether what a message says is still true when it is about to be sent, by the kinds that can be overtaken."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import facts
from engage.events.facts import registration_id_of
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.reminder_letters import REMINDER, ReminderLetters, closings_of, remaining
from engage.events.mail.reminders import with_posts
from engage.events.models import Interest, QueueEntry, Registration, Slot
from engage.events.registrations.releasing import ASKED
from engage.notify.checks import Candidate, Check
from engage.notify.outbox import Kept, kept, put_rows


def checks(correspondence: Correspondence) -> Mapping[str, Check]:
    """A check for each kind of message that can become untrue."""
    return {
        REMINDER: partial(_reminders, correspondence),
        facts.ClosingMoved.__name__: _moved_closings,
        facts.PlaceOffered.__name__: _offers,
        ASKED: _asked,
    }


async def _reminders(
    correspondence: Correspondence, session: AsyncSession, candidates: Sequence[Candidate], now: datetime
) -> set[int]:
    """Reminders that name a post which is applied for, closed, moved or told already; what is left is put anew."""
    query = select(Registration).where(Registration.id.in_(_registration_ids(candidates)))
    registrations = {registration.id: registration for registration in await session.scalars(with_posts(query))}
    others: defaultdict[str, list[Kept]] = defaultdict(list)
    for each in await kept(session, [candidate.stream for candidate in candidates], REMINDER):
        others[each.stream].append(each)
    letters, dropped, anew = ReminderLetters(correspondence, now), set(), []
    for candidate in candidates:
        registration = registrations.get(_registration_id(candidate))
        listed = closings_of(candidate.details)
        before = (each for each in others[candidate.stream] if _was_before(each, candidate))
        told = {closing for each in before for closing in closings_of(each.details)}
        left = remaining(registration, listed - told, now) if registration else []
        if len(left) == len(listed):
            continue
        dropped.add(candidate.id)
        if registration and left:
            anew.append(letters.prepare(registration, left, candidate.details["on"]).row(now))
    await put_rows(session, anew)
    return dropped


def _was_before(other: Kept, candidate: Candidate) -> bool:
    """Whether it is another reminder of the same day, which goes first or went already."""
    is_of_that_day = other.details["on"] == candidate.details["on"]
    return is_of_that_day and other.id != candidate.id and (other.is_begun or other.id < candidate.id)


async def _moved_closings(session: AsyncSession, candidates: Sequence[Candidate], now: datetime) -> set[int]:
    query = (
        select(Interest.registration_id, Interest.vacancy_id)
        .join(Interest.registration)
        .where(Interest.registration_id.in_(_registration_ids(candidates)), Interest.applied_at.is_(None))
        .where(Registration.has_reminders)
    )
    wanted = {(row.registration_id, row.vacancy_id) for row in await session.execute(query)}
    return {
        candidate.id
        for candidate in candidates
        if not any((_registration_id(candidate), each) in wanted for each in candidate.details["vacancy_ids"])
    }


async def _offers(session: AsyncSession, candidates: Sequence[Candidate], now: datetime) -> set[int]:
    """Offers of a place that was taken, given up or passed on meanwhile."""
    query = select(QueueEntry.registration_id, QueueEntry.slot_id).where(
        QueueEntry.registration_id.in_(_registration_ids(candidates)), QueueEntry.offer_expires_at > now
    )
    held = {tuple(row) for row in await session.execute(query)}
    return {each.id for each in candidates if (_registration_id(each), each.details["slot_id"]) not in held}


async def _asked(session: AsyncSession, candidates: Sequence[Candidate], now: datetime) -> set[int]:
    """Whether somebody still comes to a sitting in which they have no place any more, or that is at another time."""
    query = (
        select(Registration.id, Registration.slot_id, Slot.starts_at)
        .join(Registration.slot)
        .where(Registration.id.in_(_registration_ids(candidates)), Registration.status == "confirmed")
    )
    placed = {tuple(row) for row in await session.execute(query)}
    return {
        each.id for each in candidates if (_registration_id(each), each.details["slot_id"], each.until) not in placed
    }


def _registration_ids(candidates: Sequence[Candidate]) -> list[int]:
    return [_registration_id(candidate) for candidate in candidates]


def _registration_id(candidate: Candidate) -> int:
    return registration_id_of(candidate.stream) or 0
