"""What a tick of the planner costs while nothing is due, and how fast reminders are made when all are.

    python -m bench.reminders [--short] [--databases sqlite postgresql]

Each registration wants to hear of three posts. The cost of an idle tick must not depend on how many there are: it is
told for each number, and as a ratio of the largest number to the smallest.
"""

import argparse
import asyncio
import json
import statistics
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter

from sqlalchemy import delete, insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from bench.databases import KINDS, fresh
from engage.demo.play import example_files
from engage.events.evenings.loading import OPEN_EVENINGS
from engage.events.mail import reminders
from engage.events.mail.correspondence import Correspondence
from engage.events.models import Interest, OpenEvening, Registration
from engage.files.loading import load
from engage.notify.models import OutboxMessage, PlannedRound
from engage.settings import from_environment
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens

LOADED_AT = datetime(2019, 6, 1, 12, 0, tzinfo=UTC)
QUIET_AT = datetime(2019, 9, 1, 12, 0, tzinfo=UTC)  # six weeks before the posts of the example close
DUE_AT = datetime(2019, 10, 12, 12, 0, tzinfo=UTC)  # a day before
TICKS = 50
AT_ONCE = 5_000  # rows of one statement


Row = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reminders", description=__doc__)
    parser.add_argument("--short", action="store_true", help="without the largest number")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    sizes = [1_000, 10_000] if given.short else [1_000, 10_000, 100_000]
    for kind in given.databases:
        with fresh(kind) as url:
            rows = asyncio.run(measure(url, sizes))
        growth = round(rows[-1]["idle_tick_ms"] / rows[0]["idle_tick_ms"], 2)
        print(json.dumps({"measurement": "reminders", "database": kind, "idle_tick_growth": growth, "rows": rows}))


async def measure(url: str, sizes: list[int]) -> list[Row]:
    """One row for each number of registrations."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        unit_of_work = UnitOfWork(database)
        stack.push_async_callback(unit_of_work.close)
        return await _measure(database, unit_of_work, sizes)


async def _measure(database: Database, unit_of_work: UnitOfWork, sizes: list[int]) -> list[Row]:
    settings = from_environment({"ENGAGE_SECRET_KEY": "x" * 40, "ENGAGE_DATABASE_URL": database.url})
    correspondence = Correspondence(settings, Tokens(settings.secret_key))
    files = [path for path in example_files() if path.stem == "reviews-team"]
    await load(files, rooms=[OPEN_EVENINGS], unit_of_work=unit_of_work, zone=settings.zone, now=LOADED_AT)
    await reminders.plan(database, unit_of_work, correspondence, DUE_AT)  # what is looked up once is looked up now
    rows = []
    for size in sizes:
        await unit_of_work.run(partial(_fill, size))
        await _refresh_statistics(database)
        idle = await _tick(database, unit_of_work, correspondence, QUIET_AT)
        begun = perf_counter()
        made = await reminders.plan(database, unit_of_work, correspondence, DUE_AT)
        lasted = perf_counter() - begun
        after = await _tick(database, unit_of_work, correspondence, DUE_AT)
        rows.append(
            {
                "registrations": size,
                "idle_tick_ms": round(idle, 2),
                "due": made,
                "made_per_second": round(made / lasted),
                "tick_after_ms": round(after, 2),
            }
        )
    return rows


async def _refresh_statistics(database: Database) -> None:
    """What the database itself does some time after so many rows were put in."""
    async with database.writing() as session:
        await session.execute(text("ANALYZE"))


async def _tick(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> float:
    """The median of some ticks in milliseconds."""
    spans = []
    for number in range(TICKS):
        begun = perf_counter()
        await reminders.plan(database, unit_of_work, correspondence, now + timedelta(minutes=number))
        spans.append((perf_counter() - begun) * 1_000)
    return statistics.median(spans)


async def _fill(size: int, session: AsyncSession) -> None:
    """That many registrations, and nothing else of earlier measurements."""
    for model in (OutboxMessage, PlannedRound, Registration):
        await session.execute(delete(model))
    evening = await session.get_one(OpenEvening, 1)
    await session.refresh(evening, ["vacancies"])
    posts = [vacancy.id for vacancy in evening.vacancies]
    for some in _slices(size):
        await session.execute(insert(Registration), [_registration(number, evening.id) for number in some])
        interests = [
            {"registration_id": number, "vacancy_id": post, "created_at": LOADED_AT}
            for number in some
            for post in posts
        ]
        await session.execute(insert(Interest), interests)


def _slices(size: int) -> Iterator[range]:
    return (range(first, min(first + AT_ONCE, size + 1)) for first in range(1, size + 1, AT_ONCE))


def _registration(number: int, evening_id: int) -> dict[str, object]:
    email = f"person{number}@example.org"
    return {
        "id": number,
        "open_evening_id": evening_id,
        "uid": f"uid-{number}",
        "ticket_code": f"{number:08}",
        "form": "form",
        "email": email,
        "email_key": email,
        "name": f"Somebody {number}",
        "status": "subscribed",
        "party": 1,
        "has_reminders": True,
        "created_at": LOADED_AT,
    }


if __name__ == "__main__":
    main()
