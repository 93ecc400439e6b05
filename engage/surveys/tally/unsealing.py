"""Boxes opened by the thousand: in memory alone, on all cores, the key and the boxes fed to children through pipes.

A child is started anew, gets everything through its pipe, answers through it, and ends with it. Nothing of it is on a
disk.
"""

import asyncio
import os
import pickle
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from queue import SimpleQueue
from subprocess import PIPE, Popen
from typing import TypeVar

from engage.errors import OpenerGone
from engage.surveys.tally.boxes import Boxes

CHUNK = 1_000  # boxes that are opened together
AHEAD = 2  # chunks that wait for each child
FEW = 1_000  # sheets for which no child is worth its start
CHILD = ("-S", "-c", "from engage.surveys.tally.child import serve; serve()")

Opened = TypeVar("Opened")
Work = Callable[[Boxes], Opened]


class Openers:
    """Threads that open boxes by themselves, or each by one of the children."""

    def __init__(self, threads: ThreadPoolExecutor, children: Sequence[Popen[bytes]]) -> None:
        self.threads = threads
        self._has_children = bool(children)
        self._idle: SimpleQueue[Popen[bytes]] = SimpleQueue()
        for child in children:
            self._idle.put(child)

    def open(self, work: Work[Opened], boxes: Boxes) -> Opened:
        """What the work makes of the boxes. Raises OpenerGone."""
        if not self._has_children:
            return work(boxes)
        child = self._idle.get()
        try:
            return _asked(child, work, boxes)
        finally:
            self._idle.put(child)


@contextmanager
def openers(boxes: int, cores: int | None = None) -> Iterator[Openers]:
    """Whoever opens that many boxes: a thread for a few, for many a child on each core."""
    number = 0 if boxes <= FEW else cores or os.cpu_count() or 1
    with ExitStack() as stack:
        children = [stack.enter_context(_child()) for _ in range(number)]
        threads = ThreadPoolExecutor(number or 1)
        stack.callback(threads.shutdown, cancel_futures=True)
        yield Openers(threads, children)


async def each_opened(
    openers: Openers, work: Work[Opened], chunks: AsyncIterator[Sequence[bytes]]
) -> AsyncIterator[tuple[int, Opened]]:
    """What the work makes of each chunk, with the number of its boxes; only a few chunks are in memory at a time."""
    loop, most = asyncio.get_running_loop(), AHEAD * (os.cpu_count() or 1)
    waiting: deque[tuple[int, asyncio.Future[Opened]]] = deque()
    async for chunk in chunks:
        waiting.append((len(chunk), loop.run_in_executor(openers.threads, openers.open, work, Boxes.of(chunk))))
        if len(waiting) > most:
            count, future = waiting.popleft()
            yield count, await future
    for count, future in waiting:
        yield count, await future


@contextmanager
def _child() -> Iterator[Popen[bytes]]:
    """Without Python's own look for packages: it is told where they are. An interrupt is for its parent to hear."""
    command, places = (sys.executable, *CHILD), {"PYTHONPATH": os.pathsep.join(sys.path)}
    child = Popen(command, stdin=PIPE, stdout=PIPE, env=os.environ | places, start_new_session=True)  # noqa: S603
    try:
        yield child
    finally:
        with suppress(BrokenPipeError), child:  # one that has ended takes nothing any more
            pass


def _asked(child: Popen[bytes], work: Work[Opened], boxes: Boxes) -> Opened:
    assert child.stdin and child.stdout  # noqa: S101, PT018 - it was started with both
    try:
        pickle.dump((work, boxes), child.stdin, pickle.HIGHEST_PROTOCOL)
        child.stdin.flush()
        made: Opened = pickle.load(child.stdout)  # noqa: S301 - from a child of this process
    except (EOFError, OSError, pickle.UnpicklingError) as error:
        raise OpenerGone("A process that opened boxes has ended. Nothing was changed: tally again.") from error
    return made
