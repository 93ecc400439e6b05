"""From a fact to messages: who is told of each thing that happens to a wave; where it is all staff, in parts."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import JournalEntry
from engage.notify import rounds
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys import facts
from engage.surveys.consultations.consultation_messages import tell_consulted
from engage.surveys.mail import told
from engage.surveys.mail.circulars import Circular
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.models import Wave

BEGUN = "wave-fact:"  # how the keys of rounds begin that a fact begins; then comes the fact's number
TO_ALL: Mapping[str, type[facts.ToldWaveFact]] = {
    fact.__name__: fact
    for fact in (
        *(facts.WaveOpened, facts.JoinersAdded, facts.WaveExtended, facts.WaveClosed),
        *(facts.WavePublished, facts.WaveVoided),
    )
}


class WaveMessages:
    """The journal's subscriber "wave_messages": tells those consulted at once, and begins a round for all staff."""

    def __init__(self, letters: WaveLetters) -> None:
        self._letters = letters

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        """Nothing happens for a fact that was told already. Of a wave given up unopened only those consulted hear."""
        if entry.kind in TO_ALL and entry.details.get("was_opened", True):
            await rounds.begin(session, f"{BEGUN}{entry.id}")
        else:
            await tell_consulted(session, self._letters, entry, now)


async def tell_all(database: Database, unit_of_work: UnitOfWork, letters: WaveLetters, now: datetime) -> int:
    """Make what is left of the rounds that facts began; the number of messages made."""
    async with database.reading() as session:
        keys = await rounds.unfinished(session, BEGUN)
        numbers = [int(key.removeprefix(BEGUN)) for key in keys]
        entries = (await session.scalars(select(JournalEntry).where(JournalEntry.id.in_(numbers)))).all()
        circulars = [await _circular(session, entry) for entry in sorted(entries, key=lambda entry: entry.id)]
    return await rounds.run_all([each.round(letters, now) for each in circulars], database, unit_of_work, now)


async def _circular(session: AsyncSession, entry: JournalEntry) -> Circular:
    """What all staff are told of the fact: what it says, and not what the wave has become since."""
    key, fact = f"{BEGUN}{entry.id}", TO_ALL[entry.kind].model_validate(entry.details)
    wave = await session.get_one(Wave, fact.wave_id)
    match fact:
        case facts.WaveOpened():
            return Circular(told.INVITED, wave.id, key, told.closing(fact.closes_at))
        case facts.JoinersAdded():
            return Circular(told.INVITED, wave.id, key, told.closing(wave.closes_at), fact.after_id)
        case facts.WaveExtended() if wave.status == "open":
            return Circular(told.EXTENDED, wave.id, key, told.closing(fact.closes_at))
        case facts.WaveExtended():
            return Circular(told.POSTPONED, wave.id, key, told.results(fact.results_by))
        case facts.WaveClosed():
            return Circular(told.CLOSED, wave.id, key, told.results(fact.results_by))
        case _:
            end = told.PUBLISHED if isinstance(fact, facts.WavePublished) else told.VOIDED
            return Circular(end, wave.id, key, {})
