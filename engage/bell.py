"""Hearing of other processes' commits: LISTEN on PostgreSQL, the version of the file on SQLite."""

import asyncio

import structlog
from sqlalchemy import text

from engage.database import BELL, Database
from engage.late import library
from engage.settings import Settings

POLL_SECONDS = 0.5
PAUSE_SECONDS = 5.0

log = structlog.get_logger()


async def hear_others(database: Database, settings: Settings) -> None:
    """Ring in this process whenever another one commits, until cancelled; a lost line is taken up again."""
    while True:
        try:
            await (_poll(database) if database.is_sqlite else _listen(database, settings))
        except (library("psycopg").Error, OSError) as error:
            log.warning("cannot hear other processes", error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS)


async def _listen(database: Database, settings: Settings) -> None:
    url = settings.database_direct_url or settings.database_url
    async with await library("psycopg").AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {BELL}")
        database.ring_here()
        async for _ in connection.notifies():
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
