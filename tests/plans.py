"""Every statement that reaches a database meanwhile, however it is sent, and how the database goes about it."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.util import await_only

from engage.storage.database import Database

LITERAL = re.compile(r"'(?:[^']|'')*'|\bx'[0-9a-f]*'|\b\d+\b", re.IGNORECASE)
LISTED = re.compile(r"\((?:\?|%\(\w+\)s(?:::\w+)?)(?:, (?:\?|%\(\w+\)s(?:::\w+)?))*\)")
FOR_LARGE = {"enable_hashjoin": "off", "enable_mergejoin": "off", "seq_page_cost": "100000"}  # how PostgreSQL joins
PLANNED = ("SELECT", "UPDATE", "DELETE", "WITH", "INSERT")
Statements = dict[str, tuple[str, Any]]  # by what tells one from another: the text, and its first parameters


class Noted(psycopg.AsyncCursor[Any]):
    """A cursor that keeps what it is given."""

    kept: Statements

    async def execute(self, query: Any, params: Any = None, **rest: Any) -> Any:
        _keep(self.kept, str(query), params)
        return await super().execute(query, params, **rest)


def _keep(kept: Statements, text: str, parameters: Any) -> None:
    if text.lstrip().upper().startswith(PLANNED):
        kept.setdefault(LISTED.sub("(…)", LITERAL.sub("?", text)), (text, parameters))


@asynccontextmanager
async def noted(database: Database) -> AsyncIterator[Statements]:
    """What is sent meanwhile, by readers and writers; the connections that stand open are opened anew."""
    kept: Statements = {}
    cursor = type("NotedHere", (Noted,), {"kept": kept})

    def note(connection: Any, record: object) -> None:
        driver = connection.driver_connection
        if database.is_sqlite:
            await_only(driver.set_trace_callback(lambda text: _keep(kept, text, None)))
        else:
            driver.cursor_factory = cursor

    engines = (database.engine.sync_engine, database.writer.sync_engine)
    for engine in engines:
        event.listen(engine, "connect", note)
    await database.close()
    yield kept
    for engine in engines:
        event.remove(engine, "connect", note)


async def scans(database: Database, statements: Statements) -> list[tuple[str, str]]:
    """Each statement, and the table of which it reads every row, as planned with fresh statistics."""
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")
    found = []
    async with database.reading() as session:
        connection = await session.connection()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        for text, parameters in list(statements.values()):
            if database.is_sqlite:
                rows = await driver.execute_fetchall(f"EXPLAIN QUERY PLAN {text}")
                tables = list(_of_sqlite(text, [str(row[-1]) for row in rows]))
            else:
                tables = await _unindexed(psycopg.AsyncCursor(driver), text, parameters)
            found += [(" ".join(text.split()), table) for table in tables]
    return found


async def walks(database: Database, statements: Statements, order: str, index: str) -> list[bool]:
    """Of each statement that wants some rows in that order, whether it reads the index."""
    async with database.reading() as session:
        driver: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        asked = [each for each in statements.values() if order in each[0] and "LIMIT" in each[0]]
        if database.is_sqlite:
            plans = [await driver.execute_fetchall(f"EXPLAIN QUERY PLAN {text}") for text, _ in asked]
            return [any(index in row[-1] for row in rows) for rows in plans]
        trees = [await _plan(psycopg.AsyncCursor(driver), text, parameters) for text, parameters in asked]
        return [any(node.get("Index Name") == index for node in _nodes(tree)) for tree in trees]


async def ranges(database: Database, statements: Statements, index: str) -> list[bool]:
    """Of each statement that reads that index, in the order in which they were sent, whether it ends within it."""
    async with database.reading() as session:
        driver: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        found = []
        for text, parameters in statements.values():
            if database.is_sqlite:
                rows = await driver.execute_fetchall(f"EXPLAIN QUERY PLAN {text}")
                found += [str(row[-1]) for row in rows if f"{index} " in row[-1]]
            else:
                nodes = _nodes(await _plan(psycopg.AsyncCursor(driver), text, parameters))
                found += [node.get("Index Cond", "") for node in nodes if node.get("Index Name") == index]
    return ["<" in each and ">" in each for each in found]


async def _unindexed(cursor: psycopg.AsyncCursor[Any], text: str, parameters: Any) -> list[str]:
    """Of one table alone, as it would really be done; of several, where no index helps.

    To join two tables of this size it may rightly read one of them whole, which it would not do were they larger.
    Reading them is made dear rather than forbidden: what is forbidden costs so much in its reckoning that beside a
    small table, which may be read whole, no other difference counts.
    """
    plan = await _plan(cursor, text, parameters)
    if len(list(_nodes(plan))) > 1:
        for name, value in FOR_LARGE.items():
            await cursor.execute(f"SET {name} = {value}")
        plan = await _plan(cursor, text, parameters)
        for name in FOR_LARGE:
            await cursor.execute(f"RESET {name}")
    return list(_of_postgresql(text, plan))


async def _plan(cursor: psycopg.AsyncCursor[Any], text: str, parameters: Any) -> dict[str, Any]:
    await cursor.execute(f"EXPLAIN (FORMAT JSON) {text}", parameters)
    ((document,),) = await cursor.fetchall()
    plan: dict[str, Any] = document[0]["Plan"]
    return plan


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What reads a table, or rows that were given, in the plan and below it."""
    if node["Node Type"].endswith("Scan"):
        yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _of_sqlite(text: str, plan: list[str]) -> Iterator[str]:
    for line in plan:
        if match := re.match(r"(SCAN|SEARCH) (\w+)(.*)", line):
            way, alias, how = match.groups()
            is_ordered = "INDEX" in how and "LIMIT" in text.upper()
            if "AUTOMATIC" in how or (way == "SCAN" and not is_ordered):
                yield _table(text, alias)


def _of_postgresql(text: str, plan: dict[str, Any]) -> Iterator[str]:
    for node in _nodes(plan):
        kind, is_ordered = node["Node Type"], "LIMIT" in text.upper()
        is_whole_index = kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not is_ordered
        if kind == "Seq Scan" or is_whole_index:
            yield node["Relation Name"]


def _table(text: str, alias: str) -> str:
    """The table that the statement calls so."""
    named = re.search(rf"\b(\w+) AS {alias}\b", text)
    return named[1] if named else alias
