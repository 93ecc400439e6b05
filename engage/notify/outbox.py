"""Putting messages into the outbox, in the transaction that has a reason to send them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.database import insert_for, ring
from engage.notify.message import Message
from engage.notify.models import OutboxMessage

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # past by the real clock too, when ``now`` is that of a rehearsal


async def put(
    session: AsyncSession,
    message: Message,
    *,
    kind: str,
    stream: str,
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Keep the message for delivery and wake the worker; False, and nothing done, where its key is known already.

    ``details`` is what has to be true still when the message is claimed for sending.
    """
    statement = (
        insert_for(session)(OutboxMessage)
        .values(
            key=message.key,
            kind=kind,
            stream=stream,
            recipient=message.recipient.address,
            envelope_from=message.sender.address,
            message_id=message.message_id,
            content=message.to_bytes(),
            details=dict(details or {}),
            due_at=AT_ONCE,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=[OutboxMessage.key])
        .returning(OutboxMessage.id)
    )
    is_new = await session.scalar(statement) is not None
    if is_new:
        await ring(session)
    return is_new


async def count_since(session: AsyncSession, stream: str, kinds: Sequence[str], since: datetime) -> int:
    """How many messages of these kinds the stream got after that instant, whatever became of them."""
    query = select(func.count()).where(
        OutboxMessage.stream == stream, OutboxMessage.kind.in_(kinds), OutboxMessage.created_at > since
    )
    return await session.scalar(query) or 0
