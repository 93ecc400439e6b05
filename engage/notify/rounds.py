"""Rounds: messages to many, made a part at a time, once, by any number of workers.

A part is read and rendered with no transaction open, then put into the outbox in one that also notes how far the round
has come. Whoever finds that somebody else came further throws its part away.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.apart import each_apart
from engage.notify.message import Message
from engage.notify.models import PlannedRound
from engage.notify.outbox import IN_TURN, Unwritten, put_rows, row_of
from engage.storage.database import Database, insert_for, ring
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Lock

PART = 100  # recipients of one transaction


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message that is made, or could not be, and waits to be put; ``recipient_id`` is whom it is for in their room.

    ``details`` is what has to be true still when it is sent.
    """

    recipient_id: int
    message: Message | Unwritten
    kind: str
    stream: str
    details: dict[str, Any] = field(default_factory=dict)

    def row(self, now: datetime) -> dict[str, Any]:
        """The message as a row of the outbox."""
        row = row_of(self.message, kind=self.kind, stream=self.stream, now=now, details=self.details)
        return row | {"due_at": IN_TURN}


@dataclass(frozen=True, slots=True)
class Round:
    """``prepare`` makes the messages for the next recipients, in order of id, after the one given; at most as many as
    asked. It answers the last id that it looked at, None at the end, and the messages. ``note`` writes down in the same
    transaction what follows from them; ``locks`` names the rows that are locked for it.
    """

    key: str
    prepare: Callable[[AsyncSession, int, int], Awaitable[tuple[int | None, Sequence[Prepared]]]]
    note: Callable[[AsyncSession, Sequence[Prepared]], Awaitable[None]] | None = None
    locks: Sequence[Lock] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """What was prepared after the recipient ``reached``, written out, and the ``last`` one that was looked at."""

    reached: int
    last: int | None
    prepared: Sequence[Prepared]
    rows: Sequence[dict[str, Any]]


async def begin(session: AsyncSession, key: str) -> None:
    """Write down that the round is to be made, and wake whoever makes it; nothing happens where it is known."""
    await session.execute(_begun(session, key))
    ring(session)


async def unfinished(session: AsyncSession, prefix: str) -> Sequence[str]:
    """The keys with that prefix of rounds that were begun and not ended, in order."""
    query = select(PlannedRound.key).where(PlannedRound.key.startswith(prefix), PlannedRound.is_done.is_(False))
    return (await session.scalars(query.order_by(PlannedRound.key))).all()


def is_made(key: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the round of that key, told out of other columns, was made to its end."""
    return exists().where(PlannedRound.key == key, PlannedRound.is_done)


async def run_all(due: Iterable[Round], database: Database, unit_of_work: UnitOfWork, now: datetime) -> int:
    """Make what is left of each round; the number of messages made. A round that fails holds up no other."""
    return await each_apart(due, lambda round_: run(round_, database, unit_of_work, now))


async def run(round_: Round, database: Database, unit_of_work: UnitOfWork, now: datetime) -> int:
    """Make what is left of the round; the number of messages made."""
    made = 0
    while True:
        async with database.reading() as session:
            planned = await session.get(PlannedRound, round_.key)
            if planned is not None and planned.is_done:
                return made
            reached = planned.reached if planned is not None else 0
            last, prepared = await round_.prepare(session, reached, PART)
        part = _Part(reached, last, prepared, [await _written_out(each, now) for each in prepared])
        made += await unit_of_work.run(partial(_put, round_, part), locks=round_.locks)


async def _written_out(prepared: Prepared, now: datetime) -> dict[str, Any]:
    """The message as a row; between two of them this process does what else it has to do."""
    await asyncio.sleep(0)
    return prepared.row(now)


async def _put(round_: Round, part: _Part, session: AsyncSession) -> int:
    await session.execute(_begun(session, round_.key))
    planned = await session.get_one(PlannedRound, round_.key, with_for_update=True, populate_existing=True)
    if planned.reached != part.reached or planned.is_done:
        return 0
    made = await put_rows(session, part.rows)
    if round_.note is not None:
        await round_.note(session, part.prepared)
    planned.reached, planned.is_done = part.last or part.reached, part.last is None
    return made


def _begun(session: AsyncSession, key: str) -> Any:
    return insert_for(session)(PlannedRound).values(key=key, reached=0, is_done=False).on_conflict_do_nothing()
