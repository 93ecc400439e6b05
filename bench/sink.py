"""A relay that takes everything and costs next to nothing, in a process of its own: `python -m bench.sink`.

It says on its first line the port on loopback where it listens, and ends with its standard input.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

END = b"\r\n.\r\n"
ANSWERS = {
    b"EHLO": b"250-localhost\r\n250 SIZE 33554432\r\n",
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 Bye\r\n",
}


class Conversation(asyncio.Protocol):
    """One connection. Every message is taken unread."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._tail = b""
        self._is_content = False
        transport.write(b"220 localhost\r\n")

    def data_received(self, data: bytes) -> None:
        """Whoever talks waits for each answer, so that a piece of content ends with the message or not at all."""
        if self._is_content:
            self._tail = (self._tail + data)[-len(END) :]
            if self._tail == END:
                self._is_content = False
                self._transport.write(b"250 2.0.0 Taken\r\n")
            return
        command = data[:4].upper()
        self._is_content, self._tail = command == b"DATA", b"\r\n"
        self._transport.write(ANSWERS.get(command, b"250 2.0.0 OK\r\n"))
        if command == b"QUIT":
            self._transport.close()


@contextmanager
def sink() -> Iterator[str]:
    """Its address, as an SMTP_URL, for as long as the block lasts."""
    command = [sys.executable, "-m", "bench.sink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"smtp://127.0.0.1:{int(process.stdout.readline())}?starttls=never"
        process.stdin.close()


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
