"""What was published, found: the releases of the chain, which only ever grows."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.surveys.models import Wave
from engage.surveys.reports.release import root_of_comments
from engage.surveys.reports.report_models import Release

Kind = Literal["results", "comments"]


async def find(session: AsyncSession, wave_key: str, kind: Kind = "results") -> Release | None:
    """What was published of a wave, None where that has not happened."""
    query = select(Release).join(Wave, Wave.id == Release.wave_id)
    return await session.scalar(query.where(Wave.key == wave_key, Release.kind == kind))


async def all_of(session: AsyncSession) -> Sequence[Release]:
    """The whole chain, from its beginning."""
    return (await session.scalars(select(Release).order_by(Release.id))).all()


async def last_root(session: AsyncSession) -> str | None:
    """The root that the next release names."""
    return await session.scalar(select(Release.root).order_by(Release.id.desc()).limit(1))


async def is_linked(session: AsyncSession, release: Release) -> bool:
    """Whether its row says what it holds, and fits the rows before and after it in the chain."""
    query = select(Release.id, Release.root, Release.previous_root).order_by(Release.id)
    chain = (await session.execute(query)).all()
    place = [row.id for row in chain].index(release.id)
    before = chain[place - 1].root if place else ""
    after = [row.previous_root for row in chain[place + 1 : place + 2]]
    held = (release.content.get("previous_root") or "", release.content.get("root"))
    return held == (release.previous_root, release.root) == (before, release.root) and after in ([], [release.root])


def stored_faults(chain: Sequence[Release]) -> list[str]:
    """How the rows of the whole chain differ from what they hold, and from one another."""
    found = []
    for before, release in zip((None, *chain), chain, strict=False):
        name = f"{release.content.get('wave')} ({release.kind})"
        if release.root != release.content.get("root"):
            found.append(f"{name}: its root in the chain is another one than its content has")
        if release.kind == "comments" and release.root != root_of_comments(release.content):
            found.append(f"{name}: the comments do not fit their root")
        named = {release.previous_root or None, release.content.get("previous_root")}
        if named != {before.root if before else None}:
            found.append(f"{name}: does not name the release before it")
    return found
