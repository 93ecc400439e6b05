"""An evening's page with live places, against the same server when it answers the same bytes and knows nothing of them.

    python -m bench.reading [--short] [--databases sqlite postgresql]

64 readers at once, while somebody registers ten times a second: for the page as it is, compressed, and for those who
have it already (against the compressed bytes). Both ways take turns; each ratio is of two neighbouring turns. Then, how
long it takes until a change by another process is seen. No worker runs in the server.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import httpx2
from sqlalchemy import update

from bench.databases import KINDS, fresh
from bench.load import Measured, Turn, answer_all, summary
from bench.registrations import CAPACITY, open_evening
from engage.events.models import OpenEvening, Slot
from engage.storage.database import Database
from tests.server import JSON, Browsers

GOAL, SOON = 0.7, 1.0  # seconds
AT_ONCE = 64
SITTINGS = 3
BETWEEN = 0.1  # seconds between two who register
CHANGES = 20
WAYS: dict[str, tuple[dict[str, str], int]] = {
    "whole": ({"accept-encoding": "identity"}, 200),
    "compressed": ({"accept-encoding": "gzip"}, 200),
    "known": ({"accept-encoding": "gzip", "if-none-match": "*"}, 304),
}


class Both(Measured):
    program = ("-m", "bench.bare_page")
    options = ("--no-worker",)


def asked(path: str, headers: Mapping[str, str]) -> bytes:
    """A request for that page."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nhost: localhost\r\n{lines}\r\n".encode()


@asynccontextmanager
async def registering(browsers: Browsers, evening: OpenEvening, name: str) -> AsyncIterator[None]:
    """Meanwhile places go, one after another."""
    page = await browsers.open(evening)

    async def register() -> None:
        for number in range(1_000_000):
            await browsers.post(page, slot="sitting-0", email=f"{name}.{number}@example.org")
            await asyncio.sleep(BETWEEN)

    going = asyncio.create_task(register())
    yield
    going.cancel()
    await asyncio.wait([going])


async def compare(server: Both, path: str, way: str, count: int, turns: int) -> dict[str, object]:
    """Both ways in turn; the first turn of each is not counted, for it makes what is made once."""
    headers, status = WAYS[way]
    encoding = {"accept-encoding": headers["accept-encoding"]}
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as client:
        async with client.stream("GET", path, headers=encoding) as answer:
            body = b"".join([part async for part in answer.aiter_raw()])
        await client.post("/bare", content=body)
    found = list[tuple[Turn, Turn]]()
    for _ in range(turns + 1):
        bare = await answer_all(server, [asked("/bare", encoding)] * count, AT_ONCE, 200)
        found.append((bare, await answer_all(server, [asked(path, headers)] * count, AT_ONCE, status)))
    return {"page": way, "bytes": len(body), "requests": count} | summary(found[1:], "page")


async def latest_sight(server: Both, url: str, path: str) -> float:
    """Seconds until the last of some changes, made by this process, was seen at the server."""
    database, slowest = Database(url), 0.0
    async with httpx2.AsyncClient(base_url=server.url, headers=JSON, trust_env=False) as reader:
        for held in range(CHANGES):
            async with database.writing() as session:
                await session.execute(update(Slot).where(Slot.key == "sitting-1").values(held=held + 1))
            begun = perf_counter()
            while (await reader.get(path)).json()["slots"][1]["seats_left"] != CAPACITY - held - 1:
                pass
            slowest = max(slowest, perf_counter() - begun)
    await database.close()
    return slowest


async def measure(url: str, folder: Path, count: int, turns: int) -> list[dict[str, object]]:
    evening = await open_evening(url, SITTINGS)
    path = f"/open-evenings/{evening.slug}"
    async with Both(folder, DATABASE_URL=url) as server, Browsers(server.url) as browsers:
        found: list[dict[str, object]] = []
        for way in WAYS:
            async with registering(browsers, evening, way):
                found.append({"goal": GOAL} | await compare(server, path, way, count, turns))
        slowest = await latest_sight(server, url, path)
        return [*found, {"goal_seconds": SOON, "change_by_another_process_seen_after": round(slowest, 2)}]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--short", action="store_true", help="1,000 requests in each of 3 turns instead of 5,000 in 5")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    count, turns = (1_000, 3) if given.short else (5_000, 5)
    for kind in given.databases:
        with fresh(kind) as url, tempfile.TemporaryDirectory() as folder:
            for found in asyncio.run(measure(url, Path(folder), count, turns)):
                print(json.dumps({"measurement": "reading", "database": kind} | found))


if __name__ == "__main__":
    main()
