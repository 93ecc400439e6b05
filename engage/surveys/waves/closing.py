"""The end of a wave: closed, extended, or voided unopened. Functions never commit; the wave's row is locked."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import WaveNotReady, WaveOver
from engage.journal import append
from engage.surveys import facts
from engage.surveys.models import KeyShare, SealedComments, SealedSheet, SpentLink, Wave
from engage.surveys.waves.planning import UNOPENED

COUNTED = ("tallied", "published")
DESTROYED = (SealedSheet, SealedComments, SpentLink, KeyShare)


async def close(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    """Take no more answers; False where that is so already. Raises WaveNotReady, WaveOver."""
    if wave.status in UNOPENED:
        raise WaveNotReady(f"{wave.key} has not opened, so it cannot be closed; void it if nobody shall be asked.")
    if wave.status == "void":
        raise WaveOver(f"{wave.key} was voided.")
    if wave.status != "open":
        return False
    wave.status = "closed"
    await append(session, facts.WaveClosed(wave_id=wave.id, results_by=wave.results_by), now, "worker")
    return True


async def extend(session: AsyncSession, wave: Wave, until: datetime, zone: ZoneInfo, now: datetime) -> bool:
    """Take answers for longer, and where the wave has closed give the trustees longer; everybody is told.

    The promised day of results moves along by as many days. False where it is so already. Raises WaveNotReady,
    WaveOver.
    """
    if wave.status in UNOPENED:
        raise WaveNotReady(f"{wave.key} has not opened; load it with another close instead.")
    if wave.status not in ("open", "closed"):
        raise WaveOver(f"{wave.key} is {wave.status} and cannot be extended.")
    changed = _extend_answers(wave, until, zone, now) if wave.status == "open" else _extend_results(wave, until, zone)
    if changed:
        fact = facts.WaveExtended(wave_id=wave.id, closes_at=wave.closes_at, results_by=wave.results_by)
        await append(session, fact, now, "worker")
    return changed


async def void(session: AsyncSession, wave: Wave, now: datetime, *, reason: str | None = None) -> bool:
    """Destroy every answer unopened, and the keys with them; False where that is so already. Raises WaveOver."""
    if wave.status == "void":
        return False
    if wave.status in COUNTED:
        raise WaveOver(f"{wave.key} has been counted, so there is nothing left to destroy.")
    was_opened = wave.status not in UNOPENED
    for table in DESTROYED:
        await session.execute(delete(table).where(table.wave_id == wave.id))
    wave.public_key = wave.wrapped_private_key = wave.wrapped_link_key = None
    wave.status, wave.void_reason = "void", reason
    await append(session, facts.WaveVoided(wave_id=wave.id, was_opened=was_opened), now, "worker")
    return True


def _extend_answers(wave: Wave, until: datetime, zone: ZoneInfo, now: datetime) -> bool:
    if until == wave.closes_at:
        return False
    if until < wave.closes_at or until <= now:
        raise WaveNotReady(f"{wave.key} can only be extended to a later instant than it closes at now.")
    if wave.results_by is not None:
        wave.results_by += until.astimezone(zone).date() - wave.closes_at.astimezone(zone).date()
    wave.closes_at = until
    return True


def _extend_results(wave: Wave, until: datetime, zone: ZoneInfo) -> bool:
    day = until.astimezone(zone).date()
    if day == wave.results_by:
        return False
    if day < (wave.results_by or wave.closes_at.astimezone(zone).date()):
        raise WaveNotReady(f"{wave.key} has closed; its results can only be promised for a later day than now.")
    wave.results_by = day
    return True
