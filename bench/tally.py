"""How fast a wave is tallied, and in how much memory, against opening its boxes alone on one core.

    python -m bench.tally [--short] [--database URL]

Without a URL a SQLite file of its own; with one, an empty PostgreSQL database, left behind as it is. 30 questions, five
of them of the index, 60 groups in 6 families and one comment. Filling and tallying are processes of their own, so that
memory is that of the tally: the most of the parent, and of the largest child once for each core.
"""

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from engage.database import Database
from engage.surveys import custody, tallying
from engage.surveys.questionnaire import read
from engage.surveys.seal import Sealer, Sheet, Unsealer
from engage.surveys.waves import find
from engage.unit_of_work import UnitOfWork

SECRET = "a secret that only measurements know"
SIZES = (1_000, 10_000, 100_000)
DISTINCT = 2_000  # boxes that are sealed; what is more repeats them under other keys
MEGABYTE = 1_024  # of the kilobytes in which Linux counts
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
DIRECTORATES = [f"Directorate {number}" for number in range(10)]
GRADES = [f"Grade {number}" for number in range(10)]
FAMILIES = [
    {
        "key": f"family{family}",
        "text": "Which of these are you part of?",
        "level": "group",
        "options": [{"key": f"group{number}", "title": f"Group {number}"} for number in range(10)],
    }
    for family in range(4)
]
CONTENT: dict[str, Any] = {
    "questions": [{"key": f"question{number}", "text": f"{number}", "is_index": number < 5} for number in range(30)],
    "comments": [{"key": "better", "text": "What would make it better?"}],
    "families": FAMILIES,
}


CORES = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of a clock, or of processors where other work on the machine shall not count; megabytes."""

    alone: float
    alone_processor: float
    counted: float
    whole: float
    processor: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tally", description=__doc__)
    parser.add_argument("--short", action="store_true", help="without the largest number of sheets")
    parser.add_argument("--database", metavar="URL", help="an empty PostgreSQL database")
    given = parser.parse_args()
    print("   sheets  boxes on one   counted  times as fast  by processor  a sheet   whole tally  memory")
    for size in SIZES[:-1] if given.short else SIZES:
        with tempfile.TemporaryDirectory() as folder:
            url = given.database or f"sqlite:///{Path(folder) / 'tally.db'}"
            subprocess.run([sys.executable, "-m", "bench.sealed_wave", url, str(size)], check=True)
            # Not this module as the main one: children would import it anew, which those of a command do not.
            code = f"from bench.tally import measure; measure({url!r}, {size})"
            subprocess.run([sys.executable, "-c", code], check=True)


def measure(url: str, size: int) -> None:
    """Tally the wave of that many sheets, and print its line."""
    found = asyncio.run(_measured(url, size))
    print(
        f"{size:9,} {found.alone:11.1f} s {found.counted:7.1f} s {found.alone / found.counted:14.2f} "
        f"{found.alone_processor / found.processor * CORES:13.2f} {found.processor / size * 1e6:5.0f} µs "
        f"{found.whole:11.1f} s {found.memory:4.0f} MB",
        flush=True,
    )


async def _measured(url: str, size: int) -> Measured:
    database = Database(url)
    unit_of_work = UnitOfWork(database)
    wave = await find(database, f"wave-{size}")
    key = custody.unwrap_private_key(SECRET, wave.key, wave.wrapped_private_key or b"")
    opened: list[float] = []
    begun, processor = perf_counter(), process_time()
    assert await tallying.tally(database, unit_of_work, wave, key, NOW, say=partial(_note, opened, begun))
    whole = perf_counter() - begun
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processor = process_time() - processor + children.ru_utime + children.ru_stime
    memory = (own.ru_maxrss + children.ru_maxrss * CORES) / MEGABYTE
    await unit_of_work.close()
    await database.close()
    return Measured(*_alone(size), opened[-1], whole, processor, memory)


def _note(opened: list[float], begun: float, done: int, total: int) -> None:
    opened.append(perf_counter() - begun)


def _alone(size: int) -> tuple[float, float]:
    """Seconds of as many boxes opened one after another by one process, and nothing else."""
    keys = custody.make_keys(SECRET, "alone", {}, None)
    sealer = _sealer(keys.public_key)
    unsealer = Unsealer(custody.unwrap_private_key(SECRET, "alone", keys.wrapped_private_key or b""))
    answers = {question["key"]: 3 for question in CONTENT["questions"]}
    roster = {"directorate": DIRECTORATES[0], "grade": GRADES[0]}
    sheet, comments = sealer.with_groups(roster, sealer.sheet(Sheet(answers, {}))), sealer.comments({})
    begun, processor = perf_counter(), process_time()
    for _ in range(DISTINCT):
        unsealer.sheet(sheet)
        unsealer.comments(comments)
    times = size / DISTINCT
    return (perf_counter() - begun) * times, (process_time() - processor) * times


def _sealer(public_key: bytes) -> Sealer:
    return Sealer(public_key, read("gptw", 1, "Our values", CONTENT))


if __name__ == "__main__":
    main()
