"""SQLite's connection as Engage uses it: one journey to its thread for a statement, where the driver makes four.

A connection lives in a thread of its own, and a journey there and back costs more than a short statement does. So BEGIN
goes along with the first statement of its transaction, rows come back with their statement, and what did nothing is not
rolled back. SQLAlchemy takes such a connection by its dialect's argument ``async_creator_fn``.
"""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiosqlite

BUSY_TIMEOUT = 30_000  # milliseconds a connection waits for another process's write
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT}",
    "secure_delete=ON",
    "wal_autocheckpoint=8000",  # pages of the log before they are copied back: of each, its last state alone
)
COMMIT = "COMMIT"
FIRST_ROWS = 1_000  # the most that come back with their statement; whoever streams fetches the others as they like

Rows = list[Any]


class Connection(aiosqlite.Connection):
    """A connection whose transactions are begun, with ``begin``, by their first statement."""

    def __init__(self, connector: Callable[[], sqlite3.Connection], begin: str) -> None:
        super().__init__(connector, FIRST_ROWS)
        self._thread.daemon = True  # whoever forgets to close it can end all the same
        self._begin = begin
        self._is_beginning = False

    def begin(self) -> None:
        """Begin a transaction as soon as there is something to do in it, unless one is begun."""
        self._is_beginning = not self.in_transaction

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """What ``work`` answers in the connection's thread, given SQLite's own connection and the arguments."""
        return await self._execute(lambda: work(self._conn, *arguments))

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """The driver's one way into the thread, so that nothing slips in before its transaction is begun."""
        is_first, self._is_beginning = self._is_beginning, False
        journey = partial(self._begun, fn) if is_first else fn
        return await super()._execute(journey, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _begun(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        self._conn.execute(self._begin)
        return work(*arguments, **named)

    async def commit(self) -> None:
        if self.in_transaction:  # and not committed along with what was last in it
            await self._execute(self._conn.execute, COMMIT)

    async def rollback(self) -> None:
        self._is_beginning = False
        if self.in_transaction:
            await super().rollback()


class Cursor:
    """What SQLAlchemy asks of a driver's cursor; SQLite's own is kept only while it has more rows."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._more: sqlite3.Cursor | None = None
        self._rows: Rows = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        return await self._take(_executed, statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Sequence[Any]]) -> Self:
        return await self._take(_executed_many, statement, parameters)

    async def _take(self, work: Callable[..., tuple[sqlite3.Cursor, Rows]], *arguments: Any) -> Self:
        own, self._rows = await self._connection.run(work, *arguments)
        self.description, self.rowcount, self.lastrowid = own.description, own.rowcount, own.lastrowid
        self._more = own if len(self._rows) == FIRST_ROWS else None
        return self

    async def fetchone(self) -> Any:
        rows = await self.fetchmany(1)
        return rows[0] if rows else None

    async def fetchmany(self, size: int = 1) -> Rows:
        """Up to so many rows."""
        missing = size - len(self._rows)
        if missing > 0 and (more := self._more) is not None:
            self._rows += await self._connection.run(lambda _: more.fetchmany(missing))
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    async def fetchall(self) -> Rows:
        """All rows that are left."""
        taken, self._rows = self._rows, []
        if (more := self._more) is not None:
            taken += await self._connection.run(lambda _: more.fetchall())
        return taken

    async def close(self) -> None:
        if (more := self._more) is not None:
            self._more = None
            await self._connection.run(lambda _: more.close())


def _executed(connection: sqlite3.Connection, statement: str, parameters: Sequence[Any]) -> tuple[sqlite3.Cursor, Rows]:
    cursor = connection.execute(statement, parameters)
    return cursor, cursor.fetchmany(FIRST_ROWS) if cursor.description else []


def _executed_many(
    connection: sqlite3.Connection, statement: str, parameters: Sequence[Sequence[Any]]
) -> tuple[sqlite3.Cursor, Rows]:
    return connection.executemany(statement, parameters), []


def connecting(begin: str) -> Callable[..., Connection]:
    """What makes a connection to a file, to be awaited, whose transactions begin with that statement."""

    def connect(database: str, **options: Any) -> Connection:
        return Connection(partial(sqlite3.connect, database, **options), begin)

    return connect


def set_pragmas(connection: Any, record: object) -> None:
    """What every connection needs to be durable, true to its constraints, and to know all letters."""
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.create_function("unhex", 1, _unhex, deterministic=True)  # it has one from 3.41 on
    connection.create_function("lower", 1, _lower, deterministic=True)  # its own knows ASCII alone
    connection.create_function("timezone", 2, _timezone)  # as PostgreSQL has it


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _unhex(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)


def _timezone(zone: str, instant: str | None) -> str | None:
    """The local time in that zone of an instant as it is stored."""
    if instant is None:
        return None
    local = datetime.fromisoformat(instant).replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=None).isoformat(" ")
