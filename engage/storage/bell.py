"""Hearing of other processes' commits: LISTEN on PostgreSQL, the version of the file on SQLite."""

import asyncio
import secrets
from typing import Any

import structlog
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from engage.late import library
from engage.settings import Settings
from engage.storage.database import BELL, Database

POLL_SECONDS = 0.5
PAUSE_SECONDS = 5.0
HEARD_WITHIN = 3.0
UNHEARD_SECONDS = 2.0  # between two looks where notices do not come: each costs some milliseconds

log = structlog.get_logger()


async def hear_others(database: Database, settings: Settings) -> None:
    """Ring in this process whenever another one commits, until cancelled; a lost line is taken up again."""
    lost = (SQLAlchemyError, OSError, *(() if database.is_sqlite else (library("psycopg").Error,)))
    while True:
        try:
            await (_poll(database) if database.is_sqlite else _listen(database, settings))
        except lost as error:
            log.warning("cannot hear other processes", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)


async def _listen(database: Database, settings: Settings) -> None:
    url = settings.database_direct_url or settings.database_url
    async with await library("psycopg").AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {BELL}")
        database.ring_here()
        if not await _is_heard(database, connection):
            log.warning("a pooler keeps notices back: set ENGAGE_DATABASE_DIRECT_URL; until then, looking now and then")
            await _ring_on(database)
        async for _ in connection.notifies():
            database.ring_here()


async def _is_heard(database: Database, connection: Any) -> bool:
    """Whether a notice given where Engage writes comes in here: a pooler in transaction mode lets none through."""
    word = secrets.token_hex(8)
    async with database.engine.begin() as other:
        await other.execute(select(func.pg_notify(BELL, word)))
    async for notice in connection.notifies(timeout=HEARD_WITHIN):
        if notice.payload == word:
            return True
    return False


async def _ring_on(database: Database) -> None:
    while True:
        await asyncio.sleep(UNHEARD_SECONDS)
        database.ring_here()


async def _poll(database: Database) -> None:
    async with database.engine.connect() as connection:
        seen = None
        while True:
            version = (await connection.execute(text("PRAGMA data_version"))).scalar_one()
            await connection.rollback()
            if version != seen:
                seen = version
                database.ring_here()
            await asyncio.sleep(POLL_SECONDS)
