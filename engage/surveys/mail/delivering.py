"""What is done to messages about waves as they are claimed for sending: looked at once more, and given their link.

Whose link was spent is never asked: whoever has answered is sent what everybody is sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.checks import Candidate, Check
from engage.notify.finishing import Finisher, Unfinished
from engage.surveys.answers.links import Links
from engage.surveys.keys import custody
from engage.surveys.mail.delivered_links import put_in
from engage.surveys.mail.told import TO_ALL, Told, is_true
from engage.surveys.models import Wave


def checks() -> Mapping[str, Check]:
    """A check for each kind of message to all staff."""
    return {told.kind: partial(_untrue, told) for told in TO_ALL}


def finishers(secret_key: str) -> Mapping[str, Finisher]:
    """A finisher for each kind of message that holds the reader's link."""
    return {told.kind: partial(_with_links, secret_key) for told in TO_ALL if told.has_link}


async def _untrue(told: Told, session: AsyncSession, candidates: Sequence[Candidate], now: datetime) -> set[int]:
    waves = await _waves(session, {each.details["wave_id"] for each in candidates})
    return {
        each.id
        for each in candidates
        if (wave := waves.get(each.details["wave_id"])) is None or not is_true(told, wave, each.details, now)
    }


async def _with_links(secret_key: str, session: AsyncSession, messages: Sequence[Unfinished]) -> dict[int, bytes]:
    """Raises KeyUnreadable where the secret is not the one with which the wave was opened."""
    by_wave: defaultdict[int, list[Unfinished]] = defaultdict(list)
    for message in messages:
        by_wave[message.details["wave_id"]].append(message)
    finished = {}
    for wave_id, wave in (await _waves(session, by_wave)).items():
        links = Links(custody.unwrap_link_key(secret_key, wave.key, wave.wrapped_link_key or b""), wave.key)
        for message in by_wave[wave_id]:
            finished[message.id] = put_in(message.content, links.issue(message.details["reader"]))
    return finished


async def _waves(session: AsyncSession, ids: Iterable[int]) -> dict[int, Wave]:
    return {wave.id: wave for wave in await session.scalars(select(Wave).where(Wave.id.in_(ids)))}
