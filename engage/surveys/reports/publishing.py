"""Publishing: what was counted becomes a release, sealed and chained to the last one, for all audiences in one commit.

Functions never commit; the wave's row is locked by whoever calls them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import CommentsUnread, WaveNotReady, WaveOver
from engage.journal import append
from engage.surveys import facts
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.questionnaires.versions import version_of
from engage.surveys.reports.comparing import Basis, basis, with_changes
from engage.surveys.reports.release import commented, group_of, sealed, worded
from engage.surveys.reports.releases import find, last_root
from engage.surveys.reports.report_models import CountedComment, Release, Tally

Groups = Mapping[tuple[str, str], Mapping[str, Any]]


async def publish(session: AsyncSession, wave: Wave, zone: ZoneInfo, now: datetime) -> bool:
    """Let every audience see the results; False where that is so already. Raises WaveNotReady, WaveOver."""
    if wave.status == "published":
        return False
    if wave.status == "void":
        raise WaveOver(f"{wave.key} was voided, so there is nothing to publish.")
    tallied = await session.get(Tally, wave.id)
    if tallied is None:
        raise WaveNotReady(f"{wave.key} is {wave.status}. Count it first: engage wave tally {wave.key}")
    at = now.replace(microsecond=0)
    content = await _report(session, wave, tallied.content, worded(at, zone))
    _add(session, wave, "results", content, at)
    await session.delete(tallied)
    wave.status = "published"
    await append(session, facts.WavePublished(wave_id=wave.id), now, "worker")
    return True


async def publish_comments(session: AsyncSession, wave: Wave, zone: ZoneInfo, now: datetime) -> bool:
    """Lay the comments, as both readers left them, beside the results; False where that is done.

    Raises WaveNotReady, and CommentsUnread while a reader has not agreed to one.
    """
    if await find(session, wave.key) is None:
        raise WaveNotReady(f"{wave.key} is {wave.status}. Publish its results before its comments.")
    if await find(session, wave.key, "comments") is not None:
        return False
    comments = await _agreed(session, wave)
    at = now.replace(microsecond=0)
    head = {"wave": wave.key, "published_at": worded(at, zone), "previous_root": await last_root(session)}
    content = commented(head, comments)
    _add(session, wave, "comments", content, at)
    await session.execute(delete(CountedComment).where(CountedComment.wave_id == wave.id))
    await append(session, facts.CommentsPublished(wave_id=wave.id), now, "worker")
    return True


async def _report(session: AsyncSession, wave: Wave, tallied: Mapping[str, Any], published_at: str) -> dict[str, Any]:
    questionnaire = version_of(await session.get_one(Questionnaire, wave.questionnaire_id))
    groups = [group_of(counted, questionnaire) for counted in tallied["groups"]]
    if (last := await _last(session, wave)) is not None:
        earlier, based_on = last
        groups = [with_changes(group, earlier.get((group["family"], group["key"])), based_on) for group in groups]
    head = {
        "wave": wave.key,
        "title": wave.title,
        "threshold": wave.threshold,
        "published_at": published_at,
        "certificate": tallied["certificate"],
        "previous_root": await last_root(session),
    }
    return sealed(head, groups, questionnaire)


async def _last(session: AsyncSession, wave: Wave) -> tuple[Groups, Basis] | None:
    """What the last wave with a version of the same questionnaire published, and what may be compared with it."""
    now = await session.get_one(Questionnaire, wave.questionnaire_id)
    query = (
        select(Release, Questionnaire)
        .join(Wave, Wave.id == Release.wave_id)
        .join(Questionnaire, Questionnaire.id == Wave.questionnaire_id)
        .where(Release.kind == "results", Questionnaire.key == now.key)
        .order_by(Release.id.desc())
        .limit(1)
    )
    row = (await session.execute(query)).one_or_none()
    if row is None:
        return None
    release, then = row
    groups = {(group["family"], group["key"]): group for group in release.content["groups"]}
    return groups, basis(version_of(then), version_of(now))


async def _agreed(session: AsyncSession, wave: Wave) -> list[dict[str, Any]]:
    """In the order of their random keys, which is none. Raises CommentsUnread."""
    query = select(CountedComment).where(CountedComment.wave_id == wave.id).order_by(CountedComment.key)
    comments = (await session.scalars(query)).all()
    unread = sum(not each.is_agreed for each in comments)
    if unread:
        raise CommentsUnread(f"{wave.key}: {unread} of {len(comments)} comments wait for a reader to agree to them.")
    return [{"question": each.question, "text": each.redacted} for each in comments if not each.is_withheld]


def _add(session: AsyncSession, wave: Wave, kind: str, content: dict[str, Any], at: datetime) -> None:
    session.add(
        Release(
            wave_id=wave.id,
            kind=kind,
            root=content["root"],
            previous_root=content["previous_root"] or "",
            published_at=at,
            content=content,
        )
    )
