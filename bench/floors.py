"""What this machine can do at best: bare answers, and commits of one row after one another by the driver alone.

    python -m bench.floors [--short]

The other floors stand beside what is measured against them: the form that is only parsed, the bytes that are only sent,
the mail library's loop, the boxes that are only opened. All take turns.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import psycopg

from bench.databases import fresh
from bench.load import Measured, Turn, answer_all
from engage.storage.sqlite import set_pragmas

AT_ONCE = 64
ASKED = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"
TABLE = "CREATE TABLE floor (id INTEGER PRIMARY KEY, content TEXT)"


class Bare(Measured):
    program = ("-m", "bench.bare_answer")


def commits(connection: Any, place: str, count: int, first: int) -> Turn:
    """So many commits a second, each of one row of a few hundred bytes, after one another."""
    spent, begun = process_time(), perf_counter()
    for number in range(first, first + count):
        connection.execute("BEGIN")
        connection.execute(f"INSERT INTO floor VALUES ({place}, {place})", (number, "x" * 300))
        connection.execute("COMMIT")
    return Turn(count / (perf_counter() - begun), (process_time() - spent) / count * 1_000_000)


async def measure(
    count: int, turns: int, committing: Mapping[str, Callable[[int, int], Turn]]
) -> list[dict[str, object]]:
    """All in turn; the first turn of each is not counted, for it makes what is made once."""
    found: dict[str, list[Turn]] = {"a bare answer": [], **{name: [] for name in committing}}
    with tempfile.TemporaryDirectory() as folder:
        async with Bare(Path(folder)) as server:
            for turn in range(turns + 1):
                found["a bare answer"].append(await answer_all(server, [ASKED] * count, AT_ONCE, 200))
                for name, commit in committing.items():
                    found[name].append(commit(count // 4, turn * count))
    return [{"measurement": "floors", "floor": name} | told(some[1:]) for name, some in found.items()]


def told(turns: Sequence[Turn]) -> dict[str, object]:
    speeds = [turn.per_second for turn in turns]
    return {
        "per_second": round(statistics.median(speeds)),
        "least": round(min(speeds)),
        "most": round(max(speeds)),
        "cpu_us": round(statistics.median(turn.cpu for turn in turns)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.floors", description=__doc__)
    parser.add_argument("--short", action="store_true", help="400 answers in each of 2 turns instead of 4,000 in 5")
    given = parser.parse_args()
    with ExitStack() as stack:
        file = stack.enter_context(fresh("sqlite")).removeprefix("sqlite:///")
        sqlite = stack.enter_context(closing(sqlite3.connect(file, isolation_level=None)))
        set_pragmas(sqlite, None)
        postgresql = stack.enter_context(
            psycopg.connect(stack.enter_context(fresh("postgresql")), autocommit=True, prepare_threshold=None)
        )
        for connection in (sqlite, postgresql):
            connection.execute(TABLE)
        committing = {
            "a commit on sqlite": partial(commits, sqlite, "?"),
            "a commit on postgresql": partial(commits, postgresql, "%s"),
        }
        for line in asyncio.run(measure(*((400, 2) if given.short else (4_000, 5)), committing)):
            print(json.dumps(line))


if __name__ == "__main__":
    main()
