"""How fast a wave is tallied, and in how much memory, against opening its boxes alone on one core.

    python -m bench.tally [--short] [--databases sqlite postgresql]

30 questions, five of them of the index, 60 groups in 6 families and one comment. Filling and tallying are processes of
their own, so that memory is that of the tally: the most of the parent, and of the largest child once for each core.
Boxes are opened alone before and after the tally, and the mean is taken, as a machine is not equally fast all the time.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import product
from time import perf_counter, process_time
from typing import Any

from bench.databases import KINDS, fresh
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.seal import Sealer, Sheet, Unsealer
from engage.surveys.keys import custody
from engage.surveys.questionnaires.questionnaire import read
from engage.surveys.tally import tallying
from engage.surveys.waves.rounds import find

SECRET = "a secret that only measurements know"
SIZES = (1_000, 10_000, 100_000)
DISTINCT = 2_000  # boxes that are sealed; what is more repeats them under other keys
ALONE = 10_000  # boxes opened alone, before and after: two seconds each, as a machine's pace changes within one
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
    """Seconds of a clock, or of processors where other work on the machine shall not count; megabytes.

    ``counted`` ends with the last box, ``whole`` once all is written and destroyed; children only open boxes.
    """

    alone: float
    alone_processor: float
    counted: float
    counted_processor: float
    whole: float
    processor: float
    memory: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.tally", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the smallest number of sheets alone")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS[:1])
    given = parser.parse_args()
    for kind, size in product(given.databases, SIZES[:1] if given.short else SIZES):
        with fresh(kind) as url:
            subprocess.run([sys.executable, "-m", "bench.sealed_wave", url, str(size)], check=True)
            # Not this module as the main one: children would import it anew, which those of a command do not.
            code = f"from bench.tally import measure; measure({url!r}, {size})"
            subprocess.run([sys.executable, "-c", code], check=True)


def measure(url: str, size: int) -> None:
    """Tally the wave of that many sheets, and print its line."""
    found = asyncio.run(_measured(url, size))
    line = {
        "measurement": "tally",
        "database": url.partition(":")[0],
        "sheets": size,
        "alone_seconds": round(found.alone, 1),
        "counted_seconds": round(found.counted, 1),
        "ratio": round(found.alone / found.counted, 2),
        "ratio_by_processor": round(found.alone_processor / found.counted_processor * CORES, 2),
        "whole_ratio_by_processor": round(found.alone_processor / found.processor * CORES, 2),
        "us_per_sheet": round(found.processor / size * 1e6),
        "whole_seconds": round(found.whole, 1),
        "memory_mb": round(found.memory),
    }
    print(json.dumps(line), flush=True)


async def _measured(url: str, size: int) -> Measured:
    database = Database(url)
    unit_of_work = UnitOfWork(database)
    wave = await find(database, f"wave-{size}")
    key = custody.unwrap_private_key(SECRET, wave.key, wave.wrapped_private_key or b"")
    opened: list[tuple[float, float]] = []
    before = _alone(size)
    begun, processor = perf_counter(), process_time()
    assert await tallying.tally(database, unit_of_work, wave, key, NOW, say=partial(_note, opened, begun))
    whole = perf_counter() - begun
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    opening, whole_processor = (
        until - processor + children.ru_utime + children.ru_stime for until in (opened[-1][1], process_time())
    )
    memory = (own.ru_maxrss + children.ru_maxrss * CORES) / MEGABYTE
    await unit_of_work.close()
    await database.close()
    alone, alone_processor = (sum(each) / 2 for each in zip(before, _alone(size), strict=True))
    return Measured(alone, alone_processor, opened[-1][0], opening, whole, whole_processor, memory)


def _note(opened: list[tuple[float, float]], begun: float, done: int, total: int) -> None:
    opened.append((perf_counter() - begun, process_time()))


def _alone(size: int) -> tuple[float, float]:
    """Seconds of as many boxes opened one after another by one process, and nothing else."""
    keys = custody.make_keys(SECRET, "alone", {}, None)
    sealer = _sealer(keys.public_key)
    unsealer = Unsealer(custody.unwrap_private_key(SECRET, "alone", keys.wrapped_private_key or b""))
    answers = {question["key"]: 3 for question in CONTENT["questions"]}
    roster = {"directorate": DIRECTORATES[0], "grade": GRADES[0]}
    sheet, comments = sealer.with_groups(roster, sealer.sheet(Sheet(answers, {}))), sealer.comments({})
    begun, processor = perf_counter(), process_time()
    for _ in range(ALONE):
        unsealer.sheet(sheet)
        unsealer.comments(comments)
    times = size / ALONE
    return (perf_counter() - begun) * times, (process_time() - processor) * times


def _sealer(public_key: bytes) -> Sealer:
    return Sealer(public_key, read("gptw", 1, "Our values", CONTENT))


if __name__ == "__main__":
    main()
