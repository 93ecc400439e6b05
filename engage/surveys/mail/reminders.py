"""What all staff are told by the clock: that a wave is about to open, and that it is about to close."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.bank_holidays import bank_holidays
from engage.journal import JournalEntry
from engage.notify import rounds
from engage.notify.timing import due_at, mornings_before
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys import facts
from engage.surveys.mail import told
from engage.surveys.mail.circulars import Circular
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.models import Wave
from engage.surveys.waves import opening, planning

HOUR = 9  # by the clock on the wall
ANNOUNCED = "wave-announced:"  # how the keys of those rounds begin; then comes the wave's number
ANNOUNCED_DAYS_BEFORE = 3  # the Friday before a Monday


async def plan(database: Database, unit_of_work: UnitOfWork, letters: WaveLetters, now: datetime) -> int:
    """Make the announcements and reminders that are due; the number of messages made."""
    zone = letters.settings.zone
    async with database.reading() as session:
        due = [*await _announcements(session, zone, now), *await _reminders(session, zone, now)]
    return await rounds.run_all([each.round(letters, now) for each in due], database, unit_of_work, now)


async def _announcements(session: AsyncSession, zone: ZoneInfo, now: datetime) -> list[Circular]:
    """Of waves that will open by themselves in the next days, as far as anybody can tell, and were planned in time."""
    due = []
    for wave in await session.scalars(select(Wave).where(Wave.status == "consulting").order_by(Wave.id)):
        began_at = wave.consultation_began_at
        opens_at = planning.opening_at(wave.opens_at, began_at or now, zone, bank_holidays())
        mornings = mornings_before(opens_at, [ANNOUNCED_DAYS_BEFORE], HOUR, zone)
        if not due_at(mornings, closes_at=opens_at, set_at=began_at, now=now):
            continue
        if not await opening.obstacles(session, wave, zone, opens_at):
            key = f"{ANNOUNCED}{wave.id}:{opens_at.timestamp():.0f}"
            due.append(Circular(told.ANNOUNCED, wave.id, key, told.announcement(wave.opens_at, opens_at)))
    return due


async def _reminders(session: AsyncSession, zone: ZoneInfo, now: datetime) -> list[Circular]:
    """Of open waves; a close that is moved is reminded of anew, and at no instant that was over when it was moved."""
    waves = (await session.scalars(select(Wave).where(Wave.status == "open", Wave.closes_at > now))).all()
    extended = await _extended_at(session, waves)
    due = []
    for wave in waves:
        mornings = mornings_before(wave.closes_at, wave.reminders_days_before, HOUR, zone)
        set_at = extended.get(wave.id, wave.opened_at)
        if at := due_at(mornings, closes_at=wave.closes_at, set_at=set_at, now=now):
            key = f"wave-reminded:{wave.id}:{at.timestamp():.0f}:{wave.closes_at.timestamp():.0f}"
            due.append(Circular(told.REMINDED, wave.id, key, told.closing(wave.closes_at)))
    return due


async def _extended_at(session: AsyncSession, waves: Sequence[Wave]) -> dict[int, datetime]:
    """When each was extended last, by their ids."""
    by_stream = {facts.stream_of(wave.id): wave.id for wave in waves}
    query = (
        select(JournalEntry.stream, func.max(JournalEntry.occurred_at))
        .where(JournalEntry.stream.in_(by_stream), JournalEntry.kind == facts.WaveExtended.__name__)
        .group_by(JournalEntry.stream)
    )
    return {by_stream[stream]: at for stream, at in await session.execute(query)}
