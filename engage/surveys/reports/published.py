"""What is published, put together for one reader: the file of their audience, its figures, and the waves before."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from engage.errors import NotFound
from engage.surveys.follow_up.action_models import Action
from engage.surveys.follow_up.actions import actions_of
from engage.surveys.follow_up.followed import About, Followed, follow
from engage.surveys.models import Wave
from engage.surveys.reports.audiences import PUBLIC
from engage.surveys.reports.release import scope, with_comments
from engage.surveys.reports.releases import is_linked
from engage.surveys.reports.report import Report, read
from engage.surveys.reports.report_models import Release
from engage.surveys.reports.soundness import amiss

NO_REPORT = "There is no such report."
UNLINKED = "the chain: this release does not fit those before and after it"
RESULTS, COMMENTS = "results", "comments"


@dataclass(frozen=True, slots=True)
class Kept:
    """An action of the wave before, and what became of the figure that it was for."""

    action: Action
    followed: Followed | None


@dataclass(frozen=True, slots=True)
class Published:
    """One wave before one reader: ``content`` is the file of their widest audience, ``report`` all that they may see.

    ``earlier`` are the waves before, the oldest first; ``kept`` what was promised after the last of them; ``amiss`` how
    what is stored differs from what was published.
    """

    wave: Wave
    content: Mapping[str, Any]
    report: Report
    earlier: tuple[Report, ...]
    actions: tuple[Action, ...]
    kept: tuple[Kept, ...]
    amiss: tuple[str, ...]


async def waves_published(session: AsyncSession, *, is_public: bool = False) -> Sequence[tuple[Wave, Release]]:
    """The waves that have results, the newest first, without their content; the public's alone where that is asked."""
    query = _published(is_public=is_public).options(defer(Release.content)).order_by(Release.id.desc())
    return [(wave, release) for wave, release in await session.execute(query)]


async def open_report(session: AsyncSession, key: str, audiences: Sequence[str]) -> Published:
    """The report of a wave for a reader of those audiences. Raises NotFound where there is none, or none for them."""
    query = _published(is_public=list(audiences) == [PUBLIC]).order_by(Release.id)
    rows = [(wave, release) for wave, release in await session.execute(query)]
    place = next((place for place, (wave, _) in enumerate(rows) if wave.key == key), None)
    if place is None:
        raise NotFound(NO_REPORT)
    (wave, release), past = rows[place], rows[:place]
    actions = await actions_of(session, [each.id for each, _ in rows[max(0, place - 1) : place + 1]])
    own = tuple(action for action in actions if action.wave_id == wave.id)
    whole = with_comments(release.content, await _comments(session, wave.id))
    files = in_scope(whole, audiences)
    content = files[0] | {"actions": [as_json(action, files[0]["audience"]) for action in own]}
    shown = together(whole, files)
    unlinked = () if await is_linked(session, release) else (UNLINKED,)
    found = await asyncio.to_thread(amiss, shown) + unlinked
    earlier = tuple(read(together(each.content, in_scope(each.content, [*audiences, PUBLIC]))) for _, each in past)
    report = read(shown)
    kept = tuple(_kept(action, earlier[-1], report) for action in actions if action.wave_id != wave.id)
    return Published(wave, content, report, earlier, own, kept, found)


def in_scope(content: dict[str, Any], audiences: Sequence[str]) -> list[dict[str, Any]]:
    """The files of the audiences that this wave has. Raises NotFound where there is none."""
    files = []
    for audience in audiences:
        with suppress(NotFound):  # the chair of a group that this wave did not have
            files.append(scope(content, audience))
    if not files:
        raise NotFound(NO_REPORT)
    return files


def together(content: Mapping[str, Any], files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that somebody sees who may read several files, in the order of the whole."""
    seen = {(each["family"], each["key"]) for file in files for each in file["groups"]}
    groups = [group for group in content["groups"] if (group["family"], group["key"]) in seen]
    return dict(files[0]) | {"groups": groups}


def as_json(action: Action, audience: str) -> dict[str, Any]:
    """An action as a file shows it; the public is not told whose it is."""
    about = {"theme": action.theme, "question": action.question, "family": action.family, "group": action.group}
    said = {} if audience == PUBLIC else {"owner": action.owner, "evidence": action.evidence}
    return {"title": action.title, **about, "status": action.status, "due_on": action.due_on.isoformat(), **said}


def about_of(action: Action) -> About:
    """What the action is for."""
    return About(action.theme, action.question, action.family, action.group)


def _published(*, is_public: bool) -> Select[Wave, Release]:
    query = select(Wave, Release).join(Release, Release.wave_id == Wave.id).where(Release.kind == RESULTS)
    return query.where(Wave.is_public) if is_public else query


async def _comments(session: AsyncSession, wave_id: int) -> dict[str, Any] | None:
    """The release of the wave's comments, None until they are redacted."""
    query = select(Release.content).where(Release.wave_id == wave_id, Release.kind == COMMENTS)
    return await session.scalar(query)


def _kept(action: Action, then: Report, now: Report) -> Kept:
    return Kept(action, follow(about_of(action), then, now))
