"""A lone command that is one bare statement goes without a transaction around it, and is as safe as with one."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import ClauseElement, FromClause, Table, event, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from engage.errors import NotHeld
from engage.events.models import Slot
from engage.storage.database import WRITERS, Database
from engage.storage.many import run, run_on
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_evening

HELD, TOO_MANY = 3, 99
WITHIN = 20.0  # seconds in which whatever does not hang is over


def _raised(given: FromClause, table: Table) -> ClauseElement:
    return update(table).where(table.c.id == given.c.id).values(held=given.c.held)


class Places:
    """The held places of one slot, set by a command that can also go alone; counts which way was taken."""

    def __init__(self, database: Database, unit_of_work: UnitOfWork, slot_id: int) -> None:
        self.ways: list[str] = []
        self._database = database
        self._unit_of_work = unit_of_work
        self._slot_id = slot_id

    async def hold(self, held: int) -> None:
        rows = [{"id": self._slot_id, "held": held}]
        await self._unit_of_work.run(partial(self._together, rows=rows), alone=partial(self._alone, rows=rows))

    async def fail(self) -> None:
        await self._unit_of_work.run(self._raise_and_refuse)

    async def held(self) -> int | None:
        async with self._database.reading() as session:
            return await session.scalar(select(Slot.held).where(Slot.id == self._slot_id))

    async def _together(self, session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
        self.ways.append("together")
        await run(session, _raised, Slot, rows)

    async def _alone(self, connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
        self.ways.append("alone")
        await run_on(connection, _raised, Slot, rows)

    async def _raise_and_refuse(self, session: AsyncSession) -> None:
        await run(session, _raised, Slot, [{"id": self._slot_id, "held": 1}])
        raise NotHeld("No.")


@pytest.fixture
async def places(database: Database, unit_of_work: UnitOfWork, now: datetime) -> Places:
    evening = make_evening(5)
    async with database.writing() as session:
        session.add(evening)
    return Places(database, unit_of_work, evening.slots[0].id)


async def test_a_lone_statement_is_on_the_disk_when_it_is_answered_and_needs_no_commit(
    places: Places, database: Database
) -> None:
    commits: list[object] = []
    event.listen(database.writer.sync_engine, "commit", commits.append)
    known = database.commits
    await places.hold(HELD)
    assert (await places.held(), places.ways, commits) == (HELD, ["alone"], [])
    assert database.commits == known + 1  # so that what others read before it is known to be old


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_statements_that_wait_for_one_writer_share_a_commit(places: Places, database: Database) -> None:
    commits: list[object] = []
    event.listen(database.writer.sync_engine, "commit", commits.append)
    await asyncio.gather(places.hold(1), places.hold(2), places.hold(HELD))
    assert (await places.held(), places.ways, len(commits)) == (HELD, ["together"] * 3, 1)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_lone_statement_does_not_wait_for_the_transaction_before_it(
    places: Places, unit_of_work: UnitOfWork
) -> None:
    is_begun, is_held = asyncio.Event(), asyncio.Event()

    async def wait(session: AsyncSession) -> None:
        is_begun.set()
        await is_held.wait()

    waiting = asyncio.create_task(unit_of_work.run(wait))
    await is_begun.wait()
    async with asyncio.timeout(WITHIN):
        await places.hold(HELD)
    assert not waiting.done()
    is_held.set()
    await waiting


async def test_a_lone_statement_that_fails_says_so_and_the_next_works(places: Places) -> None:
    with pytest.raises(IntegrityError):
        await places.hold(TOO_MANY)
    assert await places.held() == 0
    await places.hold(HELD)
    assert await places.held() == HELD


async def test_transactions_after_it_are_taken_back_whole(places: Places) -> None:
    for _ in range(WRITERS):
        await places.hold(HELD)
        with pytest.raises(NotHeld):
            await places.fail()
        assert await places.held() == HELD
