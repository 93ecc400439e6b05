"""Behind a pooler in transaction mode: nothing needs more of a connection than one transaction, LISTEN apart."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import books_of, open_evening
from tests.concurrency.visitors import AT_ONCE, WITHIN, Visitors
from tests.pooler import Pooler
from tests.server import Browsers, Server, Work, free_port

PGBOUNCER = shutil.which("pgbouncer")
UNHEARD = "a pooler keeps notices back"

pytestmark = [
    pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True),
    pytest.mark.timeout(900),
]


class Web(Server):
    options = ("--no-worker",)


@pytest.mark.parametrize("has_direct_url", [True, False], ids=["listening past it", "polling"])
async def test_all_works_over_connections_that_forget_after_each_transaction(
    database: Database, mailbox: Mailbox, tmp_path: Path, has_direct_url: bool
) -> None:
    async with Pooler(database.url) as pooler:
        direct = {"DATABASE_DIRECT_URL": database.url} if has_direct_url else {}
        await _serve_visitors(database, mailbox, tmp_path, {"DATABASE_URL": pooler.url} | direct, webs=1, people=16)
        assert pooler.transactions > 16


@pytest.mark.prove
@pytest.mark.skipif(PGBOUNCER is None, reason="no pgbouncer on PATH; Debian's package of that name has it")
@pytest.mark.parametrize("webs", [2, 4])
@pytest.mark.parametrize("has_direct_url", [True, False], ids=["listening past it", "polling"])
async def test_all_works_behind_pgbouncer(
    database: Database, mailbox: Mailbox, tmp_path: Path, webs: int, has_direct_url: bool
) -> None:
    with _pgbouncer(database.url) as url:
        direct = {"DATABASE_DIRECT_URL": database.url} if has_direct_url else {}
        await _serve_visitors(database, mailbox, tmp_path, {"DATABASE_URL": url} | direct, webs=webs, people=500)


@pytest.mark.prove
@pytest.mark.parametrize("webs", [2, 4])
async def test_all_works_without_a_pooler(database: Database, mailbox: Mailbox, tmp_path: Path, webs: int) -> None:
    await _serve_visitors(database, mailbox, tmp_path, {"DATABASE_URL": database.url}, webs=webs, people=500)


async def _serve_visitors(
    database: Database, mailbox: Mailbox, folder: Path, given: dict[str, str], *, webs: int, people: int
) -> None:
    """Web processes and one worker, which hears of what they did."""
    evening = await open_evening(database, 100_000)
    is_heard = "DATABASE_DIRECT_URL" in given or given["DATABASE_URL"] == database.url
    async with AsyncExitStack() as stack:
        servers = [Web(folder, **given) for _ in range(webs)]
        work = Work(folder, **given, SMTP_URL=mailbox.url)
        await asyncio.gather(*(stack.enter_async_context(each) for each in (*servers, work)))
        sites = [await stack.enter_async_context(Browsers(each.url)) for each in servers]
        visitors = Visitors(await sites[0].open(evening), sites)
        lines = [asyncio.create_task(visitors.come(line)) for line in range(AT_ONCE)]
        await visitors.until(people)
        visitors.is_over = True
        await asyncio.gather(*lines)
        await mailbox.hold(visitors.confirmed, WITHIN)
    books = await books_of(database)
    books.check()
    assert (visitors.faults, visitors.statuses) == ([], {200, 303})
    assert visitors.confirmed == books.confirmed
    assert (UNHEARD in work.log) == (not is_heard)
    assert not [each.log for each in servers if "rror" in each.log]


@contextmanager
def _pgbouncer(url: str) -> Iterator[str]:
    """The address of a PgBouncer in front of that database."""
    assert PGBOUNCER is not None
    parts, port = urlsplit(url), free_port()
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "auth_type": "any",
        "pool_mode": "transaction",
        "default_pool_size": 6,
    }
    folder = Path(parse_qs(parts.query)["host"][0])
    lines = [f"* = host={folder} port=5432 user={parts.username}"]
    lines = ["[databases]", *lines, "[pgbouncer]", *(f"{name} = {value}" for name, value in settings.items())]
    file = Path(tempfile.mkdtemp(prefix="engage-pgbouncer-")) / "pgbouncer.ini"
    file.parent.chmod(0o755)
    file.write_text("\n".join(lines))
    user = ["-u", folder.owner()] if os.geteuid() == 0 else []  # it refuses to run as root
    process = subprocess.Popen([PGBOUNCER, "-q", *user, str(file)])
    yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    process.terminate()
    process.wait()
    shutil.rmtree(file.parent)
