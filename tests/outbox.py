"""An outbox to fill and to look into."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork


class Outbox:
    """Puts messages into the outbox and looks at them."""

    def __init__(self, database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
        self._database = database
        self._unit_of_work = unit_of_work
        self._now = now
        self._made = 0

    async def put(self, recipient: str = "somebody@example.org", stream: str | None = None) -> int:
        self._made += 1
        message_id = f"<{self._made}@engage.example.org>"
        message = OutboxMessage(
            key=f"message:{self._made}",
            kind="place_confirmed",
            stream=stream or f"registration:{self._made}",
            recipient=recipient,
            envelope_from="evenings@example.org",
            message_id=message_id,
            content=f"Message-ID: {message_id}\r\nSubject: {self._made}\r\n\r\n.\r\nWelcome\r\n".encode(),
            due_at=self._now,
            created_at=self._now,
        )

        async def command(session: AsyncSession) -> int:
            session.add(message)
            await session.flush()
            return message.id

        return await self._unit_of_work.run(command)

    async def get(self, key: int) -> OutboxMessage:
        async with self._database.reading() as session:
            return await session.get_one(OutboxMessage, key)

    async def states(self) -> list[str]:
        return [message.state for message in await self.every(OutboxMessage)]

    async def every(self, model: type[Any]) -> list[Any]:
        async with self._database.reading() as session:
            return list(await session.scalars(select(model)))
