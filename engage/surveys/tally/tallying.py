"""The tally of a wave: sheets opened in memory, counted, and in one transaction the counters kept and all else gone.

Whoever begins it twice does the work twice, and the first who writes is heard: under the wave's lock, what is no longer
closed is not tallied. Until that one commit nothing is changed, so that a crash leaves all as it was.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from engage.errors import BoxesAmiss, WaveNotReady, WaveOver
from engage.journal import append
from engage.storage.database import Database
from engage.storage.streaming import streamed
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys import facts
from engage.surveys.answers.answer_form import tidied
from engage.surveys.groups import DIRECTORY_FAMILIES, groups_of
from engage.surveys.models import Questionnaire, RosterEntry, SealedComments, SealedSheet, SpentLink, Wave
from engage.surveys.questionnaires.versions import version_of
from engage.surveys.reports.report_models import CountedComment, HandedShare, Tally, TallyDesk
from engage.surveys.tally.boxes import Opener
from engage.surveys.tally.counted import Frame, counted, frame
from engage.surveys.tally.counting import Piles, Reader, merged
from engage.surveys.tally.unsealing import CHUNK, Openers, each_opened, openers
from engage.surveys.waves.closing import COUNTED, DESTROYED
from engage.surveys.waves.planning import UNOPENED
from engage.surveys.waves.rounds import act

EMPTIED = (*DESTROYED, HandedShare, TallyDesk)  # what is destroyed with the answers
REWRITTEN = tuple(table.__tablename__ for table in (*EMPTIED, Wave))  # where space held answers or keys
KEY_BYTES = 16
AT_ONCE = 1_000  # rows of one statement

Say = Callable[[int, int], object]  # hears how many boxes are open, and of how many
Stored = InstrumentedAttribute[bytes]  # boxes as they lie in a table


@dataclass(frozen=True, slots=True)
class Certificate:
    """Links spent, sheets opened, counted and damaged: spent = opened = counted + damaged."""

    invited: int
    spent: int
    opened: int
    counted: int
    damaged: int


@dataclass(frozen=True, slots=True)
class Count:
    """All that outlives the sheets."""

    certificate: Certificate
    groups: list[dict[str, Any]]
    comments: list[tuple[str, str]]


def refuse(wave: Wave) -> None:
    """Raises WaveNotReady, WaveOver for a wave that cannot be tallied; one that was is no fault."""
    if wave.status in UNOPENED:
        raise WaveNotReady(f"{wave.key} has not opened, so there is nothing to tally.")
    if wave.status == "open":
        raise WaveNotReady(f"{wave.key} takes answers still. Close it first: engage wave close {wave.key}")
    if wave.status == "void":
        raise WaveOver(f"{wave.key} was voided, and its answers were destroyed unopened.")


async def tally(
    database: Database, unit_of_work: UnitOfWork, wave: Wave, private_key: bytes, now: datetime, *, say: Say
) -> bool:
    """Count the closed wave; False where somebody else did meanwhile. Raises WaveNotReady, WaveOver, BoxesAmiss."""
    count = await _count(database, wave, private_key, say)
    if count is None:
        return False
    return await act(unit_of_work, wave, partial(_write, count=count, now=now))


async def _count(database: Database, wave: Wave, private_key: bytes, say: Say) -> Count | None:
    """None where somebody else was first, and destroyed the boxes while they were being opened."""
    async with database.reading() as session:
        spent = await _number(session, SpentLink.fingerprint, wave)
        with openers(spent) as several:
            framed = await frame_of(session, wave)
            opener = Opener(private_key, Reader(framed.questionnaire, framed.directory, framed.groups))
            opening = _Opening(session, wave, several, say, 2 * spent)
            piles, damaged, opened = await opening.sheets(opener)
            # Deciding what may be released takes one core, so that the others open comments meanwhile.
            groups, comments = await asyncio.gather(asyncio.to_thread(counted, framed, piles), opening.comments(opener))
        boxes = await _number(session, SealedComments.key, wave)
        status = await session.scalar(select(Wave.status).where(Wave.id == wave.id))
    if status in COUNTED:
        return None
    if not spent == opened == boxes:
        raise BoxesAmiss(
            f"{wave.key} was not tallied: {spent} links were used, but {opened} sheets and {boxes} boxes of comments "
            "are there. Somebody changed the database: restore a backup, or void the wave."
        )
    certificate = Certificate(wave.invited, spent, opened, opened - damaged, damaged)
    return Count(certificate, groups, comments if groups[0]["status"] == "released" else [])


async def frame_of(session: AsyncSession, wave: Wave) -> Frame:
    """What the report of the wave is about, from its roster and its questionnaire."""
    directory = {}
    for family in DIRECTORY_FAMILIES:
        query = select(getattr(RosterEntry, family)).where(RosterEntry.wave_id == wave.id)
        directory[family] = groups_of(await session.scalars(query))
    questionnaire = version_of(await session.get_one(Questionnaire, wave.questionnaire_id))
    return frame(questionnaire, directory, wave.families, wave.invited, wave.threshold)


@dataclass
class _Opening:
    """Boxes on their way out of the database through the openers."""

    session: AsyncSession
    wave: Wave
    openers: Openers
    say: Say
    total: int
    done: int = 0

    async def sheets(self, opener: Opener) -> tuple[Piles, int, int]:
        """What all sheets say, how many were damaged, and how many there were."""
        found, damaged, opened = [], 0, 0
        async for count, chunk in each_opened(self.openers, opener.sheets, self._chunks(SealedSheet.content)):
            found.append(chunk.piles)
            damaged += chunk.damaged
            opened += count
            self._tell(count)
        return merged(found), damaged, opened

    async def comments(self, opener: Opener) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        async for count, said in each_opened(self.openers, opener.comments, self._chunks(SealedComments.content)):
            found += said
            self._tell(count)
        return found

    def _chunks(self, boxes: Stored) -> AsyncIterator[list[bytes]]:
        return streamed(self.session, select(boxes).where(boxes.class_.wave_id == self.wave.id), CHUNK)

    def _tell(self, count: int) -> None:
        self.done += count
        self.say(self.done, self.total)


async def _number(session: AsyncSession, column: InstrumentedAttribute[Any], wave: Wave) -> int:
    query = select(func.count()).select_from(column.class_).where(column.class_.wave_id == wave.id)
    return await session.scalar(query) or 0


async def _write(session: AsyncSession, wave: Wave, count: Count, now: datetime) -> bool:
    if wave.status in COUNTED:
        return False
    refuse(wave)
    content = {"certificate": asdict(count.certificate), "groups": count.groups}
    session.add(Tally(wave_id=wave.id, content=content, tallied_at=now))
    rows = _unordered(wave.id, count.comments)
    for start in range(0, len(rows), AT_ONCE):
        await session.execute(insert(CountedComment), rows[start : start + AT_ONCE])
    for table in EMPTIED:
        await session.execute(delete(table).where(table.wave_id == wave.id))
    wave.public_key = wave.wrapped_private_key = wave.wrapped_link_key = None
    wave.status = "tallied"
    await append(session, facts.WaveTallied(wave_id=wave.id), now, "worker")
    return True


def _unordered(wave_id: int, comments: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Rows in the order of their random keys, which is none."""
    keyed = sorted((secrets.token_bytes(KEY_BYTES), question, tidied(text)) for question, text in comments)
    return [
        {"key": key, "wave_id": wave_id, "question": question, "text": text, "redacted": text}
        for key, question, text in keyed
        if text
    ]
