"""The next wave of a series, prepared as a draft four weeks before it opens, with the settings of the last one."""

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.bank_holidays import bank_holidays
from engage.journal import append
from engage.settings import Settings
from engage.storage.database import Database, insert_for
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys import facts
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.models import Questionnaire, Series, Wave
from engage.surveys.questionnaires.laying import remembered
from engage.surveys.questionnaires.questionnaire import read
from engage.surveys.waves import planning

KEPT = ("reminders_days_before", "is_public", "threshold", "families", "trustees", "shares_needed")


async def prepare_due(database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime) -> int:
    """Make the drafts that are due; how many."""
    async with database.reading() as session:
        series = (await session.scalars(select(Series).order_by(Series.key))).all()
        due = [
            (each, dates)
            for each in series
            if (dates := planning.next_dates(each.months, now, settings.zone, bank_holidays()))
            and not await _has_wave(session, each, dates, settings)
        ]
    return sum([await unit_of_work.run(partial(_prepare, each, dates, settings, now)) for each, dates in due])


async def _prepare(
    series: Series, dates: planning.Dates, settings: Settings, now: datetime, session: AsyncSession
) -> bool:
    """False where another worker, or a file, was first."""
    if await _has_wave(session, series, dates, settings):
        return False
    questionnaire = await newest(session, series.questionnaire_key)
    columns = await _settings_of_last(session, series) or _usual(questionnaire)
    columns |= {
        "key": f"{series.key}-{dates.opens_at:%Y-%m}",
        "title": f"{questionnaire.title}, {dates.opens_at:%B %Y}",
        "opens_at": dates.opens_at,
        "closes_at": dates.closes_at,
        "results_by": dates.results_by,
    }
    row = columns | {"series_key": series.key, "questionnaire_id": questionnaire.id, "status": "draft"}
    row |= {"invited": 0, "spent": 0, "loaded": remembered(columns | {"questionnaire_key": questionnaire.key})}
    added = insert_for(session)(Wave).values(row).on_conflict_do_nothing().returning(Wave.id)
    wave_id = await session.scalar(added)
    if wave_id is None:
        return False
    fact = facts.WavePrepared(wave_id=wave_id, opens_at=dates.opens_at, closes_at=dates.closes_at)
    await append(session, fact, now, "worker")
    return True


async def newest(session: AsyncSession, key: str) -> Questionnaire:
    """The newest version of a questionnaire that there is."""
    query = select(Questionnaire).where(Questionnaire.key == key).order_by(Questionnaire.version.desc()).limit(1)
    return (await session.scalars(query)).one()


async def _has_wave(session: AsyncSession, series: Series, dates: planning.Dates, settings: Settings) -> bool:
    """Whether a wave with the same questions opens in that month, from the series or from a file; voided ones count."""
    query = select(Wave.opens_at).join(Questionnaire).where(Questionnaire.key == series.questionnaire_key)
    months = {f"{opens_at.astimezone(settings.zone):%Y-%m}" for opens_at in await session.scalars(query)}
    return f"{dates.opens_at:%Y-%m}" in months


async def _settings_of_last(session: AsyncSession, series: Series) -> dict[str, Any] | None:
    query = select(Wave).join(Questionnaire).where(Questionnaire.key == series.questionnaire_key)
    last = await session.scalar(query.order_by(Wave.opens_at.desc()).limit(1))
    return {column: getattr(last, column) for column in KEPT} if last else None


def _usual(questionnaire: Questionnaire) -> dict[str, Any]:
    families = read(questionnaire.key, questionnaire.version, questionnaire.title, questionnaire.content)
    return {
        "reminders_days_before": [7, 2],
        "is_public": False,
        "threshold": 10,
        "families": [*DIRECTORY_FAMILIES, *families.group_families],
        "trustees": [],
        "shares_needed": None,
    }
