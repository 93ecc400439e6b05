"""The desk at which trustees' shares come together: a process that waits with half of a key pair in its memory alone.

A process that ends takes its half along: shares that were handed to it open nothing, and are handed over again. Nothing
but sealed shares lies in the database, and those for no longer than the desk.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nacl.public import PrivateKey
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import DeskTaken, KeyUnreadable, SharesTooFew
from engage.surveys.keys.custody import combine, take_over
from engage.surveys.models import KeyShare, Wave
from engage.surveys.reports.report_models import HandedShare, TallyDesk
from engage.surveys.tally.tallying import refuse

SEEN_EVERY = timedelta(seconds=2)
LEFT_AFTER = timedelta(seconds=20)  # a desk that was not seen for so long has nobody behind it


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a desk has and lacks: ``key`` once enough shares fit together."""

    needed: int
    handed: tuple[str, ...]
    missing: tuple[str, ...]
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """One process's place; its ``key`` is nowhere else."""

    key: PrivateKey = field(default_factory=PrivateKey.generate, repr=False)

    async def open(self, session: AsyncSession, wave: Wave, now: datetime) -> bool:
        """Let trustees hand over to this process. Raises DeskTaken, and what ``refuse`` does; the wave is locked."""
        refuse(wave)
        desk = await session.get(TallyDesk, wave.id)
        if desk is not None and now - desk.seen_at < LEFT_AFTER:
            raise DeskTaken(
                f"Another process waits for the trustees of {wave.key}. Stop it, and try again after "
                f"{LEFT_AFTER.seconds} seconds."
            )
        await session.execute(delete(TallyDesk).where(TallyDesk.wave_id == wave.id))
        await session.flush()
        session.add(TallyDesk(wave_id=wave.id, public_key=bytes(self.key.public_key), seen_at=now))
        return True

    async def look(self, session: AsyncSession, wave: Wave, now: datetime) -> Waiting:
        """Say that somebody is here still, and see who handed over. Raises DeskTaken where it is not ours any more."""
        desk = await session.get(TallyDesk, wave.id)
        if desk is None or desk.public_key != bytes(self.key.public_key):
            raise DeskTaken(f"{wave.key} was tallied or voided meanwhile, or another process took over.")
        desk.seen_at = now
        handed = list(await session.scalars(select(HandedShare).where(HandedShare.wave_id == wave.id)))
        trustees = await session.scalars(select(KeyShare.email).where(KeyShare.wave_id == wave.id))
        shares = {each.email: each.sealed for each in handed}
        missing = sorted(set(trustees) - shares.keys())
        needed = wave.shares_needed or len(wave.trustees)
        return Waiting(needed, tuple(sorted(shares)), tuple(missing), self._combined(shares, needed, wave))

    async def close(self, session: AsyncSession, wave: Wave) -> bool:
        """Nobody waits here any more; the shares that were handed over go too."""
        ours = TallyDesk.public_key == bytes(self.key.public_key)
        await session.execute(delete(TallyDesk).where(TallyDesk.wave_id == wave.id, ours))
        return True

    def _combined(self, shares: dict[str, bytes], needed: int, wave: Wave) -> bytes | None:
        opened = []
        for sealed in shares.values():
            try:
                opened.append(take_over(bytes(self.key), sealed))
            except KeyUnreadable:  # sealed to a process before this one, or altered
                continue
        try:
            return combine(opened, needed, wave.public_key or b"")
        except SharesTooFew:
            return None
