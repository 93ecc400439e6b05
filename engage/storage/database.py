"""The engine, the sessions, and the differences of the two dialects, which are known here and in `bare` alone.

On SQLite a writer's transaction begins with BEGIN IMMEDIATE, so that what it reads is what it changes; the driver's own
way of beginning transactions silently loses updates. On PostgreSQL rows are locked by name. Both commit to the disk.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Integer,
    MetaData,
    TypeDecorator,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from engage.late import library
from engage.storage.postgresql import PATIENT, ask_the_idle, read_in_bulk
from engage.storage.sqlite import BUSY_TIMEOUT, connecting, set_pragmas

READERS, WRITERS = 8, 2  # connections of one process
POOL_TIMEOUT = 60  # seconds that somebody waits in a burst for a connection, before it is too busy for them
BELL = "engage"  # the channel of NOTIFY
RUNG = "is_bell_rung"  # of a session whose notice is on its way already
BURST = "burst"  # of a session whose transaction is one burst's alone: the line on which it is
DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}

Key = BigInteger().with_variant(Integer, "sqlite")
DRAWN = {"sqlite_autoincrement": True}  # of a table whose ids may be drawn before its rows are written
KEYED = {"sqlite_with_rowid": False}  # of a table that lies in the order of its key: one tree less to write to


class Instant(TypeDecorator[datetime]):
    """An aware datetime, always UTC: SQLite drops time zones and PostgreSQL answers in the session's."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant needs a time zone: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables; constraints are named so that migrations can find them on both dialects."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant()}  # noqa: RUF012 - SQLAlchemy reads it as it stands


class Database:
    """One process's way to the database: sessions to read with, transactions to write in, and a bell for the worker."""

    def __init__(self, url: str, *, begin_write: str = "BEGIN IMMEDIATE") -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _engine(url, "BEGIN", READERS)
        self.writer = _engine(url, begin_write, WRITERS)  # of its own, for whoever writes must not wait for readers
        self._read = async_sessionmaker(self.engine, expire_on_commit=False)
        self._write = async_sessionmaker(self.writer, expire_on_commit=False)
        self._bells: list[asyncio.Event] = []
        self.commits = 0  # of this process, so that it knows when what it read is no longer the newest
        self.edits = 0  # of these, those of more than what crowds post

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads; its transaction is given up at the end."""
        async with self._read() as session:
            yield session

    @asynccontextmanager
    async def writing(self, *, is_edit: bool = True) -> AsyncIterator[AsyncSession]:
        """One transaction, committed at the end or rolled back whole; then rings the bell where that is due."""
        async with self._write() as session:
            async with session.begin():
                yield session
                await self.notify(session)
            self.count(session, is_edit=is_edit)

    async def notify(self, session: AsyncSession) -> None:
        """Ring in other processes, where that is due and not on its way: at the end, for the rollback of a savepoint
        would take a notice back that was given within it.
        """
        if session.info.get("is_bell_due") and RUNG not in session.info and not self.is_sqlite:
            await (await session.connection()).exec_driver_sql(f"NOTIFY {BELL}")

    def count(self, session: AsyncSession, *, is_edit: bool) -> None:
        """Count its commit, and ring in this process where that is due."""
        self.commits += 1
        self.edits += is_edit
        if session.info.get("is_bell_due"):
            self.ring_here()

    @asynccontextmanager
    async def writing_bare(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one bare statement, which is a transaction by itself: it goes and is on the disk at once."""
        async with self.writer.connect() as connection:
            if not self.is_sqlite:  # where a statement commits itself unless BEGIN was said
                await connection.execution_options(isolation_level="AUTOCOMMIT")
            yield connection
        self.commits += 1
        self.edits += 1

    def bell(self) -> asyncio.Event:
        """Set at every commit that left work to do; whoever waits for it clears it."""
        bell = asyncio.Event()
        self._bells.append(bell)
        return bell

    def forget(self, bell: asyncio.Event) -> None:
        """Ring that bell no more."""
        self._bells = [each for each in self._bells if each is not bell]

    def ring_here(self) -> None:
        """Wake who waits in this process."""
        for bell in self._bells:
            bell.set()

    async def reclaim(self, tables: Sequence[str]) -> bool:
        """Write anew what held deleted rows, so that nothing of them is left; False where others read them still.

        On SQLite that is the whole file, and its log is emptied; rows were overwritten when they were deleted. On
        PostgreSQL the tables are written to new files and the old ones are given back to the disk, which no program can
        wipe; nor does this reach the server's log, its replicas or anybody's backups.
        """
        try:
            return await (self._vacuum_file() if self.is_sqlite else self._vacuum_tables(tables))
        except (OperationalError, sqlite3.OperationalError):  # locked for longer than anybody waits
            return False

    async def _vacuum_file(self) -> bool:
        async with self.writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            await driver.execute_fetchall("VACUUM")
        return await self.empty_log()

    async def empty_log(self) -> bool:
        """Empty SQLite's log, in which what was deleted stays until it is written over; False where others read it.

        PostgreSQL gives its own up by itself.
        """
        if not self.is_sqlite:
            return True
        async with self.writer.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            ((is_busy, _, _),) = await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return not is_busy

    async def _vacuum_tables(self, tables: Sequence[str]) -> bool:
        """CLUSTER does what VACUUM (FULL) does, in a transaction: a pooler may give the next one another connection."""
        async with self.writer.begin() as connection:
            await connection.execute(text(f"SET LOCAL lock_timeout = {BUSY_TIMEOUT}"))
            for table in sorted(tables):
                await connection.execute(text(f"CLUSTER {table} USING pk_{table}"))
        return True

    async def close(self) -> None:
        await self.writer.dispose()
        await self.engine.dispose()


def ring(session: AsyncSession) -> None:
    """Wake the workers when this transaction commits: in this process, and on PostgreSQL in every other."""
    session.info["is_bell_due"] = True


def insert_for(session: AsyncSession) -> Callable[..., Any]:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    return sqlite.insert if is_on_sqlite(session) else library("sqlalchemy.dialects.postgresql").insert


def is_on_sqlite(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"


async def read_in_order(session: AsyncSession) -> None:
    """In this transaction let PostgreSQL go by indexes and stop at the limit: of a young queue it would sort it all."""
    if not is_on_sqlite(session):
        await session.execute(
            select(*(func.set_config(name, "off", True) for name in ("enable_sort", "enable_bitmapscan")))
        )


def driver_url(url: str) -> str:
    """The contract's URL with the driver that Engage uses."""
    scheme, rest = url.split("://", 1)
    return f"{DRIVERS[scheme]}://{rest}"


def make_folder_of(url: str) -> None:
    """Make the folder in which SQLite can put its file."""
    if path := make_url(url).database:
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _engine(url: str, begin: str, pool_size: int) -> AsyncEngine:
    if not url.startswith("sqlite"):
        engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            pool_timeout=POOL_TIMEOUT,
            max_overflow=0,
            hide_parameters=True,  # no log shows what people typed
            connect_args=PATIENT,
        )
        ask_the_idle(engine.sync_engine)
        read_in_bulk(engine.sync_engine)
        return engine
    make_folder_of(url)
    engine = create_async_engine(
        driver_url(url),
        pool_size=pool_size,
        pool_timeout=POOL_TIMEOUT,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"isolation_level": None, "async_creator_fn": connecting(begin)},
    )
    event.listen(engine.sync_engine, "connect", set_pragmas)
    event.listen(engine.sync_engine, "begin", lambda connection: connection.connection.driver_connection.begin())
    return engine
