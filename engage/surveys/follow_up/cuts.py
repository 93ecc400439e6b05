"""Wishes for other groups in the next wave's results, and their answers: all of it on the record."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound, OutOfOrder
from engage.surveys.follow_up.action_models import CutRequest
from engage.surveys.follow_up.actions import Speaker


async def wishes(session: AsyncSession) -> Sequence[CutRequest]:
    """All of them, the newest first."""
    return (await session.scalars(select(CutRequest).order_by(CutRequest.id.desc()))).all()


async def unanswered(session: AsyncSession) -> Sequence[CutRequest]:
    """Those that the next consultation has to deal with, the oldest first."""
    query = select(CutRequest).where(CutRequest.answer.is_(None)).order_by(CutRequest.id)
    return (await session.scalars(query)).all()


async def ask(session: AsyncSession, speaker: Speaker, text: str, now: datetime) -> None:
    """Put a wish on the record."""
    session.add(CutRequest(author=speaker.email, role=speaker.role, text=text, asked_at=now))


async def answer(session: AsyncSession, number: int, text: str, now: datetime) -> None:
    """Answer a wish, once, under the lock of its row. Raises NotFound, OutOfOrder."""
    request = await session.get(CutRequest, number)
    if request is None:
        raise NotFound("There is no such request.")
    if request.answer is not None:
        raise OutOfOrder("This request has been answered already. Nothing was changed.")
    request.answer, request.answered_at = text, now
