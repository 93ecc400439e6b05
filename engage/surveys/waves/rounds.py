"""Waves by the clock: prepared from their series, consulted about, opened and closed.

Each act is claimed by the wave's lock and looked at again under it, so that any number of workers do it once.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.apart import each_apart
from engage.bank_holidays import bank_holidays
from engage.errors import NotFound
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Lock
from engage.surveys.consultations import consultation
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.waves import closing, opening, planning
from engage.surveys.waves.preparing import prepare_due

Act = Callable[[AsyncSession, Wave], Awaitable[bool]]


async def plan_waves(database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime) -> int:
    """Do what is due; how many waves were prepared, consulted about, opened or closed."""
    done = await prepare_due(database, unit_of_work, settings, now)
    acts = {"draft": _consult, "consulting": _open, "open": _close}
    async with database.reading() as session:
        waves = (await session.scalars(select(Wave).where(Wave.status.in_(acts)).order_by(Wave.id))).all()
    due = [wave for wave in waves if _is_due(wave, settings, now)]
    return done + await each_apart(
        due, lambda wave: act(unit_of_work, wave, partial(acts[wave.status], settings=settings, now=now))
    )


async def find(database: Database, key: str) -> Wave:
    """The wave of that key. Raises NotFound."""
    async with database.reading() as session:
        wave = await session.scalar(select(Wave).where(Wave.key == key))
    if wave is None:
        raise NotFound(f"There is no wave {key}.")
    return wave


async def act(unit_of_work: UnitOfWork, wave: Wave, command: Act) -> bool:
    """Run the command on the wave under its lock; ``wave`` tells only which one."""

    async def locked(session: AsyncSession) -> bool:
        return await command(session, await session.get_one(Wave, wave.id))

    return await unit_of_work.run(locked, locks=locks_of(wave))


def locks_of(wave: Wave) -> list[Lock]:
    """The rows that an act on the wave may change."""
    return [(Questionnaire, wave.questionnaire_id), (Wave, wave.id)]


def _is_due(wave: Wave, settings: Settings, now: datetime) -> bool:
    if wave.status == "draft":
        return planning.is_time_to_consult(wave.opens_at, now) and now < wave.closes_at
    if wave.status == "open":
        return now >= wave.closes_at
    began_at = wave.consultation_began_at
    return began_at is not None and now >= planning.opening_at(wave.opens_at, began_at, settings.zone, bank_holidays())


async def _consult(session: AsyncSession, wave: Wave, settings: Settings, now: datetime) -> bool:
    if wave.status != "draft" or not _is_due(wave, settings, now):
        return False
    await consultation.begin(session, wave, settings.zone, now)
    return True


async def _open(session: AsyncSession, wave: Wave, settings: Settings, now: datetime) -> bool:
    """Nothing opens by itself while anything stands in its way."""
    if wave.status != "consulting" or not _is_due(wave, settings, now):
        return False
    if await opening.obstacles(session, wave, settings.zone, now):
        return False
    return await opening.open_wave(session, wave, settings, now)


async def _close(session: AsyncSession, wave: Wave, settings: Settings, now: datetime) -> bool:
    return wave.status == "open" and _is_due(wave, settings, now) and await closing.close(session, wave, now)
