"""The worker inside a web process. Of the processes that one `engage serve` starts, one at a time has it.

Whoever holds a lock on the group's file has the turn. The system gives it back when a process ends, however it ends;
where the file is gone, two may work, which costs a little and harms nothing. A server that was just started answers
first: what only the worker needs is loaded after a moment, in a thread.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from engage.worker import Worker

LOOK_SECONDS = 1.0
FIRST_SECONDS = 0.5  # in which a server that was just started is its visitors' alone

log = structlog.get_logger()


class EmbeddedWorker:
    """``make`` loads it; ``turn`` is the file of a group of processes, and without one it is always its turn."""

    def __init__(self, make: Callable[[], "Worker"], turn: Path | None = None) -> None:
        self._make = make
        self._turn = turn
        self._worker: Worker | None = None
        self._held = ExitStack()

    def start(self) -> None:
        self._task = asyncio.create_task(self._start_in_turn())

    async def stop(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        if self._worker is not None:
            await self._worker.stop()
        self._held.close()

    async def _start_in_turn(self) -> None:
        await asyncio.sleep(FIRST_SECONDS)
        if self._turn is not None:
            with suppress(FileNotFoundError):
                await _take(self._held.enter_context(self._turn.open("rb")))
        try:
            self._worker = await asyncio.to_thread(self._make)
            await self._worker.start()
        except Exception:
            log.exception("the worker cannot start")
            self._held.close()  # another process may be able to
            return
        if self._turn is not None:
            log.info("this process has the worker", process=os.getpid())


async def _take(file: IO[bytes]) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            return
