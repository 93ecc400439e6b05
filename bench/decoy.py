"""Does the clock tell whether an address is registered? Newcomers and known addresses in turn, at a server of ours.

    python -m bench.decoy [--short] [--posts 200] [--database-url postgresql://…]

Without a database of its own (empty, and left behind as it is) it takes SQLite in a temporary folder. Each post is
timed while the server has nothing else to do, in random order. A ratio of 1 within its interval tells nothing.
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from pathlib import Path

from engage.storage.database import Database
from engage.storage.migrating import migrate
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, open_evening
from tests.server import Browsers, Page, Server

SEED = 1
RESAMPLED = 2_000
WITHIN = 60.0  # seconds for what one post leads to


async def measure(url: str, folder: Path, posts: int) -> tuple[list[float], list[float]]:
    """Seconds of each answer to newcomers, and to known addresses."""
    migrate(url)
    database = Database(url)
    evening = await open_evening(database, 4 * posts)
    await database.close()
    known = [f"known-{number}@example.org" for number in range(posts)]
    fresh = [f"fresh-{number}@example.org" for number in range(posts)]
    async with (
        Mailbox() as mailbox,
        Server(folder, DATABASE_URL=url, SMTP_URL=mailbox.url) as server,
        Browsers(server.url) as browsers,
    ):
        before, page = await browsers.open(evening), await browsers.open(evening)
        await asyncio.gather(*(browsers.post(before, slot=FIRST, email=address) for address in known))
        await mailbox.hold(set(known), WITHIN * 10)
        order = random.Random(SEED).sample(known + fresh, 2 * posts)
        seconds = {address: await _time(browsers, mailbox, page, address) for address in order}
    return [seconds[address] for address in fresh], [seconds[address] for address in known]


async def _time(browsers: Browsers, mailbox: Mailbox, page: Page, address: str) -> float:
    """One post, and then whatever it sets going, so that it does not count for the next one."""
    messages = len(mailbox.messages)
    begun = time.perf_counter()
    answer = await browsers.post(page, slot=FIRST, email=address, vacancies="caseworker")
    seconds = time.perf_counter() - begun
    if answer.status_code != 303:
        raise SystemExit(f"{answer.status_code} for {address}")
    await mailbox.until(lambda: len(mailbox.messages) > messages, WITHIN)
    return seconds


def ratios(fresh: list[float], known: list[float]) -> list[float]:
    """The ratio of the medians, known to newcomers, for as many samples drawn with replacement, in order."""
    chance = random.Random(SEED)
    return sorted(
        statistics.median(chance.choices(known, k=len(known))) / statistics.median(chance.choices(fresh, k=len(fresh)))
        for _ in range(RESAMPLED)
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.decoy", description=__doc__)
    parser.add_argument("--posts", type=int, default=200)
    parser.add_argument("--short", action="store_const", dest="posts", const=30, help="30 posts")
    parser.add_argument("--database-url")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.database_url or f"sqlite:///{folder}/decoy.db"
        fresh, known = asyncio.run(measure(url, Path(folder), given.posts))
    drawn = ratios(fresh, known)
    low, high = drawn[RESAMPLED // 40], drawn[-RESAMPLED // 40]
    new, old = statistics.median(fresh) * 1000, statistics.median(known) * 1000
    found = {
        "measurement": "decoy",
        "posts": given.posts,
        "newcomer_ms": round(new, 2),
        "known_ms": round(old, 2),
        "ratio": round(old / new, 3),
        "ratio_from": round(low, 3),  # and to: 95 in 100
        "ratio_to": round(high, 3),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
