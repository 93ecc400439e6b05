"""Putting messages into the outbox, in the transaction that has a reason to send them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.calendar import Person
from engage.notify.message import Message
from engage.notify.models import OutboxMessage
from engage.storage.database import insert_for, ring

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # past by the real clock too, when ``now`` is that of a rehearsal
IN_TURN = AT_ONCE + timedelta(days=1)  # of messages to many: past too, and behind what somebody waits for


@dataclass(frozen=True, slots=True)
class Unwritten:
    """A message that could not be made for this recipient: kept as a dead letter, so that the others go on."""

    key: str
    sender: Person
    recipient: Person
    reason: str
    message_id: str = ""


async def put(
    session: AsyncSession,
    message: Message | Unwritten,
    *,
    kind: str,
    stream: str,
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> bool:
    """Keep the message for delivery and wake the worker; False, and nothing done, where its key is known already.

    ``details`` is what has to be true still when the message is claimed for sending.
    """
    row = row_of(message, kind=kind, stream=stream, now=now, details=details)
    return await put_rows(session, [row]) == 1


def row_of(
    message: Message | Unwritten, *, kind: str, stream: str, now: datetime, details: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The message as a row of the outbox, written out: for many, this is done before their transaction begins.

    What cannot be written, or has an address that not every relay takes, is a dead letter at once.
    """
    content, reason = _written(message)
    return {
        "key": message.key,
        "kind": kind,
        "stream": stream,
        "recipient": message.recipient.address,
        "envelope_from": message.sender.address,
        "message_id": message.message_id,
        "content": content,
        "details": dict(details or {}),
        "state": "waiting" if reason is None else "dead",
        "reply": reason,
        "due_at": AT_ONCE,
        "created_at": now,
        "settled_at": None if reason is None else now,
    }


async def put_rows(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Keep the messages in one statement; the number of those whose key was not known already."""
    if not rows:
        return 0
    statement = (
        insert_for(session)(OutboxMessage)
        .on_conflict_do_nothing(index_elements=[OutboxMessage.key])
        .returning(OutboxMessage.id)
    )
    in_order = sorted(
        rows, key=lambda row: row["key"]
    )  # whoever puts the same messages at once waits, and not for ever
    made = len((await session.scalars(statement, in_order)).all())
    if made:
        ring(session)
    return made


def _written(message: Message | Unwritten) -> tuple[bytes | None, str | None]:
    """The message's bytes, or None and why there are none."""
    if isinstance(message, Unwritten):
        return None, message.reason
    try:
        return message.to_bytes(), None
    except ValueError as error:
        return None, f"not sent: {error}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that was put and not dropped; ``is_begun`` once it may be on its way or was given up."""

    id: int
    stream: str
    is_begun: bool
    details: Mapping[str, Any]


async def kept(session: AsyncSession, streams: Sequence[str], kind: str) -> list[Kept]:
    """The messages of that kind in these streams, but for those that were dropped."""
    is_begun = or_(OutboxMessage.state != "waiting", OutboxMessage.lease.is_not(None))
    query = select(OutboxMessage.id, OutboxMessage.stream, is_begun, OutboxMessage.details).where(
        OutboxMessage.stream.in_(streams), OutboxMessage.kind == kind, OutboxMessage.state != "dropped"
    )
    return [Kept(*row) for row in await session.execute(query)]


async def count_since(session: AsyncSession, stream: str, kinds: Sequence[str], since: datetime) -> int:
    """How many messages of these kinds the stream got after that instant, whatever became of them."""
    query = select(func.count()).where(
        OutboxMessage.stream == stream, OutboxMessage.kind.in_(kinds), OutboxMessage.created_at > since
    )
    return await session.scalar(query) or 0
