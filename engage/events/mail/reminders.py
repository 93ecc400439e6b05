"""Reminders of closing dates: one message for each person and instant, of all the posts that are due then."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.events.facts import stream_of
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.reminder_letters import REMINDER, Closing, ReminderLetters, closings_of, digest, remaining
from engage.events.models import Interest, OpenEvening, Registration, Vacancy
from engage.events.timetable import timetable_of
from engage.notify import rounds
from engage.notify.outbox import kept
from engage.notify.rounds import Prepared, Round
from engage.notify.timing import due_at
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

LONGEST_BEFORE = timedelta(days=367)  # the earliest reminder of a closing, and a day for zones


@dataclass(frozen=True, slots=True)
class Due:
    """The closings of one evening of which people are reminded at ``instant``, local date ``on``."""

    evening_id: int
    instant: datetime
    on: str
    closings: frozenset[Closing]

    @property
    def key(self) -> str:
        """A closing that moves makes another round."""
        return f"closing:{self.evening_id}:{self.instant.isoformat()}:{digest(self.closings)}"


async def plan(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> int:
    """Make the reminders that are due; the number of messages made. What is not due costs nothing."""
    async with database.reading() as session:
        due = await _due(session, correspondence.settings.zone, now)
    rounds_ = [Round(each.key, partial(_prepare, each, correspondence, now)) for each in due]
    return await rounds.run_all(rounds_, database, unit_of_work, now)


def with_posts(query: Select[Registration]) -> Select[Registration]:
    """The registrations loaded with what their letters tell."""
    return query.options(
        selectinload(Registration.open_evening),
        selectinload(Registration.interests).selectinload(Interest.vacancy),
    )


async def _due(session: AsyncSession, zone: ZoneInfo, now: datetime) -> list[Due]:
    columns = (Vacancy.id, Vacancy.closes_at, Vacancy.closing_set_at, Vacancy.reminders_days_before)
    query = (
        select(*columns, OpenEvening.id.label("evening_id"), OpenEvening.timing)
        .join(Vacancy.open_evening)
        .where(Vacancy.closes_at > now, Vacancy.closes_at < now + LONGEST_BEFORE, OpenEvening.status != "draft")
    )
    found: defaultdict[tuple[datetime, int], set[Closing]] = defaultdict(set)
    for row in await session.execute(query):
        instants = timetable_of(row.timing, zone).reminders_at(row.closes_at, row.reminders_days_before)
        instant = due_at(instants, closes_at=row.closes_at, set_at=row.closing_set_at, now=now)
        if instant is not None:
            found[instant, row.evening_id].add((row.id, row.closes_at))
    return [
        Due(evening_id, instant, instant.astimezone(zone).date().isoformat(), frozenset(closings))
        for (instant, evening_id), closings in sorted(found.items())
    ]


async def _prepare(
    due: Due, correspondence: Correspondence, now: datetime, session: AsyncSession, after: int, limit: int
) -> tuple[int | None, Sequence[Prepared]]:
    is_chosen = (
        select(Interest.vacancy_id)
        .where(Interest.registration_id == Registration.id, Interest.applied_at.is_(None))
        .where(Interest.vacancy_id.in_([vacancy_id for vacancy_id, _ in due.closings]))
    )
    query = (
        select(Registration)
        .where(Registration.open_evening_id == due.evening_id, Registration.id > after)
        .where(Registration.has_reminders, is_chosen.exists())
        .order_by(Registration.id)
        .limit(limit)
    )
    registrations = (await session.scalars(with_posts(query))).all()
    told = await _told(session, registrations, due.on)
    letters, prepared = ReminderLetters(correspondence, now), []
    for registration in registrations:
        late = {each.vacancy_id for each in registration.interests if each.created_at > due.instant}
        new = {each for each in due.closings - told[registration.id] if each[0] not in late}
        if vacancies := remaining(registration, new, now):
            prepared.append(letters.prepare(registration, vacancies, due.on))
    return (registrations[-1].id if len(registrations) == limit else None), prepared


async def _told(
    session: AsyncSession, registrations: Sequence[Registration], on: str
) -> defaultdict[int, set[Closing]]:
    """Of what each was reminded, or is about to be, on that day already: in a round that a moved closing ended."""
    by_stream = {stream_of(registration.id): registration.id for registration in registrations}
    told: defaultdict[int, set[Closing]] = defaultdict(set)
    for each in await kept(session, list(by_stream), REMINDER):
        if each.details.get("on") == on:
            told[by_stream[each.stream]] |= closings_of(each.details)
    return told
