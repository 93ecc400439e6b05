"""`kill -9` of the server while people register and mail goes out: what a receipt said stays true."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from engage.notify.transport import CONNECTIONS
from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, books_of, let_leases_run_out, open_evening
from tests.server import Browsers, Page, Server

SEED = 20_270_213
KILLED_WITHIN = 120.0  # seconds, of a restart or of the last kill


@pytest.mark.timeout(400)
async def test_what_receipts_said_stays_true_when_the_server_is_killed(database: Database, tmp_path: Path) -> None:
    await _let_crowd_meet_kills(database, tmp_path, crowd=80, places=50, kills=2 if database.is_sqlite else 1)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
async def test_what_receipts_said_stays_true_when_the_server_is_killed_twenty_times(
    database: Database, tmp_path: Path
) -> None:
    await _let_crowd_meet_kills(database, tmp_path, crowd=1_000, places=300, kills=20)


@dataclass
class Fuse:
    """Kills the server when as much has been seen of it from outside as was laid down: answers, and mail."""

    server: Server
    left: int = 0

    def lay(self, length: int) -> None:
        """What came while the last one was already burnt is not lost: there are only so many answers and messages."""
        self.left = max(1, length + min(self.left, 0))

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.server.kill()


@dataclass
class Crowd:
    """People who send the form until they are answered, and keep the answer."""

    browsers: Browsers
    fuse: Fuse
    page: Page
    waiting: set[str]
    answered: dict[str, httpx2.Response] = field(default_factory=dict)

    async def post(self) -> None:
        """Everybody who has no answer yet, at once; whoever gets none has to come again."""
        await asyncio.gather(*(self._post(address) for address in sorted(self.waiting)))

    async def _post(self, address: str) -> None:
        try:
            answer = await self.browsers.post(self.page, slot=FIRST, email=address)
        except httpx2.TransportError:
            return
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"
        self.answered[address] = answer
        self.waiting.discard(address)
        self.fuse.burn()

    async def receipts(self) -> dict[str, dict[str, Any]]:
        return {address: await self.browsers.receipt(answer) for address, answer in self.answered.items()}


async def _let_crowd_meet_kills(database: Database, folder: Path, *, crowd: int, places: int, kills: int) -> None:
    evening = await open_evening(database, places, places)
    people = {f"visitor-{number}@example.org" for number in range(crowd)}
    chance = random.Random(SEED)
    async with Mailbox() as mailbox:
        server = Server(folder, DATABASE_URL=database.url, SMTP_URL=mailbox.url)
        mailbox.seen = (fuse := Fuse(server)).burn
        async with server, Browsers(server.url) as browsers:
            visitors = Crowd(browsers, fuse, await browsers.open(evening), people.copy())
            for _ in range(kills):
                # everybody is answered once and written to once, so that every fuse is burnt in the end
                fuse.lay(chance.randint(1, 2 * crowd // (kills + 1)))
                await _until_killed(visitors, server)
                await _check_promises(database, visitors)
                await let_leases_run_out(database)
                await server.start()
            await visitors.post()
            receipts = await visitors.receipts()
            await mailbox.hold(people, KILLED_WITHIN)
    await _check_end(database, receipts, mailbox, places, kills)


async def _until_killed(visitors: Crowd, server: Server) -> None:
    async with asyncio.timeout(KILLED_WITHIN):
        await visitors.post()
        await server.killed.wait()


async def _check_promises(database: Database, visitors: Crowd) -> None:
    """Whoever was answered is in the books that the killed server left, and the books are true."""
    books = await books_of(database)
    books.check()
    assert set(visitors.answered) <= books.confirmed | set(books.line)


async def _check_end(
    database: Database, receipts: dict[str, dict[str, Any]], mailbox: Mailbox, places: int, kills: int
) -> None:
    books = await books_of(database)
    books.check()
    assert len(books.confirmed) == places
    assert {address for address, receipt in receipts.items() if receipt["status"] == "confirmed"} == books.confirmed
    positions = {address: receipt["position"] for address, receipt in receipts.items() if receipt["position"]}
    assert positions == {address: position for position, address in enumerate(books.line, 1)}
    assert {address: len(ids) for address, ids in mailbox.invitations().items()} == dict.fromkeys(books.confirmed, 1)
    assert len(mailbox.messages) <= len(receipts) + kills * CONNECTIONS  # each kill repeats what was on the lines
