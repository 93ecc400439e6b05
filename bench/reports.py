"""What reading a published wave costs: a report's page, by how many people answered, and each file of it.

    python -m bench.reports [--short]

Pages are asked of the application in this process. The ratio is that of the medians for the most and the fewest people.
"""

import argparse
import asyncio
import json
import logging
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter, process_time

import structlog
from httpx2 import ASGITransport, AsyncClient
from sqlalchemy import event
from starlette.applications import Starlette

from bench.databases import fresh
from engage.app import create_app
from engage.people.models import RoleGrant
from engage.people.sessions import open_session
from engage.settings import from_environment
from engage.surveys.reports.export import FORMATS
from engage.tokens import Tokens
from tests.releases import Sized, content, publish

SIZES = (200, 100_000)
GROUPS = (5, 60)
SECRET = "x" * 40
PAGE = "/reports/wave"
FILE_GOAL, RATIO_GOAL, MOST_STATEMENTS = 2.0, 1.2, 10


def groups_of(count: int, responded: int) -> list[Sized]:
    """That many groups of a third of everybody, in families of ten."""
    size = max(responded // 3, 10)
    return [Sized(f"family-{place // 10}", f"group-{place}", f"Group {place}", size, size) for place in range(count)]


@asynccontextmanager
async def served(groups: int, size: int) -> AsyncIterator[tuple[Starlette, AsyncClient]]:
    """A site that has a published wave of that many people and groups, and a signed-in browser at it."""
    with fresh("sqlite") as url:
        given = from_environment({"ENGAGE_SECRET_KEY": SECRET, "ENGAGE_DATABASE_URL": url})
        app = create_app(given, has_worker=False)
        async with app.router.lifespan_context(app):
            async with app.state.site.database.writing() as session:
                await publish(session, content("wave", responded=size, groups=groups_of(groups, size)))
                session.add(RoleGrant(email="pcs@example.org", role="pcs", granted_at=datetime.now(UTC)))
                cookie = await open_session(session, Tokens(SECRET), "pcs@example.org", datetime.now(UTC))
            cookies = {"engage-session": cookie}
            async with AsyncClient(transport=ASGITransport(app), base_url=given.base_url, cookies=cookies) as browser:
                yield app, browser


async def timed(browser: AsyncClient, path: str) -> float:
    begun = perf_counter()
    answer = await browser.get(path)
    if answer.status_code != 200:
        raise SystemExit(f"{path} answered {answer.status_code}")
    return perf_counter() - begun


async def pages(browsers: Sequence[AsyncClient], turns: int) -> dict[str, object]:
    """The medians of both sizes, taken in turn; the first turn makes what is made once."""
    rounds = [[await timed(browser, PAGE) for browser in browsers] for _ in range(turns + 1)][1:]
    small, large = (statistics.median(times) for times in zip(*rounds, strict=True))
    return {"ms": [round(small * 1000, 1), round(large * 1000, 1)], "ratio": round(large / small, 2)}


async def statements(app: Starlette, browser: AsyncClient) -> int:
    """The database statements of one page."""
    seen: list[str] = []
    event.listen(
        app.state.site.database.engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(given[2])
    )
    await timed(browser, PAGE)
    return len(seen)


async def files(browser: AsyncClient) -> list[dict[str, object]]:
    """Seconds for each file by the clock and by the processor; the first time makes what is made once."""
    found: list[dict[str, object]] = []
    for form in FORMATS:
        times = []
        for _ in range(4):
            begun = process_time()
            times.append((await timed(browser, f"{PAGE}.{form}"), process_time() - begun))
        clock, processor = (round(statistics.median(each), 2) for each in zip(*times[1:], strict=True))
        found.append({"format": form, "seconds": clock, "processor_seconds": processor, "goal": FILE_GOAL})
    return found


async def measure(groups: int, turns: int) -> Sequence[dict[str, object]]:
    async with served(groups, SIZES[0]) as (_, few), served(groups, SIZES[1]) as (app, many):
        page = {"measurement": "report page", "groups": groups, "answered": SIZES} | await pages([few, many], turns)
        page |= {
            "statements": await statements(app, many),
            "goals": {"ratio": RATIO_GOAL, "statements": MOST_STATEMENTS},
        }
        return [page, *({"measurement": "report file", "groups": groups} | file for file in await files(many))]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer turns")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    for groups in GROUPS:
        for line in asyncio.run(measure(groups, 5 if given.short else 20)):
            print(json.dumps(line))


if __name__ == "__main__":
    main()
