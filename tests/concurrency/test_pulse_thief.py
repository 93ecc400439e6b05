"""Thieves who carry off everything but the deployment's secret, and cannot tell whose answers are whose.

Two thieves try, over the same answers, sent one after another by real forms to a real server.

**The one with the files** copies the whole database after every single submission, so he knows in which order rows
came, and he has all logs. Who answered when he knows only as far as these tell him.

**The one who watched** saw (at the door, on the network) who answered when, exactly. He copies the database, files and
all (on SQLite with its log), every night when the worker has mixed it, and not in between: whoever watches people and
looks into the database between two of them only has to count. What he can know is whose day a row is of; within a day
he must do no better than chance.

Each lays all that he knows of people and all that he knows of rows in order, every pair of orders: no more than a few
hundred trials. A trial counts as a find beyond 6.5 deviations (two sides of a normal tail: below 1e-10) or from 16 hits
(of two days' chance, Poisson of mean 2: below 1e-9). So an honest database fails this test less than once in a million
runs. Answers and their order are the same each time; keys are drawn anew.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.mixing import mix_all
from engage.surveys.answers.seal import Unsealer
from tests.concurrency import planted
from tests.concurrency.answerers import Answerers, open_wave, whose_comments, whose_sheet
from tests.concurrency.loot import STORED, Loot, glimpse, steal
from tests.concurrency.thief import Trial, features, mentions, shared, trials
from tests.pulses import Pulse
from tests.server import Server
from tests.site import on_sqlite

SEED = 20_270_430
DEVIATIONS, HITS = 6.5, 16
OPEN_WORDS = b"What person"  # how everybody's comment begins

pytestmark = pytest.mark.timeout(300)


class Telltale(Server):
    program = ("-m", "tests.concurrency.telltale")


@dataclass
class Heist:
    """Two days of answers and what was stolen of them: each night's loot, the order of rows, the log."""

    pulse: Pulse
    days: Sequence[Sequence[int]]
    nights: list[Loot] = field(default_factory=list)
    arrivals: dict[str, dict[bytes, int]] = field(default_factory=lambda: {table: {} for table in STORED})
    log: str = ""

    def finds(self) -> list[str]:
        """What either thief found out, in words."""
        found = [
            f"{table}: {trial.name}, {trial.deviations:.1f} deviations, {trial.hits} hits"
            for table in STORED
            for trial in (*self._of_files(table), *self._of_watcher(table))
            if abs(trial.deviations) > DEVIATIONS or trial.hits >= HITS
        ]
        people = self.nights[-1].people
        return found + [f"{table}: shared values" for table in STORED if shared(people, self.nights[-1].rows[table])]

    def _of_files(self, table: str) -> list[Trial]:
        people, rows = self.nights[-1].people, features(self.nights[-1].rows[table])
        known = features(people) | mentions(self.log, people)
        came = {"arrival": {name: ("number", place) for name, place in self.arrivals[table].items()}}
        return list(trials(known, rows | came, self._truth(table), [set(people)]))

    def _of_watcher(self, table: str) -> list[Trial]:
        order = [_address(person) for day in self.days for person in day]
        watched = {"watched": {person: ("number", place) for place, person in enumerate(order)}}
        days = [{_address(person) for person in day} for day in self.days]
        rows = [features(loot.rows[table]) for loot in self.nights]
        return [trial for each in rows for trial in trials(watched, each, self._truth(table), days)]

    def _truth(self, table: str) -> dict[str, bytes]:
        """Whose row it is, by the keys that no thief has."""
        if table == "spent_link":
            links, ids = self.pulse.links, self.pulse.roster_ids
            return {_address(number): links.fingerprint(ids[number]) for number in range(len(ids))}
        unsealer = Unsealer(self.pulse.private_key)
        boxes = self.nights[-1].rows[table]
        if table == "sealed_sheet":
            return {_address(whose_sheet(unsealer.sheet(box)[1])): box for box in boxes}
        return {_address(whose_comments(unsealer.comments(box))): box for box in boxes}


async def test_thieves_of_everything_but_the_secret_do_no_better_than_chance(
    database: Database, tmp_path: Path
) -> None:
    await _let_thieves_try(database, tmp_path, people=200)


@pytest.mark.prove
@pytest.mark.timeout(3_600)
async def test_thieves_of_a_thousand_answers_do_no_better_than_chance(database: Database, tmp_path: Path) -> None:
    await _let_thieves_try(database, tmp_path, people=1_000)


async def _let_thieves_try(database: Database, folder: Path, *, people: int) -> None:
    heist = await _commit(database, folder, people=people)
    assert heist.finds() == []
    for loot in heist.nights:
        stolen = repr(loot.tables).encode() + b"".join(loot.files.values()) + heist.log.encode()
        assert b"person-1@example.org" in stolen  # which shows that open words can be found in it
        assert OPEN_WORDS not in stolen


LEAKS: dict[str, tuple[planted.Plant, type[Server], bool, str]] = {
    "timestamp": (planted.timestamp, Server, True, "watched × audit.at"),
    "serial": (planted.serial, Server, True, "watched × audit.id"),
    "stored link": (planted.stored_link, Server, True, "spent_link: shared values"),
    "log line": (planted.nothing, Telltale, True, "log by roster_entry.id × arrival"),
    "order of arrival": (planted.nothing, Server, False, "watched × "),
}


@on_sqlite
@pytest.mark.parametrize("leak", LEAKS)
async def test_planted_leak_is_found(database: Database, tmp_path: Path, leak: str) -> None:
    await _let_thieves_find(database, tmp_path, leak)


@pytest.mark.prove
@pytest.mark.parametrize("leak", LEAKS)
async def test_planted_leak_is_found_wherever_answers_are_kept(database: Database, tmp_path: Path, leak: str) -> None:
    await _let_thieves_find(database, tmp_path, leak)


async def _let_thieves_find(database: Database, folder: Path, leak: str) -> None:
    plant, server, is_mixed, sign = LEAKS[leak]
    heist = await _commit(database, folder, people=80, plant=plant, server=server, is_mixed=is_mixed)
    finds = heist.finds()
    assert any(sign in find for find in finds), finds


async def _commit(
    database: Database,
    folder: Path,
    *,
    people: int,
    plant: planted.Plant = planted.nothing,
    server: type[Server] = Server,
    is_mixed: bool = True,
) -> Heist:
    """Let everybody answer, one after another, and steal whatever can be stolen on the way."""
    pulse = await open_wave(database, people)
    await plant(database, pulse)
    order = random.Random(SEED).sample(range(people), people)
    heist = Heist(pulse, [order[: people // 2], order[people // 2 :]])
    async with server(folder, DATABASE_URL=database.url) as running, Answerers(running.url, pulse) as answerers:
        for day in heist.days:
            for person in day:
                assert (await answerers.answer(person)).status_code == 303
                _look(database.url, heist)
            if is_mixed:
                await _let_night_pass(database)
            heist.nights.append(steal(database.url))
        heist.log = running.log
    return heist


def _look(url: str, heist: Heist) -> None:
    """What has come since the last look."""
    for table, names in glimpse(url).items():
        came = heist.arrivals[table]
        for name in names:
            came.setdefault(name, len(came))


async def _let_night_pass(database: Database) -> None:
    """What the worker does then."""
    unit_of_work = UnitOfWork(database)
    await mix_all(database, unit_of_work)
    await unit_of_work.close()


def _address(person: int) -> str:
    return f"person-{person}@example.org"
