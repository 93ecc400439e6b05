"""The worker inside a web process. Of the processes that one `engage serve` starts, one at a time has it.

Whoever holds a lock on the group's file has the turn. The system gives it back when a process ends, however it ends;
where the file is gone, two may work, which costs a little and harms nothing.
"""

import asyncio
import fcntl
import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

import structlog

from engage.worker import Worker

LOOK_SECONDS = 1.0

log = structlog.get_logger()


class EmbeddedWorker:
    """``turn`` is the file of a group of processes; without one the worker starts at once."""

    def __init__(self, worker: Worker, turn: Path | None = None) -> None:
        self._worker = worker
        self._turn = turn
        self._task: asyncio.Task[None] | None = None
        self._held = ExitStack()

    async def start(self) -> None:
        if self._turn is None:
            await self._worker.start()
        else:
            self._task = asyncio.create_task(self._start_in_turn(self._turn))

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._worker.stop()
        self._held.close()

    async def _start_in_turn(self, turn: Path) -> None:
        with suppress(FileNotFoundError):
            await _take(self._held.enter_context(turn.open("rb")))
        try:
            await self._worker.start()
        except Exception:
            log.exception("the worker cannot start")
        log.info("this process has the worker", process=os.getpid())


async def _take(file: IO[bytes]) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            return
