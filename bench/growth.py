"""What each page, command and tick costs, against the number of evenings and of registrations.

    python -m bench.growth [--short] [--databases sqlite postgresql]

In this process, on a database filled for each size; one evening of two sittings stands beside all others, and what is
asked is about it. Told are medians in milliseconds, database statements, and the ratio of the largest size to the
smallest. What is shared by all who ask is made anew each time. A tick is the worker's when nothing is due.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter

from sqlalchemy.ext.asyncio import AsyncSession

from bench.databases import KINDS, fresh
from engage import journal
from engage.commands.running import log_as
from engage.events.mail import reminders
from engage.events.mail.correspondence import Correspondence
from engage.events.registrations.lapsing import lapse_due
from engage.notify.claims import Truth, claim
from engage.purging import purge
from engage.settings import from_environment
from engage.storage.database import Database
from engage.tokens import Tokens
from tests.conftest import SECRET
from tests.crowd import counted
from tests.factories import make_evening
from tests.grown import grow
from tests.reading import sign_in
from tests.reminding import LEASE
from tests.site import Site, running

NOW = datetime(2027, 2, 3, 12, tzinfo=UTC)
SIZES = ((1, 1_000), (10, 10_000), (100, 100_000), (1_000, 1_000_000))  # evenings and registrations
SHORT = ((10, 1_000), (100, 10_000))
TURNS = 9
A_SECOND = timedelta(seconds=1)  # after which nothing is shared any more
HERE, EVENING = "/console/evenings/reviews-team", "/open-evenings/reviews-team"
ORGANISERS = {
    "console: evenings": "/console/evenings",
    "console: one evening": HERE,
    "console: people": f"{HERE}/people",
    "console: people found": f"{HERE}/people?words=somebody",
    "console: tonight": f"{HERE}/tonight",
}
Act = Callable[[], Awaitable[object]]


@asynccontextmanager
async def grown(url: str, evenings: int, people: int) -> AsyncIterator[Site]:
    """A site with so much in it, and an evening that people register for."""
    database = Database(url)
    await grow(database, evenings, people, NOW)
    async with database.writing() as session:
        session.add(make_evening(1_000, 1_000))
    await database.close()
    with tempfile.TemporaryDirectory() as folder:
        given = {"SECRET_KEY": SECRET, "DATABASE_URL": url, "BASE_URL": "http://engage.example.org", "DATA_DIR": folder}
        async with running(from_environment({f"ENGAGE_{key}": value for key, value in given.items()}), NOW) as site:
            yield site


async def measure(url: str, evenings: int, people: int) -> dict[str, tuple[float, int]]:
    """Median milliseconds and statements, by what is done."""
    async with grown(url, evenings, people) as site:
        own = await site.joined("first@example.net")
        found = {name: await timed(site, act) for name, act in (visits(site, own) | ticks(site)).items()}
        for role, pages in (("organiser", ORGANISERS), ("admin", {"console: audit": "/console/audit"})):
            await sign_in(site, role)
            found |= {name: await timed(site, partial(ask, site, path)) for name, path in pages.items()}
    return found


def visits(site: Site, own: str) -> dict[str, Act]:
    """What somebody does who thinks of applying."""
    numbers = iter(range(1_000_000))
    paths = {"list of evenings": "/open-evenings", "an evening": EVENING, "form": f"{EVENING}/register"}
    paths |= {"own page": own, "own timeline": f"{own}/timeline"}
    acts: dict[str, Act] = {name: partial(ask, site, path) for name, path in paths.items()}
    return acts | {"form and registering": lambda: site.register(f"newcomer{next(numbers)}@example.net")}


async def ask(site: Site, path: str) -> None:
    site.pass_time(A_SECOND)
    assert (await site.browser.get(path)).status_code == 200, path


def ticks(site: Site) -> dict[str, Act]:
    """What the worker does again and again, and every night."""
    parts = site.app.state.site
    both = parts.database, parts.unit_of_work
    correspondence = Correspondence(site.settings, Tokens(SECRET))
    claiming = partial(claim, now=datetime.now(UTC), lease=LEASE, limit=100, truth=Truth({}, NOW))
    return {
        "tick: what happened": lambda: journal.follow(*both, IDLE, NOW, datetime.now(UTC)),
        "tick: reminders": lambda: reminders.plan(*both, correspondence, NOW),
        "tick: offers": lambda: lapse_due(*both, NOW),
        "tick: messages": lambda: parts.unit_of_work.run(claiming),
        "every night": lambda: purge(parts.database, parts.unit_of_work, NOW, site.settings.zone),
    }


async def _hear(session: AsyncSession, entry: journal.JournalEntry, now: datetime) -> None:
    raise AssertionError("it was to hear of nothing")


IDLE = {"idle": journal.Subscriber(_hear)}  # among the pending facts of others


async def timed(site: Site, act: Act) -> tuple[float, int]:
    """The first time makes what is made once."""
    await act()
    with counted(site.app.state.site.database) as statements:
        await act()
    spans = []
    for _ in range(TURNS):
        begun = perf_counter()
        await act()
        spans.append((perf_counter() - begun) * 1_000)
    return statistics.median(spans), len(statements)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--short", action="store_true", help="10 and 100 evenings, 1,000 and 10,000 registrations")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    log_as("text")  # to where no figures go
    sizes = SHORT if given.short else SIZES
    for kind in given.databases:
        found = []
        for evenings, people in sizes:
            with fresh(kind) as url:
                found.append(asyncio.run(measure(url, evenings, people)))
        for act in found[0]:
            ms, statements = zip(*(each[act] for each in found), strict=True)
            line = {"measurement": "growth", "database": kind, "act": act, "sizes": sizes, "statements": statements}
            line |= {"ms": [round(each, 2) for each in ms], "largest_ms": round(ms[-1], 2)}
            print(json.dumps(line | {"ratio": round(ms[-1] / ms[0], 2)}))


if __name__ == "__main__":
    main()
