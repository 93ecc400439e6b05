"""Registrations under a burst, against the same server when it parses the same form and stores nothing.

    python -m bench.registrations [--short] [--databases sqlite postgresql]

Real forms with their CSRF token, 64 at once, to one hot sitting or to ten. An answer comes after its commit is on the
disk. All ways take turns; each ratio is of neighbouring turns: of registering to parsing alone ("ratio", the goal's),
and to parsing, checking and validating ("to_checked"). At last they come at half of the top rate, one by one: the times
of their answers ("p99_ratio": of the slowest in a hundred to the median, at most 10). No worker runs in the server.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote_plus

from bench.databases import KINDS, fresh
from bench.load import Measured, Turn, answer_all, posted, summary, time_all
from engage.events.models import OpenEvening
from engage.storage.database import Database
from tests.factories import make_evening
from tests.server import Browsers, Page

GOAL = 0.5
AT_ONCE = 64
CAPACITY = 1_000_000
SITTINGS = {"one hot sitting": 1, "ten sittings": 10}


class Both(Measured):
    program = ("-m", "bench.bare_form")
    options = ("--no-worker",)


async def open_evening(url: str, sittings: int) -> OpenEvening:
    """A published evening with places for everybody."""
    database = Database(url)
    evening = make_evening(*[CAPACITY] * sittings)
    async with database.writing() as session:
        session.add(evening)
    await database.close()
    return evening


def forms(page: Page, path: str, count: int, sittings: int, turn: int) -> list[bytes]:
    """What as many newcomers send."""
    fields = f"csrf_token={quote_plus(page.token)}&name=Somebody+Interested&vacancies=caseworker&deadline_reminders=yes"
    return [
        posted(path, f"{fields}&slot=sitting-{number % sittings}&email=p{turn}.{number}%40example.org", page.cookie)
        for number in range(count)
    ]


async def measure(url: str, folder: Path, sittings: int, count: int, turns: int) -> dict[str, object]:
    """All ways in turn; the first turn of each is not counted, for it makes what is made once."""
    evening, found, ratios = await open_evening(url, sittings), list[tuple[Turn, Turn]](), list[float]()
    path = f"/open-evenings/{evening.slug}/register"
    async with Both(folder, DATABASE_URL=url) as server, Browsers(server.url) as browsers:
        page = await browsers.open(evening)
        for turn in range(turns + 1):
            bare = await answer_all(server, forms(page, "/bare", count, sittings, turn), AT_ONCE)
            own = await answer_all(server, forms(page, path, count, sittings, turn), AT_ONCE)
            checked = f"/checked/{evening.slug}"
            only = await answer_all(server, forms(page, checked, count, sittings, turn), AT_ONCE)
            found.append((bare, own))
            ratios.append(own.per_second / only.per_second)
        half = statistics.median(own.per_second for _, own in found[1:]) / 2
        seconds = await time_all(server, forms(page, path, count, sittings, turns + 1), half)
    told = summary(found[1:], "registered") | {"to_checked": round(statistics.median(ratios[1:]), 2)}
    return {"forms": count} | told | at_half(seconds)


def at_half(seconds: Sequence[float]) -> dict[str, object]:
    """How long an answer takes at half of the top rate."""
    median, slow = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98]
    return {"median_ms": round(median * 1000, 1), "p99_ms": round(slow * 1000, 1), "p99_ratio": round(slow / median, 1)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.registrations", description=__doc__)
    parser.add_argument("--short", action="store_true", help="500 forms in each of 3 turns instead of 1,500 in 11")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    count, turns = (500, 3) if given.short else (1_500, 11)
    for kind in given.databases:
        for shape, sittings in SITTINGS.items():
            with fresh(kind) as url, tempfile.TemporaryDirectory() as folder:
                found = asyncio.run(measure(url, Path(folder), sittings, count, turns))
            print(json.dumps({"measurement": "registrations", "database": kind, "to": shape, "goal": GOAL} | found))


if __name__ == "__main__":
    main()
