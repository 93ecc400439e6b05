"""Comments read before they are published: by the workforce team and by PCS, each of whom agrees to the text as it is.

Those are two people, also where somebody speaks for both. A change asks the other reader again. Functions never commit;
the wave's row is locked by whoever calls them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import CommentsUnread, NotFound
from engage.people.models import Staff
from engage.surveys.answers.answer_form import tidied
from engage.surveys.comments.marking import Mark, marking, parts_of
from engage.surveys.consultations.record import PCS, WORKFORCE, role_title
from engage.surveys.follow_up.actions import Speaker
from engage.surveys.models import Wave
from engage.surveys.reports.report_models import CountedComment

READERS = {WORKFORCE: "workforce_reader", PCS: "union_reader"}
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


async def agree(session: AsyncSession, wave: Wave, key: bytes, reader: Speaker, *, seen: tuple[str, bool]) -> None:
    """That reader agrees to the text and the withholding that they saw. Raises NotFound, CommentsUnread."""
    comment = await _find(session, wave, key, reader)
    if (comment.redacted, comment.is_withheld) != seen:
        raise CommentsUnread("The other reader changed this comment meanwhile. Read it again.")
    _agree(comment, reader)


async def redact(
    session: AsyncSession, wave: Wave, key: bytes, reader: Speaker, *, text: str, is_withheld: bool = False
) -> None:
    """Change what is published of a comment, or whether anything is. Raises NotFound, CommentsUnread."""
    comment = await _find(session, wave, key, reader)
    redacted = tidied(text)[:LONGEST]
    if (comment.redacted, comment.is_withheld) != (redacted, is_withheld):
        comment.redacted, comment.is_withheld = redacted, is_withheld
        comment.workforce_reader = comment.union_reader = None
    _agree(comment, reader)


def may_agree(comment: CountedComment, reader: Speaker) -> bool:
    """Whether nobody has agreed for the other side, or somebody else has."""
    return all(getattr(comment, agreed) != reader.email for role, agreed in READERS.items() if role != reader.role)


def _agree(comment: CountedComment, reader: Speaker) -> None:
    if not may_agree(comment, reader):
        raise CommentsUnread(
            "You agreed to this comment for the other side, so somebody else must agree to it as "
            f"{role_title(reader.role)}."
        )
    setattr(comment, READERS[reader.role], reader.email)


async def _find(session: AsyncSession, wave: Wave, key: bytes, reader: Speaker) -> CountedComment:
    comment = await session.get(CountedComment, key)
    if comment is None or comment.wave_id != wave.id or reader.role not in READERS:
        raise NotFound("There is no such comment.")
    return comment
