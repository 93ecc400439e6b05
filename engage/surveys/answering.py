"""Answering: whose link it is, and what is sent with it, stored and spent in one transaction. Functions never commit.

Nothing here writes a time, a name, an address or a fact: no row tells whose a sheet is, nor when it came.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.database import insert_for
from engage.errors import LinkSpent, NotFound, WaveNotOpen
from engage.surveys import custody
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.links import Links
from engage.surveys.models import RosterEntry, SealedComments, SealedSheet, SpentLink, Wave
from engage.surveys.questionnaire import Questionnaire, read

SPENT = "Answers came in with this link already. They are counted, and nobody can see or change them, you included."
UNKNOWN = "This link is incomplete or is not one of ours. Open the link in your latest message from us."
KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """One person asked in an open wave: the wave, what it asks, their groups by family, and their link's print."""

    wave: Wave
    questionnaire: Questionnaire
    groups: Mapping[str, str]
    fingerprint: bytes


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


async def find(session: AsyncSession, wave: Wave, token: str, secret_key: str) -> Asked:
    """Who is asked with that link of an open wave. Raises NotFound, LinkSpent, KeyUnreadable."""
    links = Links(custody.unwrap_link_key(secret_key, wave.key, wave.wrapped_link_key or b""), wave.key)
    entry = await session.get(RosterEntry, links.read(token) or 0)
    if entry is None or entry.wave_id != wave.id:
        raise NotFound(UNKNOWN)
    fingerprint = links.fingerprint(entry.id)
    if await session.get(SpentLink, fingerprint):
        raise LinkSpent(SPENT)
    version = wave.questionnaire
    questionnaire = read(version.key, version.version, version.title, version.content)
    groups = {family: getattr(entry, family) for family in DIRECTORY_FAMILIES}
    return Asked(wave, questionnaire, groups, fingerprint)


async def sizes(session: AsyncSession, asked: Asked) -> dict[str, int]:
    """How many people are asked in this person's group of each family of the directory."""
    counts = [
        func.count().filter(getattr(RosterEntry, family) == title).label(family)
        for family, title in asked.groups.items()
    ]
    query = select(*counts).where(RosterEntry.wave_id == asked.wave.id)
    return dict((await session.execute(query)).mappings().one())


async def submit_all(session: AsyncSession, items: Sequence[tuple[Submission, datetime]]) -> Sequence[Exception | None]:
    """Spend each link and store what came with it; of two for one link the first counts. The waves' rows are locked.

    Each item is answered with None or its refusal, LinkSpent or WaveNotOpen.
    """
    refusals: list[Exception | None] = []
    in_time: list[Submission] = []
    for submission, now in items:
        wave = await session.get_one(Wave, submission.wave_id)
        is_open = takes_answers(wave, now)
        refusals.append(None if is_open else WaveNotOpen("This survey has closed. Your answers were not stored."))
        in_time += [submission] if is_open else []
    won = await _spend(session, in_time)
    await _store(session, list(won.values()))
    for place, (submission, _) in enumerate(items):
        if refusals[place] is None and won.get(submission.fingerprint) is not submission:
            refusals[place] = LinkSpent(SPENT)
    return refusals


async def _spend(session: AsyncSession, submissions: Sequence[Submission]) -> dict[bytes, Submission]:
    """The submissions whose links were not spent before, the first for each link."""
    first: dict[bytes, Submission] = {}
    for submission in submissions:
        first.setdefault(submission.fingerprint, submission)
    if not first:
        return {}
    rows = [{"fingerprint": each.fingerprint, "wave_id": each.wave_id} for each in first.values()]
    spend = insert_for(session)(SpentLink).values(rows).on_conflict_do_nothing().returning(SpentLink.fingerprint)
    return {fingerprint: first[fingerprint] for fingerprint in await session.scalars(spend)}


async def _store(session: AsyncSession, submissions: Sequence[Submission]) -> None:
    """Both boxes of each, and the one number of progress."""
    if not submissions:
        return
    await session.execute(insert(SealedSheet), _unordered([(each.wave_id, each.sheet) for each in submissions]))
    await session.execute(insert(SealedComments), _unordered([(each.wave_id, each.comments) for each in submissions]))
    for submission in submissions:
        (await session.get_one(Wave, submission.wave_id)).spent += 1


def _unordered(boxes: Sequence[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """Rows in the order of their random keys, which is none."""
    keyed = sorted((secrets.token_bytes(KEY_BYTES), wave_id, box) for wave_id, box in boxes)
    return [{"key": key, "wave_id": wave_id, "content": box} for key, wave_id, box in keyed]
