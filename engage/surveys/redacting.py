"""Comments read before they are published: by the workforce team and by PCS, each of whom agrees to the text as it is.

A change asks the other reader again. Functions never commit; the wave's row is locked by whoever calls them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import CommentsUnread, NotFound
from engage.people.models import Staff
from engage.surveys.answer_form import tidied
from engage.surveys.marking import Mark, marking, parts_of
from engage.surveys.models import Wave
from engage.surveys.record import PCS, WORKFORCE
from engage.surveys.report_models import CountedComment

AGREEMENT = {WORKFORCE: "workforce_agrees", PCS: "union_agrees"}
LONGEST = 2_000  # characters of a redacted comment, which can be longer than what was said


@dataclass(frozen=True, slots=True)
class Marked:
    """A comment before its readers, with what they should look at."""

    comment: CountedComment
    marks: Sequence[Mark]


async def unpublished(session: AsyncSession, wave: Wave) -> list[Marked]:
    """All comments of the wave in the order of their random keys, marked in the text as it stands."""
    names = parts_of(await session.scalars(select(Staff.name)))
    query = select(CountedComment).where(CountedComment.wave_id == wave.id).order_by(CountedComment.key)
    return [Marked(comment, marking(comment.redacted, names)) for comment in await session.scalars(query)]


async def agree(session: AsyncSession, wave: Wave, key: bytes, role: str, *, seen: tuple[str, bool]) -> None:
    """That reader agrees to the text and the withholding that they saw. Raises NotFound, CommentsUnread."""
    comment = await _find(session, wave, key, role)
    if (comment.redacted, comment.is_withheld) != seen:
        raise CommentsUnread("The other reader changed this comment meanwhile. Read it again.")
    setattr(comment, AGREEMENT[role], True)


async def redact(
    session: AsyncSession, wave: Wave, key: bytes, role: str, *, text: str, is_withheld: bool = False
) -> None:
    """Change what is published of a comment, or whether anything is. Raises NotFound."""
    comment = await _find(session, wave, key, role)
    redacted = tidied(text)[:LONGEST]
    if (comment.redacted, comment.is_withheld) != (redacted, is_withheld):
        comment.redacted, comment.is_withheld = redacted, is_withheld
        comment.workforce_agrees = comment.union_agrees = False
    setattr(comment, AGREEMENT[role], True)


async def _find(session: AsyncSession, wave: Wave, key: bytes, role: str) -> CountedComment:
    comment = await session.get(CountedComment, key)
    if comment is None or comment.wave_id != wave.id or role not in AGREEMENT:
        raise NotFound("There is no such comment.")
    return comment
