"""Clients as bad as they come, at one server: each is a bare connection."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

ESTABLISHED = "01"
SMALL = 4_096  # bytes that the system takes in for a client that does not read


class Client:
    """A connection that sends what it is told, and reads only when it is asked to."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    @classmethod
    async def connect(cls, url: str) -> "Client":
        parts = urlsplit(url)
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, (parts.hostname, parts.port))
        return cls(line)

    async def send(self, text: str) -> None:
        await asyncio.get_running_loop().sock_sendall(self._line, text.encode())

    async def read(self) -> str:
        """All that comes until the server closes."""
        found = b""
        with suppress(ConnectionResetError):
            while some := await asyncio.get_running_loop().sock_recv(self._line, 65_536):
                found += some
        return found.decode()

    def close(self) -> None:
        self._line.close()


def post_of(path: str, *, announced: int, sent: str = "") -> str:
    """A form of which so much is announced, and only so much comes."""
    kind = "content-type: application/x-www-form-urlencoded"
    return f"POST {path} HTTP/1.1\r\nhost: engage\r\n{kind}\r\ncontent-length: {announced}\r\n\r\n{sent}"


def connections_to(port: int) -> int:
    """How many connections whoever listens there has not closed."""
    lines = (each.split() for each in Path("/proc/net/tcp").read_text().splitlines()[1:])
    return sum(local.endswith(f":{port:04X}") and state == ESTABLISHED for _, local, _, state, *_ in lines)


def memory_of(pid: int) -> int:
    """Megabytes that the process has in memory."""
    (line,) = (each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) // 1024
