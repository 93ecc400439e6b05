"""How long after its receipt a registration's message is in the relay's hands, while nothing else goes on.

    python -m bench.promptness [--short]

Posts follow one another at a real server with its embedded worker, on SQLite. The clock starts when the answer is here
and stops when the relay has taken the message.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from bench.databases import fresh
from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, open_evening
from tests.server import Browsers, Server

GOAL = 1.0  # seconds, of 95 in 100
WITHIN = 60.0


async def measure(url: str, folder: Path, posts: int) -> list[float]:
    """Seconds from each answer to its message."""
    database = Database(url)
    evening = await open_evening(database, 2 * posts)
    await database.close()
    async with (
        Mailbox() as mailbox,
        Server(folder, DATABASE_URL=url, SMTP_URL=mailbox.url) as server,
        Browsers(server.url) as browsers,
    ):
        page = await browsers.open(evening)
        taken: list[float] = []
        mailbox.seen = lambda: taken.append(perf_counter())
        waited = []
        for number in range(posts + 1):
            address = f"visitor-{number}@example.org"
            await browsers.post(page, slot=FIRST, email=address)
            answered = perf_counter()
            await mailbox.hold({address}, WITHIN)
            waited.append(max(0.0, taken[-1] - answered))
    return waited[1:]  # the first one waits for what is made once


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.promptness", description=__doc__)
    parser.add_argument("--short", action="store_true", help="40 posts instead of 200")
    given = parser.parse_args()
    with fresh("sqlite") as url, tempfile.TemporaryDirectory() as folder:
        waited = asyncio.run(measure(url, Path(folder), 40 if given.short else 200))
    found = {
        "measurement": "promptness",
        "posts": len(waited),
        "median_seconds": round(statistics.median(waited), 3),
        "p95_seconds": round(statistics.quantiles(waited, n=20)[-1], 3),
        "longest_seconds": round(max(waited), 3),
        "goal_p95_seconds": GOAL,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
