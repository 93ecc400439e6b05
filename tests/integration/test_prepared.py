"""What PostgreSQL plans once for each connection, and what becomes of that where somebody takes it away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from psycopg import errors
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from engage.events.models import OpenEvening, Registration, Slot
from engage.events.registrations.registering import register_all
from engage.journal import JournalEntry
from engage.storage.bare import Ready
from engage.storage.bursts import Bursts
from engage.storage.database import Database
from engage.storage.many import inserting, run_all, updating
from engage.storage.pipeline import exchange
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application, make_evening
from tests.pooler import Pooler

PLACES = 99
PREPARED = text("SELECT name, statement FROM pg_prepared_statements ORDER BY prepare_time")
LASTING = ("INSERT INTO", "SELECT nextval(", "SELECT set_config(", "SELECT pg_notify(")

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)]


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening(PLACES)
    async with database.writing() as session:
        session.add(evening)
    return evening


@pytest.fixture
async def driver(database: Database) -> AsyncIterator[Any]:
    async with database.writer.connect() as connection:
        yield (await connection.get_raw_connection()).driver_connection


async def burst(unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime, people: int, name: str) -> None:
    """So many register at once."""
    posted = [make_application(evening, evening.slots[0], f"{name}-{each}@example.org") for each in range(people)]
    sent = partial(unit_of_work.run_together, register_all, locks=[(OpenEvening, evening.id)], locks_itself=True)
    await asyncio.gather(*(sent((each, now)) for each in posted))
    await unit_of_work.close()


async def prepared(database: Database) -> list[tuple[str, str]]:
    """Names and statements, on the connection on which bursts are written one after another."""
    async with database.writer.connect() as connection:
        return [(name, statement) for name, statement in await connection.execute(PREPARED)]


async def people_of(database: Database) -> tuple[int | None, int | None]:
    """How many are registered, and how many things happened."""
    async with database.reading() as session:
        count = select(func.count())
        return (
            await session.scalar(count.select_from(Registration)),
            await session.scalar(count.select_from(JournalEntry)),
        )


def entry(stream: str, now: datetime) -> dict[str, Any]:
    return {"kind": "Said", "stream": stream, "occurred_at": now, "actor": "visitor", "details": {}}


async def test_what_lasts_is_prepared_once_and_whatever_joins_is_planned_anew(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    await burst(unit_of_work, evening, now, 3, "first")
    first = await prepared(database)
    await burst(unit_of_work, evening, now, 3, "second")
    assert await prepared(database) == first
    statements = [statement for _, statement in first]
    assert {next(each for each in LASTING if statement.startswith(each)) for statement in statements} == {*LASTING}
    assert not [statement for statement in statements if " JOIN " in statement or " WHERE " in statement]


async def test_nothing_is_prepared_where_another_process_serves_than_was_told(
    database: Database, evening: OpenEvening, now: datetime
) -> None:
    async with Pooler(database.url) as pooler:
        behind = Database(pooler.url)
        async with behind.writing() as session:
            posted = make_application(evening, evening.slots[0], "ada@example.org")
            await register_all(session, [(posted, now)])
            assert not (await session.execute(PREPARED)).all()
        await behind.close()
    assert await people_of(database) == (1, 1)


@pytest.mark.parametrize("people", [1, 3])
@pytest.mark.parametrize(
    "change", ["DEALLOCATE ALL", "DISCARD ALL", "ALTER TABLE registration ADD COLUMN shoe_size integer DEFAULT 9"]
)
async def test_bursts_go_on_where_what_was_prepared_is_gone_or_its_table_is_another(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime, change: str, people: int
) -> None:
    await burst(unit_of_work, evening, now, people, "before")
    assert await prepared(database)
    async with database.writer.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(change))
    await burst(unit_of_work, evening, now, people, "after")
    await burst(unit_of_work, evening, now, people, "later")
    assert await people_of(database) == (3 * people, 3 * people)


async def test_what_was_prepared_outlives_the_failure_of_its_transaction(
    database: Database, bursts: Bursts, evening: OpenEvening, now: datetime
) -> None:
    saying = inserting(JournalEntry, [entry("one", now)])
    with pytest.raises(IntegrityError):
        await _write_and_fail(bursts, evening, now)
    known = await prepared(database)
    async with bursts.writing() as session:
        await run_all(session, [saying])
    await bursts.give_back()
    assert [statement[:25] for _, statement in known] == ["INSERT INTO journal_entry"]
    assert await prepared(database) == known
    assert await people_of(database) == (0, 1)


async def test_what_could_not_be_prepared_is_not_taken_for_prepared(driver: Any) -> None:
    wrong = Ready("SELECT missing FROM slot WHERE $1 = ''", "", is_lasting=True)
    for _ in range(2):
        with pytest.raises(errors.UndefinedColumn):
            await exchange(driver, [wrong], ends=False)
        await driver.rollback()
    assert driver.prepared == {}


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_statement_that_would_answer_otherwise_than_when_it_was_prepared_is_asked_anew(
    driver: Any, is_first: bool
) -> None:
    """At once where its transaction holds nothing else yet; else that fails, and the next one does not."""
    asked = [Ready("SELECT * FROM fruit WHERE $1 = ''", "", is_lasting=True)]
    await driver.execute("CREATE TEMPORARY TABLE fruit AS SELECT 1 AS apples")
    assert await exchange(driver, asked, ends=True) == [[(1,)]]
    await driver.execute("ALTER TABLE fruit ADD COLUMN pears integer DEFAULT 2")
    await driver.commit()
    if not is_first:
        await driver.execute("SELECT 1")
        with pytest.raises(errors.FeatureNotSupported):
            await exchange(driver, asked, ends=True)
        await driver.rollback()
    assert await exchange(driver, asked, ends=True) == [[(1, 2)]]


async def _write_and_fail(bursts: Bursts, evening: OpenEvening, now: datetime) -> None:
    full = updating(Slot, [{"id": evening.slots[0].id, "held": PLACES + 1}])
    async with bursts.writing() as session:
        await run_all(session, [inserting(JournalEntry, [entry("lost", now)]), full])
