"""A statement on SQLite is one journey to its connection's thread, and transactions begin and end as ever."""

import asyncio
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engage.late import without
from engage.settings import Settings
from engage.storage.bell import hear_others
from engage.storage.database import Database
from engage.storage.sqlite import FIRST_ROWS, Connection, Cursor
from tests.site import on_sqlite

MANY = FIRST_ROWS + 5
NUMBERS = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {MANY}) SELECT n FROM n"


class CountedConnection(Connection):
    """A connection that counts the journeys to its thread."""

    journeys = 0

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.journeys += 1
        return await super()._execute(fn, *args, **kwargs)


@pytest.fixture
async def connection(tmp_path: Path) -> Any:
    connector = partial(sqlite3.connect, tmp_path / "own.db", isolation_level=None)
    connection = await CountedConnection(connector, "BEGIN IMMEDIATE")
    yield connection
    await connection.close()


async def executed(connection: Connection, statement: str) -> Cursor:
    return await connection.cursor().execute(statement)


async def test_a_whole_transaction_of_one_statement_is_two_journeys(connection: CountedConnection) -> None:
    connection.begin()
    cursor = await executed(connection, "CREATE TABLE word (word TEXT)")
    await cursor.close()
    await connection.commit()
    assert connection.journeys == 2


async def test_rows_come_back_with_their_statement(connection: CountedConnection) -> None:
    cursor = await executed(connection, "SELECT 1 AS one UNION SELECT 2")
    assert cursor.description[0][0] == "one"
    assert await cursor.fetchone() == (1,)
    assert await cursor.fetchall() == [(2,)]
    assert await cursor.fetchone() is None
    assert connection.journeys == 1


async def test_all_rows_come_where_there_are_many(connection: CountedConnection) -> None:
    cursor = await executed(connection, NUMBERS)
    assert [number for (number,) in await cursor.fetchall()] == list(range(1, MANY + 1))


async def test_whoever_streams_gets_each_row_once_and_can_stop(connection: CountedConnection) -> None:
    cursor = await executed(connection, NUMBERS)
    streamed = [*await cursor.fetchmany(FIRST_ROWS - 1), *await cursor.fetchmany(3), await cursor.fetchone()]
    assert [number for (number,) in streamed] == list(range(1, FIRST_ROWS + 4))
    await cursor.close()
    await (await executed(connection, "CREATE TABLE word (word TEXT)")).close()  # nothing is held any more


async def test_a_transaction_begins_with_its_first_statement_and_locks_as_it_says(
    connection: CountedConnection, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "own.db", timeout=0, isolation_level=None)
    await executed(connection, "PRAGMA busy_timeout = 0")
    connection.begin()
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await executed(connection, "SELECT 1")
    other.execute("ROLLBACK")
    connection.begin()
    await executed(connection, "SELECT 1")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    await connection.rollback()
    other.execute("BEGIN IMMEDIATE")
    other.close()


async def test_the_drivers_own_ways_run_in_the_transaction_too(connection: CountedConnection) -> None:
    connection.begin()
    await connection.execute_fetchall("CREATE TABLE word (word TEXT)")
    assert connection.in_transaction
    await connection.rollback()
    assert await connection.execute_fetchall("SELECT name FROM sqlite_master") == []


async def test_what_did_nothing_is_given_up_without_a_journey(connection: CountedConnection) -> None:
    connection.begin()
    await connection.rollback()
    await executed(connection, "SELECT 1")
    assert not connection.in_transaction
    assert connection.journeys == 1


async def insert(database: Database, *statements: str) -> None:
    async with database.writing() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_sessions_write_read_and_roll_back_as_ever(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'own.db'}")
    await insert(database, "CREATE TABLE word (word TEXT UNIQUE)", "INSERT INTO word VALUES ('one'), ('two')")
    with pytest.raises(OperationalError):
        await insert(database, "INSERT INTO word VALUES ('three')", "INSERT INTO nowhere VALUES ('four')")
    async with database.reading() as session:
        assert list(await session.scalars(text("SELECT word FROM word ORDER BY word"))) == ["one", "two"]
    await database.close()


@on_sqlite
async def test_other_processes_are_heard_without_the_library_of_another_database(
    database: Database, settings: Settings
) -> None:
    bell = database.bell()
    with without("psycopg"):
        hearing = asyncio.create_task(hear_others(database, settings))
        await bell.wait()
        hearing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hearing


@on_sqlite
async def test_bytes_are_read_from_hexadecimal_and_nothing_stays_nothing(database: Database) -> None:
    async with database.reading() as session:
        assert (await session.execute(text("SELECT unhex('00ff'), unhex(NULL)"))).one() == (b"\x00\xff", None)
