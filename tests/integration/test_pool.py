"""Connections to PostgreSQL: those that died at rest are noticed before anybody uses them, and all answer in binary."""

from typing import Any

import pytest
from psycopg import pq
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import OperationalError

from engage.storage import postgresql
from engage.storage.database import Database, driver_url


def end_all_connections(url: str) -> None:
    """As a restart does, except those that ask for it."""
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_connections_that_died_at_rest_trouble_nobody(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.reading() as session, database.reading() as another:
        await session.scalar(select(func.now()))
        await another.scalar(select(func.now()))
    end_all_connections(database.url)
    monkeypatch.setattr(postgresql, "TRUSTED_FOR", -1.0)
    async with database.reading() as session:
        assert await session.scalar(select(1)) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_connection_that_died_just_now_is_trouble_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "TRUSTED_FOR", 60.0)
    async with database.reading() as session, database.reading() as another:
        await session.scalar(select(func.now()))
        await another.scalar(select(func.now()))
    end_all_connections(database.url)
    with pytest.raises(OperationalError):
        async with database.reading() as session:
            await session.scalar(select(1))
    async with database.reading() as session:
        assert await session.scalar(select(1)) == 1


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_answers_come_in_the_database_s_own_form(database: Database) -> None:
    content = bytes(range(256)) * 1_000  # as long as a message
    async with database.reading() as session:
        connection = await session.connection()
        driver: Any = (await connection.get_raw_connection()).driver_connection
        cursor = driver.cursor()
        await cursor.execute("SELECT decode(%s, 'hex')", (content.hex(),))
        assert cursor.pgresult.fformat(0) == pq.Format.BINARY
        assert await cursor.fetchone() == (content,)
