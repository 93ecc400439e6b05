"""A server under load: so many requests at once, made beforehand, and what each cost its processor."""

import asyncio
import os
import re
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tests.server import Server

LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")
LEAD = 0.5  # seconds in which whoever sends gets ready: what they take for it is not the server's delay
TICKS = os.sysconf("SC_CLK_TCK")  # of the processor's time, in a second


class Measured(Server):
    """A server whose processor's time is looked at."""

    @property
    def cpu_seconds(self) -> float:
        """What the processor has spent on it so far."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS


@dataclass(frozen=True, slots=True)
class Turn:
    """Answers in a second, and microseconds of the processor for each."""

    per_second: float
    cpu: float


def posted(path: str, body: str, cookie: str = "") -> bytes:
    """A form as a browser sends it."""
    head = f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
    head += f"cookie: {cookie}\r\n" if cookie else ""
    return f"{head}content-type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()


async def answer_all(server: Measured, sent: Sequence[bytes], at_once: int, status: int = 303) -> Turn:
    """Everything is sent, so much at once, and answered with that status."""
    left = deque(sent)
    spent, begun = server.cpu_seconds, perf_counter()
    await asyncio.gather(*(_answer(server, left, status) for _ in range(at_once)))
    lasted = perf_counter() - begun
    return Turn(len(sent) / lasted, (server.cpu_seconds - spent) / len(sent) * 1_000_000)


async def time_all(server: Measured, sent: Sequence[bytes], per_second: float, status: int = 303) -> list[float]:
    """Everything is sent at that rate, whether or not what was sent before is answered; seconds until each answer."""
    free, begun = list[tuple[asyncio.StreamReader, asyncio.StreamWriter]](), perf_counter() + LEAD

    async def time(place: int, request: bytes) -> float:
        due = begun + place / per_second
        await asyncio.sleep(due - perf_counter())
        connection = free.pop() if free else await asyncio.open_connection("127.0.0.1", server.port)
        await _ask(*connection, request, status)
        free.append(connection)
        return perf_counter() - due

    seconds = await asyncio.gather(*(time(*each) for each in enumerate(sent)))
    for _, writer in free:
        writer.close()
        await writer.wait_closed()
    return seconds


async def _answer(server: Measured, left: deque[bytes], status: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    while left:
        await _ask(reader, writer, left.popleft(), status)
    writer.close()
    await writer.wait_closed()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, status: int) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 %d " % status):
        raise SystemExit(head.decode())
    if length := LENGTH.search(head):
        await reader.readexactly(int(length[1]))


def summary(turns: Sequence[tuple[Turn, Turn]], name: str) -> dict[str, object]:
    """Medians of both ways, the bare one and the one of that name; each ratio is of two neighbouring turns."""
    ratios = [own.per_second / bare.per_second for bare, own in turns]
    return {
        "bare_per_second": round(statistics.median(bare.per_second for bare, _ in turns)),
        f"{name}_per_second": round(statistics.median(own.per_second for _, own in turns)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_from": round(min(ratios), 2),
        "ratio_to": round(max(ratios), 2),
        "bare_cpu_us": round(statistics.median(bare.cpu for bare, _ in turns)),
        f"{name}_cpu_us": round(statistics.median(own.cpu for _, own in turns)),
    }
