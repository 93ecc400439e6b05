"""Bursts that follow one another have one connection, which nobody misses: not who fails, nor who writes otherwise."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotHeld
from engage.events.models import AskedQuestion, OpenEvening
from engage.storage import database as databases
from engage.storage import postgresql
from engage.storage.bursts import Bursts
from engage.storage.database import WRITERS, Database
from engage.storage.many import Row, drawing, inserting, run_all, run_last
from engage.storage.unit_of_work import LARGEST_BATCH, UnitOfWork
from tests.factories import EVENING_STARTS_AT, make_evening
from tests.integration.test_pool import end_all_connections

PEOPLE = LARGEST_BATCH + 1  # too many for one burst
on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening()
    async with database.writing() as session:
        session.add(evening)
    return evening


@pytest.fixture
def ends(database: Database, evening: OpenEvening) -> list[str]:
    """What is asked of the writer's pool and engine from now on."""
    asked: list[str] = []
    for name in ("checkout", "checkin", "begin", "commit", "rollback"):
        event.listen(database.writer.sync_engine, name, lambda *given, name=name: asked.append(name))
    return asked


def question(words: str) -> Row:
    return {"open_evening_id": 1, "text": words, "status": "asked", "asked_at": EVENING_STARTS_AT}


async def ask_all(session: AsyncSession, items: Sequence[str]) -> Sequence[str]:
    await run_all(session, [drawing(session, OpenEvening, 1)])
    await run_last(session, [inserting(AskedQuestion, [question(each) for each in items])])
    return items


async def ask(session: AsyncSession) -> None:
    session.add(AskedQuestion(**question("otherwise?")))


async def asked(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(AskedQuestion.text).order_by(AskedQuestion.id)))


def taken(database: Database) -> int:
    """Connections that the writer's pool misses."""
    return database.writer.pool.checkedout()  # type: ignore[attr-defined, no-any-return]


async def test_queue_of_bursts_takes_one_connection_and_gives_it_back(
    database: Database, unit_of_work: UnitOfWork, ends: list[str]
) -> None:
    words = [f"{number}?" for number in range(PEOPLE)]
    for _ in range(2):
        ends.clear()
        known = database.commits
        assert await asyncio.gather(*(unit_of_work.run_together(ask_all, each) for each in words)) == words
        await unit_of_work.close()
        assert (ends, taken(database)) == (["checkout", "checkin"], 0)
        assert database.commits > known + 1
    assert await asked(database) == words * 2


async def ask_and_refuse(session: AsyncSession) -> None:
    await run_all(session, [inserting(AskedQuestion, [question("lost?")])])
    raise NotHeld("No.")


async def ask_by_session_and_refuse(session: AsyncSession) -> None:
    await ask(session)
    await session.flush()
    await ask_and_refuse(session)


async def ask_nothing_and_refuse(session: AsyncSession) -> None:
    raise NotHeld("No.")


@pytest.mark.parametrize("fail", [ask_and_refuse, ask_by_session_and_refuse, ask_nothing_and_refuse])
async def test_burst_that_fails_leaves_nothing_and_keeps_no_connection(
    fail: Callable[[AsyncSession], Awaitable[None]], database: Database, bursts: Bursts, ends: list[str]
) -> None:
    async with bursts.writing() as session:
        await ask_all(session, ["before?"])
    with pytest.raises(NotHeld):
        await _write(bursts, fail)
    assert (ends.count("checkout"), taken(database)) == (1, 0)
    async with bursts.writing() as session:
        await ask_all(session, ["after?"])
    assert (ends.count("checkout"), taken(database)) == (2, 1)
    assert await asked(database) == ["before?", "after?"]


async def ask_without_end(session: AsyncSession) -> None:
    await run_all(session, [inserting(AskedQuestion, [question("kept?")])])


async def ask_without_end_and_begin(session: AsyncSession) -> None:
    await ask_without_end(session)
    await session.begin()


@pytest.mark.parametrize("write", [ask_without_end, ask_without_end_and_begin])
async def test_burst_that_did_not_end_with_what_it_wrote_is_committed_all_the_same(
    write: Callable[[AsyncSession], Awaitable[None]], database: Database, bursts: Bursts, evening: OpenEvening
) -> None:
    await _write(bursts, write)
    assert await asked(database) == ["kept?"]
    with pytest.raises(NotHeld):
        await _write(bursts, ask_and_refuse)
    assert await asked(database) == ["kept?"]


async def test_writer_that_is_ended_in_a_burst_gives_its_connection_back(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening
) -> None:
    async def ended(session: AsyncSession, items: Sequence[str]) -> Sequence[str]:
        await ask_without_end(session)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await unit_of_work.run_together(ended, "one?")
    await unit_of_work.close()
    assert taken(database) == 0
    assert await unit_of_work.run_together(ask_all, "two?") == "two?"
    assert await asked(database) == ["two?"]


async def test_writer_that_is_ended_between_bursts_gives_its_connection_back_and_lets_nobody_wait(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening
) -> None:
    writers, more = [], []

    async def ask_and_call(session: AsyncSession, items: Sequence[str]) -> Sequence[str]:
        writers.append(asyncio.current_task())
        more.append(asyncio.create_task(unit_of_work.run_together(ask_all, "later?")))
        return await ask_all(session, items)

    await asyncio.gather(*(unit_of_work.run_together(ask_and_call, each) for each in ("one?", "two?")))
    assert taken(database) == 1
    (writer,) = writers
    assert writer is not None
    writer.cancel()
    assert [type(each) for each in await asyncio.gather(*more, return_exceptions=True)] == [asyncio.CancelledError]
    await unit_of_work.close()
    assert taken(database) == 0
    assert await asked(database) == ["one?", "two?"]


async def test_whoever_comes_while_the_connection_is_given_back_is_served(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening
) -> None:
    more: list[asyncio.Task[str]] = []

    def call(*given: object) -> None:
        if not more:
            more.append(asyncio.get_running_loop().create_task(unit_of_work.run_together(ask_all, "later?")))

    event.listen(database.writer.sync_engine, "checkin", call)
    await unit_of_work.run_together(ask_all, "first?")
    await unit_of_work.close()
    assert await asyncio.gather(*more) == ["later?"]
    assert await asked(database) == ["first?", "later?"]


async def test_whoever_writes_otherwise_between_bursts_finds_the_connection(
    database_url: str, evening: OpenEvening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pool of one is enough."""
    for name, value in (("WRITERS", 1), ("POOL_TIMEOUT", 1)):
        monkeypatch.setattr(databases, name, value)
    database = Database(database_url)
    unit_of_work = UnitOfWork(database)
    more: list[asyncio.Task[None]] = []

    async def ask_and_call(session: AsyncSession, items: Sequence[str]) -> Sequence[str]:
        more.append(asyncio.create_task(unit_of_work.run(ask)))
        return await ask_all(session, items)

    await asyncio.gather(*(unit_of_work.run_together(ask_and_call, each) for each in ("one?", "two?")))
    await asyncio.gather(*more)
    await unit_of_work.close()
    assert await asked(database) == ["one?", "two?", "otherwise?"]
    await database.close()


async def lose_and_ask(session: AsyncSession, url: str) -> None:
    end_all_connections(url)
    await ask_without_end(session)


async def ask_and_lose(session: AsyncSession, url: str) -> None:
    await ask(session)
    await session.flush()
    end_all_connections(url)


@on_postgresql
@pytest.mark.parametrize(("write", "heard"), [(lose_and_ask, "INSERT"), (ask_and_lose, "")])
async def test_burst_that_lost_its_connection_has_no_other_trusted(
    write: Callable[..., Awaitable[None]],
    heard: str,
    database: Database,
    bursts: Bursts,
    evening: OpenEvening,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nor is another one made, while it is rolled back, at a server that may be gone as well."""
    made: list[object] = []
    monkeypatch.setattr(postgresql, "TRUSTED_FOR", 60.0)
    await asyncio.gather(*(_write_by_session(database) for _ in range(WRITERS)))
    event.listen(database.writer.sync_engine, "do_connect", lambda *given: made.append(given))
    with pytest.raises(DBAPIError) as lost:
        await _write(bursts, partial(write, url=database.url))
    assert (lost.value.connection_invalidated, taken(database), made) == (True, 0, [])
    assert (lost.value.statement or "")[:6] == heard  # and not what was said of its rollback
    await asyncio.gather(*(_write_by_session(database) for _ in range(WRITERS)))
    await _write(bursts, ask_without_end)
    assert await asked(database) == ["otherwise?"] * 2 * WRITERS + ["kept?"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_each_burst_on_sqlite_has_its_lock_before_it_reads(
    database: Database, bursts: Bursts, evening: OpenEvening
) -> None:
    other = sqlite3.connect(database.url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
    for _ in range(2):
        async with bursts.writing() as session:
            await run_all(session, [drawing(session, OpenEvening, 1)])
            await session.execute(text("SELECT 1"))
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
            await run_last(session, [inserting(AskedQuestion, [question("kept?")])])
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()


async def _write(bursts: Bursts, write: Callable[[AsyncSession], Awaitable[None]]) -> None:
    async with bursts.writing() as session:
        await write(session)


async def _write_by_session(database: Database) -> None:
    async with database.writing() as session:
        await ask(session)
        await session.flush()
        await session.execute(text("SELECT 1"))
