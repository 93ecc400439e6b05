"""Web and worker processes come and go while people register: what was confirmed stays, once, and nobody is special."""

import asyncio
import random
import re
import signal
from collections import Counter
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from os import kill
from pathlib import Path

import pytest

from engage.notify.transport import CONNECTIONS
from engage.people.roles import grant
from engage.people.sessions import open_session
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, books_of, let_leases_run_out, open_evening
from tests.concurrency.visitors import AT_ONCE, HUNG_UP, WITHIN, Visitors
from tests.server import Browsers, Server, Work, client_of

SEED = 20_270_904
HAS_WORKER = re.compile(r"this process has the worker\s+process=(\d+)")

pytestmark = [
    pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True),
    pytest.mark.timeout(1_800),
]


class Web(Server):
    options = ("--no-worker",)


class Pair(Server):
    options = ("--workers", "2")


async def test_processes_killed_at_will_lose_and_double_nothing(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    await _let_kills_meet_visitors(database, mailbox, tmp_path, webs=2, works=2, kills=2, between=16)


@pytest.mark.prove
@pytest.mark.parametrize(("webs", "works"), [(2, 2), (4, 3)])
async def test_processes_killed_forty_times_lose_and_double_nothing(
    database: Database, mailbox: Mailbox, tmp_path: Path, webs: int, works: int
) -> None:
    await _let_kills_meet_visitors(database, mailbox, tmp_path, webs=webs, works=works, kills=40, between=50)


async def test_a_session_begun_at_one_process_goes_on_at_another(
    database: Database, unit_of_work: UnitOfWork, tokens: Tokens, tmp_path: Path
) -> None:
    now, email = datetime.now(UTC), "organiser@example.org"
    await unit_of_work.run(partial(grant, email=email, roles=["organiser"], now=now))
    cookie = {"engage-session": await unit_of_work.run(partial(open_session, tokens=tokens, email=email, now=now))}
    one, other = (Web(_folder(tmp_path, name), DATABASE_URL=database.url) for name in ("one", "other"))
    async with (
        one,
        other,
        client_of(one.url, cookies=cookie) as browser,
    ):
        page = await browser.get("/console/evenings/new")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found is not None, page.text
        one.kill()
        sent = await browser.post(f"{other.url}/sign-out", data={"csrf_token": found[1]})
        assert sent.status_code == 303
        assert (await browser.get(f"{other.url}/console")).headers["location"].startswith("/sign-in")


async def test_one_process_of_a_group_has_the_worker_and_another_takes_it_over(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    evening = await open_evening(database, 100)
    server = Pair(tmp_path, DATABASE_URL=database.url, SMTP_URL=mailbox.url)
    async with server, Browsers(server.url) as browsers:
        page = await browsers.open(evening)
        for turn, address in enumerate(("one@example.org", "two@example.org")):
            await browsers.post(page, slot=FIRST, email=address)
            await mailbox.hold({address}, WITHIN)
            holders = HAS_WORKER.findall(server.log)
            assert len(holders) == turn + 1
            kill(int(holders[-1]), signal.SIGKILL)
            await _again(server, turn + 2)
    holders = HAS_WORKER.findall(server.log)
    assert len(set(holders)) == len(holders)


async def _again(server: Server, count: int) -> None:
    """Return when the worker was taken so many times."""
    async with asyncio.timeout(WITHIN):
        while True:
            if len(HAS_WORKER.findall(server.log)) >= count:
                return
            await asyncio.sleep(0.1)


async def _let_kills_meet_visitors(
    database: Database, mailbox: Mailbox, folder: Path, *, webs: int, works: int, kills: int, between: int
) -> None:
    evening, chance = await open_evening(database, 100_000), random.Random(SEED)
    given = {"DATABASE_URL": database.url, "SMTP_URL": mailbox.url}
    processes: list[Server] = [Web(_folder(folder, f"web-{number}"), **given) for number in range(webs)]
    processes += [Work(_folder(folder, f"work-{number}"), **given) for number in range(works)]
    async with AsyncExitStack() as stack:
        await asyncio.gather(*(stack.enter_async_context(each) for each in processes))
        sites = [await stack.enter_async_context(Browsers(each.url)) for each in processes[:webs]]
        visitors = Visitors(await sites[0].open(evening), sites)
        async with asyncio.TaskGroup() as lines:
            for line in range(AT_ONCE):
                lines.create_task(visitors.come(line))
            for turn in range(kills):
                await visitors.until(between)
                victim = processes[turn % webs] if turn % 2 else chance.choice(processes[webs:])
                victim.kill()
                await visitors.until(between)
                await victim.start()
            visitors.is_over = True
        for each in processes[webs:]:
            await each.stop()
        await let_leases_run_out(database)
        await processes[-1].start()
        await mailbox.hold(visitors.confirmed, WITHIN)
    books = await books_of(database)
    books.check()
    assert visitors.faults == []
    assert visitors.statuses <= {200, 303, HUNG_UP}
    assert visitors.confirmed <= books.confirmed
    assert {address: len(ids) for address, ids in mailbox.invitations().items()} == dict.fromkeys(books.confirmed, 1)
    repeats = Counter(str(received.parsed["Message-ID"]) for received in mailbox.messages)
    assert repeats.total() - len(repeats) <= kills * CONNECTIONS
    assert "deadlock" not in "".join(each.log for each in processes)


def _folder(folder: Path, name: str) -> Path:
    """A data folder that no other process has."""
    own = folder / name
    own.mkdir()
    return own
