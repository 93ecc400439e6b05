"""Marks the message that came back, and tells of an address that is to blame for it. Functions never commit."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import append
from engage.notify.bounces import Failure
from engage.notify.facts import AddressRefused
from engage.notify.models import OutboxMessage
from engage.notify.retry import shown

log = structlog.get_logger()


async def mark(session: AsyncSession, message_id: int, failures: Sequence[Failure], now: datetime) -> bool:
    """Note on the message what its report says; False where it is too early: our own try is not settled yet.

    A failure at another address, where the recipient has mail forwarded to, is noted and no more: another copy may have
    arrived.
    """
    message = await session.get(OutboxMessage, message_id, with_for_update=True)
    if message is not None and message.state == "waiting":
        return False
    if message is None or message.state != "sent" or not failures:
        return True
    own = next((each for each in failures if message.recipient.lower() in each.recipients), None)
    failure = own or failures[0]
    message.reply = shown(f"{failure.code} {failure.reply}")
    log.info("message came back", message=message_id, code=failure.code, is_address_refused=failure.is_address_refused)
    if own is not None:
        message.state = "bounced"
        if own.is_address_refused:
            fact = AddressRefused(message_id=message_id, about=message.stream, code=own.code)
            await append(session, fact, now, actor="relay")
    return True
