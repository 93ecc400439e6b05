"""Writes go through one small unit of work: commands that wait while the last commit is under way share the next one.

A burst costs a few commits, a lone command waits for nobody, and each command of a batch has a savepoint of its own, so
that a refused one harms no other. The rows that a batch names are locked first, in key order, so that processes never
deadlock.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.database import Base, Database
from engage.errors import Overloaded

Answer = TypeVar("Answer")
Command = Callable[[AsyncSession], Awaitable[Answer]]
Lock = tuple[type[Base], int]

LARGEST_BATCH = 64
MOST_WAITING = 4_000


@dataclass(slots=True)
class _Waiting:
    command: Command[Any]
    locks: Sequence[Lock]
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class UnitOfWork:
    """The one writer of a process. Commands run in the order in which they came and are answered once committed."""

    def __init__(self, database: Database, *, is_locking: bool = True) -> None:
        self._database = database
        self._is_locking = is_locking
        self._queue: deque[_Waiting] = deque()
        self._drain: asyncio.Task[None] | None = None

    async def run(self, command: Command[Answer], *, locks: Sequence[Lock] = ()) -> Answer:
        """What the command answers, once it is on the disk. What it raises is raised here, and nothing of it is kept.

        The named rows are locked and loaded before any command of the batch runs. Raises Overloaded, at once, where
        too many wait.
        """
        if len(self._queue) >= MOST_WAITING:
            raise Overloaded("The service is very busy. Nothing was changed: please try again in a moment.")
        waiting = _Waiting(command, locks)
        self._queue.append(waiting)
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._commit_all())
        answer: Answer = await waiting.answer
        return answer

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._drain is not None:
            await self._drain

    async def _commit_all(self) -> None:
        while self._queue:
            batch = self._next_batch()
            try:
                outcomes = await self._commit(batch)
            except Exception as error:  # noqa: BLE001 - the batch failed as a whole: nobody may wait for ever
                outcomes = [error] * len(batch)
            for waiting, outcome in zip(batch, outcomes, strict=True):
                _settle(waiting.answer, outcome)

    def _next_batch(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        while self._queue and len(batch) < LARGEST_BATCH:
            waiting = self._queue.popleft()
            if not waiting.answer.cancelled():
                batch.append(waiting)
        return batch

    async def _commit(self, batch: list[_Waiting]) -> list[Any]:
        if not batch:
            return []
        async with self._database.writing() as session:
            held = await self._lock(session, batch)
            if len(batch) == 1:
                return [await batch[0].command(session)]
            outcomes: list[Any] = []
            for waiting in batch:
                outcome = await _attempt(session, waiting.command)
                if isinstance(outcome, Exception):
                    held = await self._lock(session, batch)  # the rollback emptied what the command had changed
                outcomes.append(outcome)
            held.clear()
        return outcomes

    async def _lock(self, session: AsyncSession, batch: list[_Waiting]) -> list[Base]:
        """Lock the rows in key order; the answer keeps them in the session, which refers to them weakly."""
        keys: dict[type[Base], set[int]] = defaultdict(set)
        for waiting in batch:
            for model, key in waiting.locks:
                keys[model].add(key)
        held: list[Base] = []
        for model in sorted(keys, key=lambda each: each.__tablename__):
            key_column = model.__mapper__.primary_key[0]
            query = select(model).where(key_column.in_(keys[model])).order_by(key_column)
            if self._is_locking:
                query = query.with_for_update(key_share=True)
            held.extend(await session.scalars(query.execution_options(populate_existing=True)))
        return held


async def _attempt(session: AsyncSession, command: Command[Any]) -> Any:
    try:
        async with session.begin_nested():
            return await command(session)
    except Exception as error:  # noqa: BLE001 - it is raised again where the command was given in
        return error


def _settle(answer: asyncio.Future[Any], outcome: Any) -> None:
    if answer.done():
        return
    if isinstance(outcome, Exception):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
