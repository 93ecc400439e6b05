"""Answering: whose link it is, and what is sent with it, stored and spent in one transaction. Functions never commit.

Nothing here writes a time, a name, an address or a fact: no row tells whose a sheet is, nor when it came.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.errors import LinkSpent, NotFound, WaveNotOpen
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


def takes_answers(wave: Wave, now: datetime) -> bool:
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
    """Spend each link and store what came with it; of two for one link the first counts. The waves' rows are locked.

    Each item is answered with None or its refusal, LinkSpent or WaveNotOpen.
    """
    waves = {each: await session.get_one(Wave, each) for each in {submission.wave_id for submission, _ in items}}
    is_open = [takes_answers(waves[submission.wave_id], now) for submission, now in items]
    in_time = [submission for (submission, _), is_in_time in zip(items, is_open, strict=True) if is_in_time]
    won = await _spend(session, in_time) if in_time else {}
    await _store(session, list(won.values()))
    for wave_id, count in Counter(each.wave_id for each in won.values()).items():
        waves[wave_id].spent += count
    return [
        _refusal(won.get(submission.fingerprint) is submission, is_in_time)
        for (submission, _), is_in_time in zip(items, is_open, strict=True)
    ]


def _refusal(is_stored: bool, is_in_time: bool) -> Exception | None:
    if not is_in_time:
        return WaveNotOpen("This survey has closed. Your answers were not stored.")
    return None if is_stored else LinkSpent(SPENT)


async def _spend(session: AsyncSession, submissions: Sequence[Submission]) -> dict[bytes, Submission]:
    """The submissions whose links were not spent before, the first for each link."""
    first: dict[bytes, Submission] = {}
    for submission in submissions:
        first.setdefault(submission.fingerprint, submission)
    query = select(SpentLink.fingerprint).where(SpentLink.fingerprint.in_(first))
    for fingerprint in await session.scalars(query):
        del first[fingerprint]
    return first


async def _store(session: AsyncSession, submissions: Sequence[Submission]) -> None:
    """What each link was spent on."""
    if not submissions:
        return
    spent = sorted((each.fingerprint, each.wave_id) for each in submissions)
    links = [{"fingerprint": fingerprint, "wave_id": wave_id} for fingerprint, wave_id in spent]
    sheets = unordered([(each.wave_id, each.sheet) for each in submissions])
    comments = unordered([(each.wave_id, each.comments) for each in submissions])
    for model, rows in ((SpentLink, links), (SealedSheet, sheets), (SealedComments, comments)):
        await session.execute(insert(Wave.metadata.tables[model.__tablename__]), rows)


def unordered(boxes: Sequence[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """Rows in the order of their random keys, which is none."""
    keyed = sorted((secrets.token_bytes(KEY_BYTES), wave_id, box) for wave_id, box in boxes)
    return [{"key": key, "wave_id": wave_id, "content": box} for key, wave_id, box in keyed]
