"""Closing dates that are added or moved: from when on their reminders count, and who hears of a move."""

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import facts
from engage.events.models import Interest, OpenEvening, Registration, Vacancy
from engage.events.timetable import timetable_of
from engage.journal import append_all
from engage.notify.timing import last_passed

Reminded = tuple[datetime, datetime | None]


def reminded(evening: OpenEvening, zone: ZoneInfo, now: datetime) -> dict[int, Reminded]:
    """For each vacancy, which has to be loaded, its closing and its last reminder whose time has come."""
    return {vacancy.id: _reminded(evening, vacancy, zone, now) for vacancy in evening.vacancies}


def begin_anew(evening: OpenEvening, before: Mapping[int, Reminded], zone: ZoneInfo, now: datetime) -> None:
    """Where a closing, or its last reminder, is another one than before, what is past now is not made up for."""
    for vacancy in evening.vacancies:
        if before.get(vacancy.id) != _reminded(evening, vacancy, zone, now):
            vacancy.closing_set_at = now


async def tell_moved(
    session: AsyncSession, evening: OpenEvening, before: Mapping[int, datetime], now: datetime, actor: str
) -> set[int]:
    """Write the facts of closings that moved; who hears of them: whoever wants to be reminded and has not applied.

    ``before`` are the former closings by the vacancies' ids. A move from the past to the past is told to nobody.
    """
    moved = _moved(evening, before)
    if not moved:
        return set()
    events = [facts.VacancyClosingMoved(open_evening_id=evening.id, **dict(each)) for each in moved.values()]
    await append_all(session, [(event, now) for event in events], actor)
    query = reminded_of(evening, before, now).order_by(Interest.registration_id, Interest.vacancy_id)
    told = {
        registration_id: tuple(moved[vacancy_id] for _, vacancy_id in interests)
        for registration_id, interests in groupby(await session.execute(query), key=lambda row: row.registration_id)
    }
    happened = [(facts.ClosingMoved(registration_id=number, moved=theirs), now) for number, theirs in told.items()]
    await append_all(session, happened, actor)
    return set(told)


def reminded_of(evening: OpenEvening, before: Mapping[int, datetime], now: datetime) -> Select[int, int]:
    """Who hears of the closings that moved, with the vacancy: registration and vacancy by their ids."""
    moved = _moved(evening, before)
    touched = [vacancy_id for vacancy_id, each in moved.items() if max(each.old, each.new) > now]
    return (
        select(Interest.registration_id, Interest.vacancy_id)
        .join(Interest.registration)
        .where(Interest.vacancy_id.in_(touched), Interest.applied_at.is_(None), Registration.has_reminders)
    )


def _moved(evening: OpenEvening, before: Mapping[int, datetime]) -> dict[int, facts.MovedClosing]:
    return {
        each.id: facts.MovedClosing(vacancy_id=each.id, old=before[each.id], new=each.closes_at)
        for each in evening.vacancies
        if each.id in before and before[each.id] != each.closes_at
    }


def _reminded(evening: OpenEvening, vacancy: Vacancy, zone: ZoneInfo, now: datetime) -> Reminded:
    instants = timetable_of(evening.timing, zone).reminders_at(vacancy.closes_at, vacancy.reminders_days_before)
    return vacancy.closes_at, last_passed(instants, now)
