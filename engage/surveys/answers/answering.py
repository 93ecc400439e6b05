"""Answering: whose link it is, and what is sent with it, stored and spent in one transaction. Functions never commit.

Nothing here writes a time, a name, an address or a fact: no row tells whose a sheet is, nor when it came.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ClauseElement, FromClause, Table, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.errors import LinkSpent, NotFound, WaveNotOpen
from engage.storage import many
from engage.storage.bare import instant_of
from engage.surveys.answers.open_waves import Asked, OpenWave
from engage.surveys.models import SealedComments, SealedSheet, SpentLink, Wave

SPENT = "Answers came in with this link already. They are counted, and nobody can see or change them, you included."
UNKNOWN = "This link is incomplete or is not one of ours. Open the link in your latest message from us."
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Submission:
    """What one link is spent on: both boxes as they are stored."""

    wave_id: int
    fingerprint: bytes
    sheet: bytes
    comments: bytes


class Opening(Protocol):
    """What decides whether a wave takes answers."""

    @property
    def status(self) -> str: ...
    @property
    def closes_at(self) -> datetime: ...


class _Taking(NamedTuple):
    status: str
    closes_at: datetime
    spent: int


def takes_answers(wave: Opening, now: datetime) -> bool:
    """Whether the wave is open: also one whose close has passed and that nobody has closed yet is not."""
    return wave.status == "open" and now < wave.closes_at


async def find_wave(session: AsyncSession, key: str) -> Wave:
    """The wave, with its questionnaire. Raises NotFound."""
    query = select(Wave).where(Wave.key == key).options(joinedload(Wave.questionnaire))
    wave = await session.scalar(query)
    if wave is None:
        raise NotFound("There is no such survey. Open the link in your latest message from us.")
    return wave


async def find(session: AsyncSession, wave: OpenWave, token: str) -> Asked:
    """Who is asked with that link of an open wave. Raises NotFound, LinkSpent."""
    asked = wave.asked(token)
    if asked is None:
        raise NotFound(UNKNOWN)
    if await session.get(SpentLink, asked.fingerprint):
        raise LinkSpent(SPENT)
    return asked


async def submit_all(session: AsyncSession, items: Sequence[tuple[Submission, datetime]]) -> Sequence[Exception | None]:
    """Spend each link and store what came with it; of two for one link the first counts.

    It locks the waves. Each item is answered with None or its refusal, LinkSpent or WaveNotOpen.
    """
    waves, spent = await _read(session, [submission for submission, _ in items])
    is_open = [takes_answers(waves[submission.wave_id], now) for submission, now in items]
    won: dict[bytes, Submission] = {}
    for (submission, _), is_in_time in zip(items, is_open, strict=True):
        if is_in_time and submission.fingerprint not in spent:
            won.setdefault(submission.fingerprint, submission)
    await _store(session, [*won.values()], waves)
    return [
        _refusal(won.get(submission.fingerprint) is submission, is_in_time)
        for (submission, _), is_in_time in zip(items, is_open, strict=True)
    ]


def _refusal(is_stored: bool, is_in_time: bool) -> Exception | None:
    if not is_in_time:
        return WaveNotOpen("This survey has closed. Your answers were not stored.")
    return None if is_stored else LinkSpent(SPENT)


async def _read(session: AsyncSession, submissions: Sequence[Submission]) -> tuple[dict[int, _Taking], set[bytes]]:
    """Lock the waves; how they stand, and which of the links were spent before."""
    wave_ids = sorted({each.wave_id for each in submissions})
    asked = [
        *many.seeking(session, Wave),
        *many.locking(session, Wave, wave_ids),
        many.Asked(_taking, Wave, [{"id": each} for each in wave_ids]),
        many.Asked(_spent, SpentLink, [{"fingerprint": each.fingerprint} for each in submissions]),
    ]
    *_, waves, spent = await many.run_all(session, asked)
    found = {wave_id: _Taking(status, instant_of(closes_at), count) for wave_id, status, closes_at, count in waves}
    return found, {fingerprint for (fingerprint,) in spent}


async def _store(session: AsyncSession, won: Sequence[Submission], waves: Mapping[int, _Taking]) -> None:
    """What each link was spent on."""
    links = sorted((each.fingerprint, each.wave_id) for each in won)
    counted = Counter(each.wave_id for each in won)
    asked = [
        many.inserting(SpentLink, [{"fingerprint": fingerprint, "wave_id": wave_id} for fingerprint, wave_id in links]),
        many.inserting(SealedSheet, unordered([(each.wave_id, each.sheet) for each in won])),
        many.inserting(SealedComments, unordered([(each.wave_id, each.comments) for each in won])),
        many.updating(Wave, [{"id": each, "spent": waves[each].spent + count} for each, count in counted.items()]),
    ]
    if not await many.run_last(session, asked):
        await many.show(session, Wave, counted)


def _taking(given: FromClause, table: Table) -> ClauseElement:
    return select(table.c.id, table.c.status, table.c.closes_at, table.c.spent).join(given, table.c.id == given.c.id)


def _spent(given: FromClause, table: Table) -> ClauseElement:
    return select(table.c.fingerprint).join(given, table.c.fingerprint == given.c.fingerprint)


def unordered(boxes: Sequence[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """Rows in the order of their random keys, which is none."""
    keyed = sorted((secrets.token_bytes(KEY_BYTES), wave_id, box) for wave_id, box in boxes)
    return [{"key": key, "wave_id": wave_id, "content": box} for key, wave_id, box in keyed]
