"""More than it can take: whoever is one too many hears so at once, and connections to the database stay as many."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import httpx2
import psycopg
import pytest

from engage.events.models import OpenEvening
from engage.storage.database import READERS, WRITERS, Database
from tests.concurrency.clients import memory_of
from tests.concurrency.impatient import MOST_AT_ONCE
from tests.concurrency.stage import FIRST, books_of, open_evening
from tests.concurrency.test_bad_clients import Impatient
from tests.server import JSON, Browsers, Page, Server, client_of

Answer = TypeVar("Answer")

TOO_MANY = 100
LISTENING = 1
on_postgresql = pytest.mark.parametrize(
    "database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@asynccontextmanager
async def held_up(database: Database, evening: OpenEvening) -> AsyncIterator[None]:
    """Nobody registers meanwhile: somebody else has the evening's lock."""
    async with database.writing() as session:
        await session.get_one(OpenEvening, evening.id, with_for_update=True)
        yield


async def test_one_too_many_hears_so_at_once_and_who_waits_is_answered(database: Database, tmp_path: Path) -> None:
    evening = await open_evening(database, 1_000)
    async with Impatient(tmp_path, DATABASE_URL=database.url) as server, Browsers(server.url) as browsers:
        page = await browsers.open(evening)
        async with held_up(database, evening):
            posts = [asyncio.create_task(_post(browsers, page, number)) for number in range(MOST_AT_ONCE + TOO_MANY)]
            told = await _first(posts, TOO_MANY)
            async with client_of(server.url) as client:
                refused = await client.get("/open-evenings", headers=JSON)
                assert (refused.status_code, [*refused.json()]) == (503, ["error"])
                assert (await client.get("/health/live")).status_code == 200
            assert sum(not each.done() for each in posts) == MOST_AT_ONCE
        answers = {(await each).status_code for each in posts}
        assert answers == {303, 503}
        assert {(each.status_code, "retry-after" in each.headers) for each in [*told, refused]} == {(503, True)}
        assert all("The service is busy" in each.text and "</html>" in each.text for each in told)
        assert (await _post(browsers, page, 9_999)).status_code == 303
    books = await books_of(database)
    books.check()
    assert len(books.confirmed) == MOST_AT_ONCE + 1


@on_postgresql
async def test_a_burst_is_answered_whole_over_as_many_connections_as_ever(database: Database, tmp_path: Path) -> None:
    evening = await open_evening(database, 1_000)
    before = await _connections(database)
    async with Server(tmp_path, DATABASE_URL=database.url) as server, Browsers(server.url) as browsers:
        page = await browsers.open(evening)
        async with client_of(server.url) as client:
            reads = (client.get(f"/open-evenings/{evening.slug}?{number}") for number in range(250))
            burst = asyncio.gather(*reads, *(_post(browsers, page, number) for number in range(250)))
            most = 0
            while not burst.done():
                most = max(most, await _connections(database))
            assert Counter(each.status_code for each in await burst) == {200: 250, 303: 250}
    assert 1 < most - before <= READERS + WRITERS + LISTENING


@pytest.mark.prove
@pytest.mark.timeout(1_800)
async def test_ten_thousand_at_once_are_confirmed_or_told_and_memory_is_bounded(
    database: Database, tmp_path: Path
) -> None:
    evening = await open_evening(database, 20_000)
    async with Server(tmp_path, DATABASE_URL=database.url) as server, Browsers(server.url) as browsers:
        page = await browsers.open(evening)
        for number in range(100):
            await _post(browsers, page, number)
        before = memory_of(server.pid)
        async with held_up(database, evening):
            posts = [asyncio.create_task(_status(server, page, number)) for number in range(100, 10_100)]
            told = Counter(await _first(posts, 8_000))
            most = memory_of(server.pid)
        answers = Counter(await asyncio.gather(*posts))
        assert told == {503: 8_000}
        assert answers == {303: 2_000, 503: 8_000}
        assert most < before + 400
        assert (await _post(browsers, page, 99_999)).status_code == 303
        assert "Traceback" not in server.log
    assert len((await books_of(database)).confirmed) == 2_101


async def _first(posts: list[asyncio.Task[Answer]], count: int) -> list[Answer]:
    """The first so many answers."""
    answered: asyncio.Queue[asyncio.Task[Answer]] = asyncio.Queue()
    for each in posts:
        each.add_done_callback(answered.put_nowait)
    return [await (await answered.get()) for _ in range(count)]


async def _post(browsers: Browsers, page: Page, number: int) -> httpx2.Response:
    return await browsers.post(page, slot=FIRST, email=f"visitor-{number}@example.org")


async def _status(server: Server, page: Page, number: int) -> int:
    """The same on a bare connection: of thousands at once, a browser's client would be what is too slow."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    form = {"csrf_token": page.token, "slot": FIRST, "email": f"visitor-{number}@example.org", "name": "Somebody"}
    body = urlencode(form)
    head = f"POST /open-evenings/{page.slug}/register HTTP/1.1\r\nhost: engage\r\ncookie: {page.cookie}\r\n"
    head += f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write((head + body).encode())
    status = await reader.readline()
    writer.close()
    return int(status.split()[1])


async def _connections(database: Database) -> int:
    """To that database, but for the one that asks."""
    query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        row = await (await connection.execute(query)).fetchone()
        assert row is not None
        return int(row[0])
