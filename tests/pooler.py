"""A connection pooler in transaction mode, as unkind as such a thing may be.

Each transaction gets the server connection that rested longest, so never the one before where there are several, and
afterwards that forgets all that belonged to the session: settings, prepared statements, locks, LISTEN. Which process
serves nobody is told, but a number of the pooler's own.
"""

import asyncio
import struct
from contextlib import suppress
from typing import Self
from urllib.parse import parse_qs, urlsplit

PROTOCOL = 196_608
SSL, GSS = 80_877_103, 80_877_104
CONNECTIONS = 4
OWN = (b"K", struct.pack("!ii", 2**31 - 1, 0))  # no process has that number, and nobody is cancelled by it
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Message = tuple[bytes, bytes]


class Pooler:
    """`async with Pooler(url) as pooler:` takes connections at `pooler.url` over few to the database of that URL.

    ``transactions`` counts those that went through.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.transactions = 0
        self._database, self._user = parts.path[1:], parts.username or "postgres"
        self._folder = parse_qs(parts.query)["host"][0]
        self._greeting: list[Message] = []
        self._idle: asyncio.Queue[Line] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        for _ in range(CONNECTIONS):
            await self._idle.put(await self._connect())
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1")
        port = self._listener.sockets[0].getsockname()[1]
        self.url = f"postgresql://{self._user}@127.0.0.1:{port}/{self._database}"
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._listener.close()
        for _ in range(CONNECTIONS):
            _, writer = await self._idle.get()
            writer.close()
            await writer.wait_closed()

    async def _connect(self) -> Line:
        reader, writer = await asyncio.open_unix_connection(f"{self._folder}/.s.PGSQL.5432")
        given = b"".join(each.encode() + b"\0" for each in ("user", self._user, "database", self._database))
        writer.write(struct.pack("!ii", len(given) + 9, PROTOCOL) + given + b"\0")
        self._greeting = []
        while (message := await _read(reader))[0] != b"Z":
            self._greeting.append(OWN if message[0] == OWN[0] else message)
        return reader, writer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            if await _is_client(reader, writer):
                _write(writer, *self._greeting, (b"Z", b"I"))
                while (message := await _read(reader))[0] != b"X":
                    await self._transaction(message, (reader, writer))
        writer.close()

    async def _transaction(self, message: Message, client: Line) -> None:
        server = await self._idle.get()
        try:
            while not await self._is_over(message, client, server):
                message = await _read(client[0])
            self.transactions += 1
            _write(server[1], (b"Q", b"DISCARD ALL\0"))
            while (await _read(server[0]))[0] != b"Z":
                pass
        except BaseException:
            server[1].close()  # which rolls back
            server = await self._connect()
            raise
        finally:
            await self._idle.put(server)

    async def _is_over(self, message: Message, client: Line, server: Line) -> bool:
        """Pass a message on, and its answer back where it wants one; whether the transaction ended."""
        _write(server[1], message)
        if message[0] not in (b"Q", b"S"):
            return False
        while True:
            answer = await _read(server[0])
            _write(client[1], answer)
            if answer[0] == b"Z":
                await client[1].drain()
                return answer[1] == b"I"


async def _is_client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether somebody wants to begin, and not to have a statement cancelled."""
    while True:
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        body = await reader.readexactly(length - 4)
        (code,) = struct.unpack("!i", body[:4])
        if code not in (SSL, GSS):
            return bool(code == PROTOCOL)
        writer.write(b"N")


async def _read(reader: asyncio.StreamReader) -> Message:
    kind = await reader.readexactly(1)
    (length,) = struct.unpack("!i", await reader.readexactly(4))
    return kind, await reader.readexactly(length - 4)


def _write(writer: asyncio.StreamWriter, *messages: Message) -> None:
    writer.write(b"".join(kind + struct.pack("!i", len(body) + 4) + body for kind, body in messages))
