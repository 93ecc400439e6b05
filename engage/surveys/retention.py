"""What a wave forgets, and when: who was asked. What was said in the consultation stays on record."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, String, cast, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import JournalEntry
from engage.notify.models import PlannedRound
from engage.surveys import facts
from engage.surveys.mail.reminders import ANNOUNCED
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.reports.report_models import Release

ROSTER_KEPT = timedelta(days=30)  # after the publication, or after the wave was voided
AT_ONCE = 500


async def waves_to_forget(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Waves long published or voided, of which it is known still who was asked, or was told that they would be."""
    before = now - ROSTER_KEPT
    published = select(Release.id).where(
        Release.wave_id == Wave.id, Release.kind == "results", Release.published_at <= before
    )
    voided = select(JournalEntry.id).where(
        JournalEntry.stream == facts.STREAM + cast(Wave.id, String),
        JournalEntry.kind == facts.WaveVoided.__name__,
        JournalEntry.occurred_at <= before,
    )
    has_roster = select(RosterEntry.id).where(RosterEntry.wave_id == Wave.id).exists()
    is_announced = select(PlannedRound.key).where(PlannedRound.key.like(ANNOUNCED + cast(Wave.id, String) + ":%"))
    query = select(Wave.id).where(or_(published.exists(), voided.exists()), or_(has_roster, is_announced.exists()))
    return (await session.scalars(query)).all()


def messages_about(wave_id: int) -> str:
    """How the streams of all messages about the wave begin."""
    return f"{facts.stream_of(wave_id)}:"


async def forget_roster(session: AsyncSession, wave_id: int) -> int:
    """Forget some of those who were asked; how many, none when nobody is left. Messages are forgotten before."""
    some = select(RosterEntry.id).where(RosterEntry.wave_id == wave_id).limit(AT_ONCE)
    result = await session.execute(
        delete(RosterEntry).where(RosterEntry.id.in_(some)), execution_options={"synchronize_session": False}
    )
    assert isinstance(result, CursorResult)  # noqa: S101 - deleting answers no rows
    if not result.rowcount:
        await session.execute(delete(PlannedRound).where(PlannedRound.key.startswith(f"{ANNOUNCED}{wave_id}:")))
    return result.rowcount
