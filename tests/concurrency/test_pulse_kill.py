"""`kill -9` of the server while staff answer: whoever saw "thank you" is counted once, and every other link works."""

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from engage.storage.database import Database
from tests.concurrency.answerers import Answerers, open_wave, read_back
from tests.pulses import Pulse
from tests.server import Server

SEED = 20_270_412
AT_ONCE = 32
ENDED_WITHIN = 300.0  # seconds
THANKS = "/pulse/thanks"


@pytest.mark.timeout(400)
async def test_whoever_was_thanked_is_counted_once_when_the_server_is_killed(
    database: Database, tmp_path: Path
) -> None:
    await _let_staff_meet_kills(database, tmp_path, people=150, kills=2 if database.is_sqlite else 1)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
async def test_whoever_was_thanked_of_two_thousand_is_counted_once_when_the_server_is_killed_twenty_times(
    database: Database, tmp_path: Path
) -> None:
    await _let_staff_meet_kills(database, tmp_path, people=2_000, kills=20)


@dataclass
class Staff:
    """People who try until they are thanked, or told that their link was used: then the kill came before the thanks."""

    pulse: Pulse
    waiting: list[int]
    thanked: set[int] = field(default_factory=set)
    told_of_use: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)  # who sent and saw no answer

    async def answer(self, server: Server, *, until: int) -> None:
        """Some at once, until so many more were thanked; then the server is killed in the middle of all the others."""
        goal = len(self.thanked) + until
        async with Answerers(server.url, self.pulse) as answerers:
            await asyncio.gather(*(self._answer(answerers, server, goal) for _ in range(AT_ONCE)))

    async def _answer(self, answerers: Answerers, server: Server, goal: int) -> None:
        while self.waiting and not server.killed.is_set():
            person = self.waiting.pop()
            try:
                answer = await answerers.answer(person)
            except httpx2.TransportError:
                self.waiting.insert(0, person)
                self.lost.add(person)
                continue
            self._hear(person, answer)
            if len(self.thanked) == goal and not server.killed.is_set():
                server.kill()

    def _hear(self, person: int, answer: httpx2.Response) -> None:
        if answer.status_code == 303:
            assert answer.headers["location"] == THANKS
            self.thanked.add(person)
        else:
            assert answer.status_code == 410, f"{answer.status_code} {answer.text}"
            assert person in self.lost
            self.told_of_use.add(person)


async def _let_staff_meet_kills(database: Database, folder: Path, *, people: int, kills: int) -> None:
    pulse = await open_wave(database, people)
    chance = random.Random(SEED)
    staff = Staff(pulse, chance.sample(range(people), people))
    async with asyncio.timeout(ENDED_WITHIN * kills), Server(folder, DATABASE_URL=database.url) as server:
        for _ in range(kills):
            await staff.answer(server, until=chance.randint(1, people // (kills + 1)))
            assert server.killed.is_set()
            await _check_promises(database, staff)
            await server.start()
        await staff.answer(server, until=people + 1)
        assert await _statuses(server, pulse, range(0, people, people // 8)) == {410}
    await _check_promises(database, staff)
    assert not staff.waiting
    assert staff.thanked | staff.told_of_use == set(range(people))


async def _check_promises(database: Database, staff: Staff) -> None:
    """Links spent, sheets and comments are as many, each from another person, and among them all who were thanked."""
    stored = await staff.pulse.stored(database)
    sheets, comments = read_back(stored)
    assert sheets == comments == sorted(set(sheets))
    assert stored.progress == len(stored.spent) == len(sheets)
    assert staff.thanked | staff.told_of_use <= set(sheets) <= staff.thanked | staff.told_of_use | staff.lost
    links, ids = staff.pulse.links, staff.pulse.roster_ids
    assert stored.spent == {links.fingerprint(ids[person]) for person in sheets}


async def _statuses(server: Server, pulse: Pulse, people: range) -> set[int]:
    async with Answerers(server.url, pulse) as answerers:
        return {(await answerers.open(person)).status_code for person in people}
