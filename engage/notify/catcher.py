"""The built-in mail catcher: an SMTP server on loopback that keeps what it is sent, for where no relay is set up."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import Overloaded
from engage.late import library
from engage.notify.models import CaughtMessage
from engage.storage.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session


def _real_now() -> datetime:
    return datetime.now(UTC)


class Catcher:
    """Listens on a port of its own on 127.0.0.1 from `open` to `close`; mail takes the same way as to a relay."""

    def __init__(self, unit_of_work: UnitOfWork, clock: Callable[[], datetime] = _real_now) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._server: asyncio.Server | None = None

    async def open(self) -> str:
        """Begin to listen; the answer is an SMTP_URL."""
        self._server = await asyncio.get_running_loop().create_server(self._converse, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"smtp://127.0.0.1:{port}?starttls=never"

    async def close(self) -> None:
        """Stop listening; conversations under way end with their connections."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _converse(self) -> "SMTP":
        made: SMTP = library("aiosmtpd.smtp").SMTP(self, hostname="localhost", loop=asyncio.get_running_loop())
        return made

    async def handle_DATA(self, server: "SMTP", session: "Session", envelope: "Envelope") -> str:  # noqa: N802 - its caller's name
        """Keep the message; it is accepted when it is on the disk."""
        caught = CaughtMessage(
            received_at=self._clock(),
            envelope_from=envelope.mail_from or "",
            recipients=", ".join(envelope.rcpt_tos),
            content=envelope.original_content or b"",
        )

        async def keep(session: AsyncSession) -> None:
            session.add(caught)

        try:
            await self._unit_of_work.run(keep)
        except Overloaded:
            return "451 4.3.1 Busy, try again later"
        return "250 2.0.0 Caught"
