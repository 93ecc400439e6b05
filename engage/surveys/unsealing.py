"""Boxes opened by the thousand: in memory alone, on all cores, the key and the boxes fed to children through pipes.

A child is started anew, gets everything through its pipe and answers through it. Nothing of it is on a disk.
"""

import asyncio
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TypeVar

from engage.surveys.counting import Piles, Reader
from engage.surveys.seal import Damaged, Unsealer

CHUNK = 1_000  # boxes that are opened together
AHEAD = 2  # chunks that wait for each child
FEW = 1_000  # sheets for which no child is worth its start

Opened = TypeVar("Opened")


@dataclass(frozen=True, slots=True)
class OpenedSheets:
    """What one chunk of boxes held."""

    piles: Piles
    damaged: int


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens boxes of one wave; goes through the pipe along with each chunk of them."""

    private_key: bytes = field(repr=False)
    reader: Reader

    def sheets(self, boxes: Sequence[bytes]) -> OpenedSheets:
        """What the sheets say, by signature; those that do not open or do not fit are only counted."""
        unsealer = Unsealer(self.private_key)
        piles: defaultdict[int, bytearray] = defaultdict(bytearray)
        damaged = 0
        for box in boxes:
            try:
                signature, answers = self.reader.read(*unsealer.sheet(box))
                piles[signature] += answers
            except Damaged:
                damaged += 1
        return OpenedSheets({signature: bytes(answers) for signature, answers in piles.items()}, damaged)

    def comments(self, boxes: Sequence[bytes]) -> list[tuple[str, str]]:
        """What was said, each with the key of its question; a damaged box said nothing."""
        unsealer = Unsealer(self.private_key)
        keys = [comment.key for comment in self.reader.questionnaire.comments]
        said: list[tuple[str, str]] = []
        for box in boxes:
            try:
                texts = unsealer.comments(box)
            except Damaged:
                continue
            said += [(key, text) for key, text in zip(keys, texts, strict=False) if text.strip()]
        return said


@contextmanager
def openers(boxes: int, cores: int | None = None) -> Iterator[Executor]:
    """Whoever opens that many boxes: a thread for a few, for many a child on each core."""
    if boxes <= FEW:
        executor: Executor = ThreadPoolExecutor(1)
    else:
        executor = ProcessPoolExecutor(cores or os.cpu_count(), mp_context=get_context("spawn"))
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


async def each_opened(
    executor: Executor, work: Callable[[Sequence[bytes]], Opened], chunks: AsyncIterator[Sequence[bytes]]
) -> AsyncIterator[tuple[int, Opened]]:
    """What the work makes of each chunk, with the number of its boxes; only a few chunks are in memory at a time."""
    loop, most = asyncio.get_running_loop(), AHEAD * (os.cpu_count() or 1)
    waiting: deque[tuple[int, asyncio.Future[Opened]]] = deque()
    async for chunk in chunks:
        waiting.append((len(chunk), loop.run_in_executor(executor, work, chunk)))
        if len(waiting) > most:
            count, future = waiting.popleft()
            yield count, await future
    for count, future in waiting:
        yield count, await future
