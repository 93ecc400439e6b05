"""PostgreSQL restarted while people register: they wait or are told to come again, and all recovers by itself."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import books_of, open_evening
from tests.concurrency.visitors import AT_ONCE, HUNG_UP, WITHIN, Visitors
from tests.postgresql import OwnPostgresql, own_postgresql
from tests.server import Browsers, Server

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(900)]


@pytest.fixture
def postgresql() -> Iterator[OwnPostgresql]:
    with own_postgresql() as own:
        yield own


async def test_a_restart_under_load_costs_waiting_and_nothing_else(postgresql: OwnPostgresql, tmp_path: Path) -> None:
    await _let_restarts_meet_visitors(postgresql, tmp_path, restarts=["fast", "immediate"], between=16)


@pytest.mark.prove
async def test_twenty_restarts_under_load_cost_waiting_and_nothing_else(
    postgresql: OwnPostgresql, tmp_path: Path
) -> None:
    await _let_restarts_meet_visitors(postgresql, tmp_path, restarts=["fast", "immediate"] * 10, between=200)


async def _let_restarts_meet_visitors(
    postgresql: OwnPostgresql, folder: Path, *, restarts: list[Literal["fast", "immediate"]], between: int
) -> None:
    database = Database(postgresql.url)
    evening = await open_evening(database, 100_000)
    async with Mailbox() as mailbox, Server(folder, DATABASE_URL=postgresql.url, SMTP_URL=mailbox.url) as server:
        async with Browsers(server.url) as browsers:
            visitors = Visitors(await browsers.open(evening), [browsers])
            async with asyncio.TaskGroup() as lines:
                for line in range(AT_ONCE):
                    lines.create_task(visitors.come(line))
                await visitors.until(between)
                for mode in restarts:
                    await asyncio.to_thread(postgresql.stop, mode)
                    assert not await browsers.is_ready()
                    await asyncio.to_thread(postgresql.server.ensure_postgres_running)
                    await visitors.until(between)
                visitors.is_over = True
            assert await browsers.is_ready()
        await mailbox.hold(visitors.confirmed, WITHIN)
        log = server.log
    books = await books_of(database)
    await database.close()
    books.check()
    assert visitors.faults == []
    assert HUNG_UP not in visitors.statuses
    assert visitors.confirmed <= books.confirmed
    assert 503 in visitors.statuses, "no restart was noticed"
    assert {address: len(ids) for address, ids in mailbox.invitations().items()} == dict.fromkeys(books.confirmed, 1)
    assert "Exception in ASGI" not in log
