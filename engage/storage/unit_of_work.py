"""Writes go through one small unit of work: commands that wait while the last commit is under way share the next one.

A burst costs a few commits, a lone command waits for nobody, and each command of a batch has a savepoint of its own, so
that a refused one harms no other; items that are dealt with together have one only where they failed together before.
The rows that a batch names are locked first, in key order, so that processes never deadlock.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import Overloaded
from engage.storage.bursts import Bursts
from engage.storage.database import Base, Database
from engage.storage.many import locking, run_all
from engage.storage.waiting import (
    Alone,
    Answer,
    Command,
    Item,
    Lock,
    Together,
    Waiting,
    answer_in_turns,
    company,
    give_up,
    is_crowd,
    take,
)

LARGEST_BATCH = 128
SMALLEST_HALF = 32  # of a crowd: what a batch costs by itself is not worth it for fewer
FEWEST = 12  # for whom the next half of a crowd is begun at once, though not all have come back
GATHERED = 0.002  # seconds in which a burst comes back after its answers, and so shares the next commit again
PATIENT_SHARE = 8
CROWD = 8  # who post in the same commit: from so many on it is better that they are answered before all else
CROWD_LASTS = 0.25  # seconds after its last commit
MOST_WAITING = 4_000
ANSWERED_AT_ONCE = 8  # while others are written


class _Apart(Exception):
    """Together they fail: each is to be tried by itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class UnitOfWork:
    """The one writer of a process. Commands run in the order in which they came and are answered once committed."""

    def __init__(self, database: Database, *, is_locking: bool = True) -> None:
        self._database = database
        self._is_locking = is_locking
        self._queue: deque[Waiting] = deque()
        self._patient: deque[Waiting] = deque()
        self._bursts = Bursts(database)
        self._drain: asyncio.Task[None] | None = None
        self._is_burst = False  # whether the last commit was shared: a lone command waits for nobody
        self._calm = asyncio.Event()
        self._calm.set()
        self._calming: asyncio.TimerHandle | None = None

    async def run(
        self,
        command: Command[Answer],
        *,
        locks: Sequence[Lock] = (),
        is_patient: bool = False,
        alone: Alone[Answer] | None = None,
    ) -> Answer:
        """What the command answers, once it is on the disk. What it raises is raised here, and nothing of it is kept.

        The named rows are locked and loaded before any command of the batch runs. A patient command lets those go first
        that people wait for. ``alone`` does what the command does by one bare statement, whatever order others come in:
        it is taken at once on PostgreSQL, and on SQLite where nobody shares its commit. Raises Overloaded, at once,
        where too many wait.
        """
        if alone is not None and not self._database.is_sqlite:
            return await self._run_alone(alone)
        waiting = Waiting(command, locks, alone=alone)
        answer: Answer = await self._enqueue(waiting, self._patient if is_patient else self._queue)
        return answer

    async def run_together(
        self,
        together: Together[Item, Answer],
        item: Item,
        *,
        locks: Sequence[Lock] = (),
        locks_itself: bool = False,
    ) -> Answer:
        """The same for one item of a command that deals, in order, with all the items that wait.

        ``together`` answers each item with its answer or its refusal. Where it fails, each item is tried alone. If
        it locks the rows itself, on the journey of its first reading, nobody else does where it has its commit alone.
        """

        async def alone(session: AsyncSession) -> Answer:
            (answer,) = await together(session, [item])
            if isinstance(answer, Exception):
                raise answer
            return answer

        answer: Answer = await self._enqueue(Waiting(alone, locks, together, item, locks_itself), self._queue)
        return answer

    def _enqueue(self, waiting: Waiting, queue: deque[Waiting]) -> asyncio.Future[Any]:
        if len(queue) >= MOST_WAITING:
            raise Overloaded("The service is very busy. Nothing was changed: please try again in a moment.")
        queue.append(waiting)
        if self._drain is None or self._drain.done():
            self._drain = asyncio.create_task(self._commit_all())
        return waiting.answer

    async def calm(self, longest: float) -> None:
        """Wait until no crowd posts any more, but for so many seconds at most: for whoever can work later as well."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._calm.wait()

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._drain is not None:
            await asyncio.wait([self._drain])

    async def _commit_all(self) -> None:
        try:
            while self._queue or self._patient:
                while await self._is_anybody_there():
                    await self._commit_next()
                await self._bursts.give_back()  # others may come meanwhile
        finally:
            await self._bursts.give_back()
            give_up(self._queue)
            give_up(self._patient)

    async def _is_anybody_there(self) -> bool:
        """Whether somebody waits, once those had time to come back who were answered together."""
        if not (self._is_burst and self._is_next_ready()):
            await asyncio.sleep(GATHERED if self._is_burst else 0)
        self._is_burst &= (is_there := bool(self._queue or self._patient))
        return is_there

    async def _commit_next(self) -> None:
        batch = self._next_batch()
        self._is_burst = len(batch) > 1
        if sum(waiting.together is not None for waiting in batch) >= CROWD:
            self._see_crowd()
        try:
            outcomes = await self._commit(batch)
        except Exception as error:  # noqa: BLE001 - the batch failed as a whole: nobody may wait for ever
            outcomes = [error] * len(batch)
        except BaseException:
            give_up(batch)
            raise
        is_next_ready = self._takes_turns() and self._is_next_ready()
        whose = (waiting.answer for waiting in batch)
        answer_in_turns(deque(zip(whose, outcomes, strict=True)), ANSWERED_AT_ONCE if is_next_ready else len(batch))

    def _see_crowd(self) -> None:
        self._calm.clear()
        if self._calming is not None:
            self._calming.cancel()
        self._calming = asyncio.get_running_loop().call_later(CROWD_LASTS, self._calm.set)

    def _next_batch(self) -> list[Waiting]:
        """First what people wait for, then a little of what they do not, so that neither stands still."""
        most = LARGEST_BATCH
        if self._takes_turns():
            most = min(max(len(self._queue) // 2, SMALLEST_HALF), LARGEST_BATCH)
        return take(self._queue, most) + take(self._patient, PATIENT_SHARE)

    def _is_next_ready(self) -> bool:
        return len(self._queue) >= (FEWEST if self._takes_turns() else LARGEST_BATCH)

    def _takes_turns(self) -> bool:
        """Whether half of a crowd is dealt with by the database while the forms of the other half are read.

        SQLite works in a thread of this process, which would wait for the interpreter at each of its statements.
        """
        return not self._database.is_sqlite and bool(self._queue) and self._queue[0].together is not None

    async def _commit(self, batch: list[Waiting]) -> list[Any]:
        if not batch:
            return []
        together = batch[0].together
        if together is not None and all(waiting.together is together for waiting in batch):
            try:
                return await self._commit_in_one(batch, together)
            except _Apart as apart:
                if len(batch) == 1:
                    raise apart.error from None
                # nothing of it is kept, and now each has a savepoint of its own
        await self._bursts.give_back()  # the pool may have no other
        if len(batch) == 1 and (alone := batch[0].alone) is not None:
            return [await self._run_alone(alone)]
        async with self._database.writing(is_edit=not is_crowd(batch)) as session:
            held = await self._lock(session, batch)
            if len(batch) == 1:
                return [await batch[0].command(session)]
            outcomes: list[Any] = []
            for _, run in groupby(batch, key=company):
                outcomes += await self._run(session, batch, list(run), held)
            held.clear()
        return outcomes

    async def _run_alone(self, alone: Alone[Answer]) -> Answer:
        async with self._database.writing_bare() as connection:
            return await alone(connection)

    async def _commit_in_one(self, batch: list[Waiting], together: Together[Any, Any]) -> list[Any]:
        """All are dealt with together, and nothing else: their transaction is their savepoint. Raises _Apart."""
        async with self._bursts.writing() as session:
            if not batch[0].locks_itself:
                await self._lock(session, batch)
            try:
                return list(await _answers(session, together, [waiting.item for waiting in batch]))
            except Exception as error:
                if isinstance(error, DBAPIError) and error.connection_invalidated:
                    raise
                raise _Apart(error) from error

    async def _run(
        self, session: AsyncSession, batch: list[Waiting], run: list[Waiting], held: list[Base]
    ) -> list[Any]:
        """What comes of neighbours that are dealt with together, or of one by itself."""
        if len(run) > 1 and (together := run[0].together) is not None:
            items = [waiting.item for waiting in run]
            outcome = await _attempt(session, lambda session: _answers(session, together, items))
            if not isinstance(outcome, Exception):
                return list(outcome)
            held[:] = await self._lock(session, batch)  # the rollback emptied what they had changed
        outcomes = []
        for waiting in run:
            outcome = await _attempt(session, waiting.command)
            if isinstance(outcome, Exception):
                held[:] = await self._lock(session, batch)
            outcomes.append(outcome)
        return outcomes

    async def _lock(self, session: AsyncSession, batch: list[Waiting]) -> list[Base]:
        """Lock the rows in key order; the answer keeps them in the session, which refers to them weakly.

        Crowds' items read for themselves what they need. On SQLite the transaction is their lock.
        """
        keys: dict[type[Base], set[int]] = defaultdict(set)
        for waiting in batch:
            for model, key in waiting.locks:
                keys[model].add(key)
        models = sorted(keys, key=lambda each: each.__tablename__)
        if is_crowd(batch):
            if self._is_locking:
                await run_all(session, [each for model in models for each in locking(session, model, keys[model])])
            return []
        held: list[Base] = []
        for model in models:
            key_column = model.__mapper__.primary_key[0]
            query = select(model).where(key_column.in_(keys[model])).order_by(key_column)
            if self._is_locking:
                query = query.with_for_update(key_share=True)
            held.extend(await session.scalars(query.execution_options(populate_existing=True)))
        return held


async def _answers(session: AsyncSession, together: Together[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
    answers = await together(session, items)
    if len(answers) != len(items):
        raise ValueError(f"{len(answers)} answers to {len(items)} items")
    return answers


async def _attempt(session: AsyncSession, command: Command[Any]) -> Any:
    try:
        async with session.begin_nested():
            return await command(session)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # nothing is left of the whole batch
        return error
    except Exception as error:  # noqa: BLE001 - it is raised again where the command was given in
        return error
