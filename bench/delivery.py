"""How fast the outbox goes to a relay, against a bare loop that sends the same bytes on as many connections.

    python -m bench.delivery [--short] [--databases sqlite postgresql]

The relay is a process of its own that takes everything. Both ways take turns in one process, and each ratio is of two
neighbouring turns. Messages go to many domains, or all to one, which gets fewer of the connections.
"""

import argparse
import asyncio
import json
import os
import statistics
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack, redirect_stderr
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from aiosmtplib import SMTP
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.databases import KINDS, fresh
from bench.sink import sink
from engage.commands.running import log_as
from engage.notify.calendar import Person
from engage.notify.delivery import Delivery
from engage.notify.message import Letter, Message
from engage.notify.models import OutboxMessage
from engage.notify.outbox import row_of
from engage.notify.transport import CONNECTIONS, Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

GOAL = 0.7
SENDER = Person("evenings@engage.example.org", "Open evenings")
MADE_AT = datetime(2027, 2, 3, 12, 0, tzinfo=UTC)
PARAGRAPH = "Your place is confirmed. Come to the main entrance ten minutes before; the lift is on your left. " * 3
AT_ONCE = 1_000  # rows of one statement
TURNS = 3
WARM_UP = 500
DOMAINS = {"many domains": 200, "one domain": 1}

Rows = Sequence[dict[str, object]]


def messages(count: int, domains: int) -> Rows:
    """Rows of the outbox, each of some 8 kB."""
    letter = Letter(subject="Your place", text=f"{PARAGRAPH}\n\n" * 8, html=f"<p>{PARAGRAPH}</p>\n" * 16)
    return [
        row_of(
            Message(
                key=f"bench:{number}",
                sender=SENDER,
                recipient=Person(f"visitor-{number}@domain-{number % domains}.example.org", f"Visitor {number}"),
                letter=letter,
                dated=MADE_AT,
            ),
            kind="place_confirmed",
            stream=f"registration:{number}",
            now=MADE_AT,
        )
        for number in range(count)
    ]


async def bare(relay: str, rows: Rows) -> float:
    """Messages a second of a loop on each connection that only sends."""
    left = deque((row["envelope_from"], row["recipient"], row["content"]) for row in rows)
    begun = perf_counter()
    await asyncio.gather(*(_send(relay, left) for _ in range(CONNECTIONS)))
    return len(rows) / (perf_counter() - begun)


async def _send(relay: str, left: deque[tuple[object, object, object]]) -> None:
    place = urlsplit(relay)
    async with SMTP(hostname=place.hostname, port=place.port, start_tls=False) as smtp:
        while left:
            sender, recipient, content = left.popleft()
            assert isinstance(sender, str)
            assert isinstance(recipient, str)
            assert isinstance(content, bytes)
            await smtp.sendmail(sender, recipient, content)


async def delivered(relay: str, database: Database, unit_of_work: UnitOfWork, rows: Rows) -> float:
    """Messages a second out of the outbox, from an idle worker to the last one's settlement on the disk."""
    await unit_of_work.run(partial(_fill, rows))
    transport = Transport.open(relay)
    delivery = Delivery(database, unit_of_work, transport)
    begun = perf_counter()
    while await delivery.deliver_due(datetime.now(UTC)):
        pass
    lasted = perf_counter() - begun
    await transport.close()
    async with database.reading() as session:
        sent = await session.scalar(select(func.count()).where(OutboxMessage.state == "sent"))
    if sent != len(rows):
        raise SystemExit(f"{sent} of {len(rows)} messages were sent")
    return len(rows) / lasted


async def _fill(rows: Rows, session: AsyncSession) -> None:
    await session.execute(delete(OutboxMessage))
    for first in range(0, len(rows), AT_ONCE):
        await session.execute(insert(OutboxMessage), rows[first : first + AT_ONCE])


async def measure(url: str, relay: str, rows: Rows, turns: int) -> dict[str, object]:
    """Both ways in turn, after a little of each that is not counted, for it makes what is made once."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        unit_of_work = UnitOfWork(database)
        stack.push_async_callback(unit_of_work.close)
        speeds = [
            (await bare(relay, some), await delivered(relay, database, unit_of_work, some))
            for some in (rows[:WARM_UP], *([rows] * turns))
        ]
    ratios = [own / plain for plain, own in speeds[1:]]
    return {
        "messages": len(rows),
        "bare_per_second": round(statistics.median(plain for plain, _ in speeds[1:])),
        "delivered_per_second": round(statistics.median(own for _, own in speeds[1:])),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_from": round(min(ratios), 2),
        "ratio_to": round(max(ratios), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--short", action="store_true", help="2,000 messages instead of 10,000")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
        log_as("json")  # one line a message, as in operation
        for kind in given.databases:
            for shape in DOMAINS:
                print(json.dumps(compare(kind, shape, is_short=given.short)), flush=True)


def compare(kind: str, shape: str, *, is_short: bool) -> dict[str, object]:
    """On that kind of database, to the domains of that shape."""
    with fresh(kind) as url, sink() as relay:
        rows = messages(2_000 if is_short else 10_000, DOMAINS[shape])
        found = asyncio.run(measure(url, relay, rows, TURNS))
    return {"measurement": "delivery", "database": kind, "to": shape, "goal": GOAL} | found


if __name__ == "__main__":
    main()
