"""A trustee hands a share over to the desk that waits for it. Wrong passphrases are few, whichever process is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound, PassphraseBarred
from engage.surveys.keys.desk import LEFT_AFTER
from engage.surveys.models import KeyShare, Trustee, Wave
from engage.surveys.reports.report_models import HandedShare, TallyDesk

MOST_TRIES = 5  # of one trustee, before they have to wait
BARRED_FOR = timedelta(minutes=15)
NOBODY_COUNTS = "Nobody is counting this survey at the moment. Ask the workforce team when they will."


@dataclass(frozen=True, slots=True)
class Asked:
    """A share that a desk waits for; ``is_handed`` where it has it already."""

    wave: Wave
    desk_key: bytes
    sealed: bytes
    is_handed: bool


async def asked_of(session: AsyncSession, email: str, now: datetime) -> Sequence[Asked]:
    """The shares of a trustee for which somebody waits now."""
    query = (
        select(Wave, TallyDesk.public_key, KeyShare.sealed, HandedShare.email)
        .join(TallyDesk, TallyDesk.wave_id == Wave.id)
        .join(KeyShare, KeyShare.wave_id == Wave.id)
        .outerjoin(HandedShare, (HandedShare.wave_id == Wave.id) & (HandedShare.email == KeyShare.email))
        .where(KeyShare.email == email, TallyDesk.seen_at > now - LEFT_AFTER)
        .order_by(Wave.id)
    )
    return [Asked(wave, key, sealed, handed is not None) for wave, key, sealed, handed in await session.execute(query)]


async def find(session: AsyncSession, email: str, wave_key: str, now: datetime) -> Asked:
    """The share of that wave. Raises NotFound where nobody waits for it."""
    found = next((each for each in await asked_of(session, email, now) if each.wave.key == wave_key), None)
    if found is None:
        raise NotFound(NOBODY_COUNTS)
    return found


async def claim_try(session: AsyncSession, email: str, now: datetime) -> Trustee:
    """One more try with a passphrase, counted before it is made. Raises PassphraseBarred."""
    trustee = await session.get_one(Trustee, email, with_for_update=True)
    if trustee.tried_at is None or now - trustee.tried_at >= BARRED_FOR:
        trustee.tries = 0
    if trustee.tries >= MOST_TRIES:
        minutes = BARRED_FOR.seconds // 60
        raise PassphraseBarred(f"That was wrong {MOST_TRIES} times. Wait {minutes} minutes, and try again.")
    trustee.tries, trustee.tried_at = trustee.tries + 1, now
    return trustee


async def hand_in(session: AsyncSession, email: str, asked: Asked, sealed: bytes) -> None:
    """Lay the share, sealed to its desk, on it. Raises NotFound where the desk is gone."""
    desk = await session.get(TallyDesk, asked.wave.id, with_for_update=True)
    if desk is None or desk.public_key != asked.desk_key:
        raise NotFound(NOBODY_COUNTS)
    await session.merge(HandedShare(wave_id=desk.wave_id, email=email, sealed=sealed))
    (await session.get_one(Trustee, email)).tries = 0
