"""Listens for mail from the relay beside us, under limits: whatever is sent, memory and time stay bounded.

Several processes may want to listen. Whoever has the port owns it; the others try again until its owner is gone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import structlog
from aiosmtpd.smtp import SMTP

from engage.notify.watching import BEAT

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one listener: bytes of a mail, conversations at once; of each, bytes and our replies; and times in seconds.

    ``silence`` is for a command, or for the whole of a mail's text, to arrive in; ``pause`` passes between tries to own
    the port.
    """

    size: int = 1024 * 1024
    conversations: int = 50
    volume: int = 16 * 1024 * 1024
    replies: int = 200
    silence: float = 60.0
    conversation: float = 300.0
    pause: float = 5.0


class Listener:
    """One address to listen on, a host and a port; ``handler`` has aiosmtpd's hooks."""

    def __init__(
        self, address: tuple[str, int], handler: object, *, hostname: str, limits: Limits | None = None
    ) -> None:
        self._host, self._port = address
        self._handler = handler
        self._hostname = hostname
        self._limits = limits or Limits()
        self._conversations: set[Conversation] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens once it is open; another one than was asked for where that was 0."""
        assert self._server is not None  # noqa: S101 - asked of an open listener
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def run(self, say_owned: Callable[[], Awaitable[None]]) -> None:
        """Own the port as soon as it is free, and say so again and again, until cancelled."""
        try:
            while True:
                if self._server is not None or await self.open():
                    await say_owned()
                    await asyncio.sleep(BEAT)
                else:
                    await asyncio.sleep(self._limits.pause)
        finally:
            await self.close()

    async def open(self) -> bool:
        """Begin to listen; whether the port was to be had."""
        try:
            self._server = await asyncio.get_running_loop().create_server(self._converse, self._host, self._port)
        except OSError as error:
            log.info("no port to hear replies on, will try again", port=self._port, error=type(error).__name__)
            return False
        log.info("hearing replies", port=self.port)
        return True

    async def close(self) -> None:
        """Stop listening, and end what is being said."""
        if self._server is not None:
            self._server.close()
            for conversation in list(self._conversations):
                await conversation.end()
            await self._server.wait_closed()

    def _converse(self) -> asyncio.BaseProtocol:
        if len(self._conversations) >= self._limits.conversations:
            log.warning("inbound connection refused", reason="too many are open")
            return _Full()
        conversation = Conversation(self._handler, self._limits, self._hostname, self._conversations.discard)
        self._conversations.add(conversation)
        return conversation


class _Full(asyncio.Protocol):
    """Says that it is busy, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        writing = cast("asyncio.WriteTransport", transport)  # uvloop's are no kin of the library's
        writing.write(b"421 4.3.2 Too many connections, try again later\r\n")
        writing.close()


class Conversation(SMTP):
    """One connection. It has a time for each thing and for all, and a number of replies to ask for."""

    def __init__(self, handler: object, limits: Limits, hostname: str, left: Callable[["Conversation"], None]) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(
            handler,
            data_size_limit=limits.size,
            hostname=hostname,
            ident="Engage",
            timeout=limits.silence,
            auth_exclude_mechanism=["LOGIN", "PLAIN"],
            loop=loop,
        )
        self._left = left
        self._bytes_left = limits.volume
        self._replies_left = limits.replies
        self._deadline = loop.call_later(limits.conversation, self._drop, "took too long")

    def connection_lost(self, error: Exception | None) -> None:
        self._deadline.cancel()
        self._left(self)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        self._bytes_left -= len(data)
        if self._bytes_left < 0:
            self._drop("too much was said")
        else:
            super().data_received(data)

    async def push(self, status: Any) -> None:
        """Answer a command. Whoever asks for more than any relay does is not heard to the end."""
        self._replies_left -= 1
        if self._replies_left < 0:
            self._drop("too many commands")
            raise asyncio.CancelledError
        await super().push(status)

    async def end(self) -> None:
        """Hang up, and wait until nothing of it runs."""
        task: asyncio.Task[None] | None = self._handler_coroutine
        self._abort()
        if task is not None:
            await asyncio.wait([task])

    def _timeout_cb(self) -> None:
        self._drop("silent for too long")

    def _drop(self, reason: str) -> None:
        log.warning("inbound conversation dropped", reason=reason)
        self._abort()

    def _abort(self) -> None:
        """Not closed in good order: that would wait for a reader who does not read."""
        if self.transport is not None:
            cast("asyncio.WriteTransport", self.transport).abort()
