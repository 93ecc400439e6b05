"""Boxes opened by the thousand: in memory alone, on all cores, the key and the boxes fed to children through pipes.

A child is started anew, gets everything through its pipe and answers through it. Nothing of it is on a disk.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TypeVar

from engage.surveys.tally.boxes import Boxes

CHUNK = 1_000  # boxes that are opened together
AHEAD = 2  # chunks that wait for each child
FEW = 1_000  # sheets for which no child is worth its start

Opened = TypeVar("Opened")


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
    executor: Executor, work: Callable[[Boxes], Opened], chunks: AsyncIterator[Sequence[bytes]]
) -> AsyncIterator[tuple[int, Opened]]:
    """What the work makes of each chunk, with the number of its boxes; only a few chunks are in memory at a time."""
    loop, most = asyncio.get_running_loop(), AHEAD * (os.cpu_count() or 1)
    waiting: deque[tuple[int, asyncio.Future[Opened]]] = deque()
    async for chunk in chunks:
        waiting.append((len(chunk), loop.run_in_executor(executor, work, Boxes.of(chunk))))
        if len(waiting) > most:
            count, future = waiting.popleft()
            yield count, await future
    for count, future in waiting:
        yield count, await future
