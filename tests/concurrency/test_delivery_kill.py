"""`kill -9` of the worker while it sends, at a relay of many moods: all get their message, and hardly any twice."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import select

from engage.notify.models import OutboxMessage
from engage.notify.transport import CONNECTIONS
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.concurrency.post import MoodyMailbox, fill_outbox
from tests.smtp_server import DROP, HANG

SEED = 20_270_313
REFUSED = 0.04  # of all recipients
WITHIN = 600.0  # seconds, of the last kill
SETTLED_WITHIN = 60.0


@pytest.mark.timeout(120)
async def test_nothing_is_lost_when_the_worker_is_killed(
    database: Database, unit_of_work: UnitOfWork, tmp_path: Path
) -> None:
    await _let_mail_meet_kills(database, unit_of_work, tmp_path, messages=150, kills=2)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
async def test_nothing_is_lost_when_the_worker_is_killed_twenty_times(
    database: Database, unit_of_work: UnitOfWork, tmp_path: Path
) -> None:
    await _let_mail_meet_kills(database, unit_of_work, tmp_path, messages=5_000, kills=20)


class Deliverer:
    """A process that delivers, killed a moment after as many messages were taken as was laid down."""

    def __init__(self, database_url: str, relay: str, log: Path) -> None:
        self.killed = asyncio.Event()
        self._arguments = [database_url, relay, str(time.time())]
        self._log = log
        self._left = 0
        self._delay = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, left: int = 0, delay: float = 0.0) -> None:
        """Let it live until that many messages more were taken, and for that many seconds then; 0: for ever."""
        self._left, self._delay = left, delay
        self.killed.clear()
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "tests.concurrency.deliverer", *self._arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def burn(self) -> None:
        self._left -= 1
        if self._left == 0:
            asyncio.get_running_loop().call_later(self._delay, self.kill)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
        self.killed.set()


async def _let_mail_meet_kills(
    database: Database, unit_of_work: UnitOfWork, folder: Path, *, messages: int, kills: int
) -> None:
    chance = random.Random(SEED)
    people = await fill_outbox(unit_of_work, messages)
    refused = set(chance.sample(sorted(people), int(REFUSED * messages)))
    async with MoodyMailbox(SEED) as mailbox:
        for address in refused:
            mailbox.refuse(address, "550 5.1.1 No such person")
        deliverer = Deliverer(database.url, mailbox.url, folder / "deliverer.log")
        mailbox.seen = deliverer.burn
        try:
            for _ in range(kills):
                # of what is taken, more than half is left over, so that every fuse is burnt in the end
                deliverer.start(chance.randint(1, messages // (kills + 1)), chance.uniform(0, 0.05))
                await asyncio.wait_for(deliverer.killed.wait(), WITHIN)
            deliverer.start()
            await mailbox.hold(people - refused, WITHIN)
            async with asyncio.timeout(SETTLED_WITHIN):
                while "waiting" in (await _states(database)).values():
                    assert deliverer.is_running
                    await asyncio.sleep(0.1)
        finally:
            deliverer.kill()
    _check_repeats(mailbox, people - refused, kills)
    assert await _states(database) == dict.fromkeys(people - refused, "sent") | dict.fromkeys(refused, "dead")


def _check_repeats(mailbox: MoodyMailbox, wanted: set[str], kills: int) -> None:
    """Each message under one Message-ID; repeated where no answer was given, and else once a line for each kill."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for received in mailbox.messages:
        found[received.recipients[0]][str(received.parsed["Message-ID"])] += 1
    assert set(found) == wanted
    assert {len(ids) for ids in found.values()} == {1}
    repeats = {address: ids.total() - 1 - mailbox.unanswered[address] for address, ids in found.items()}
    assert sum(max(0, count) for count in repeats.values()) <= kills * CONNECTIONS
    assert {DROP, HANG} <= set(mailbox.moods)


async def _states(database: Database) -> dict[str, str]:
    async with database.reading() as session:
        rows = await session.execute(select(OutboxMessage.recipient, OutboxMessage.state))
        return {row.recipient: row.state for row in rows}
