"""What the outbox forgets, and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Delete, Update, delete, select, update

from engage.notify.models import CaughtMessage, OutboxMessage

BODIES_KEPT = timedelta(days=14)


def statements(now: datetime) -> dict[str, Delete | Update]:
    """Bodies two weeks after sending, and as long after their refusal."""
    before = now - BODIES_KEPT
    return {
        "message bodies": update(OutboxMessage)
        .where(OutboxMessage.settled_at < before, OutboxMessage.content.is_not(None))
        .values(content=None),
        "caught messages": delete(CaughtMessage).where(CaughtMessage.received_at < before),
    }


def beginning(stream: str, limit: int) -> Delete:
    """Some of the messages of all streams that begin so, with their recipients' addresses."""
    some = select(OutboxMessage.id).where(OutboxMessage.stream.startswith(stream)).limit(limit)
    return delete(OutboxMessage).where(OutboxMessage.id.in_(some))


def about(streams: Sequence[str]) -> Delete:
    """All messages of these streams, with their recipients' addresses."""
    return delete(OutboxMessage).where(OutboxMessage.stream.in_(streams))
