"""A claim looks at as many messages as it takes, however many wait."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from engage.notify.claims import Truth, claim
from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

WAITING = 2_000
TAKEN = 100
PAGES_EACH = 8  # of the message, its lock, and the index that tells whether an earlier one about the same waits


def _rows(numbers: range, now: datetime) -> list[dict[str, object]]:
    return [
        {
            "key": f"message:{number}",
            "kind": "place_confirmed",
            "stream": f"registration:{number}",
            "recipient": f"visitor{number}@example.org",
            "envelope_from": "evenings@example.org",
            "message_id": f"<{number}@example.org>",
            "content": b"Subject: Welcome\r\n\r\nWelcome\r\n",
            "due_at": now,
            "created_at": now,
        }
        for number in numbers
    ]


async def _put(database: Database, rows: list[dict[str, object]]) -> None:
    async with database.writing() as session:
        await session.execute(insert(OutboxMessage), rows)


async def _say(database: Database, statement: str) -> None:
    async with database.writing() as session:
        await session.execute(text(statement))


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("known", [None, 0, 5, WAITING // 2])
async def test_a_claim_reads_a_few_pages_for_each_message_that_it_takes(
    known: int | None, database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    """However many messages PostgreSQL believes to wait, from statistics made before the queue grew."""
    pages: list[int] = []
    await _say(database, "TRUNCATE outbox_message")  # and what tests before left behind in its indexes
    if known:
        await _put(database, _rows(range(known), now))
    if known is not None:
        await _say(database, "ANALYZE outbox_message")
    await _put(database, _rows(range(known or 0, WAITING), now))

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT outbox_message.id"):
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            plan = cursor.fetchone()[0][0]["Plan"]
            pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    event.listen(database.writer.sync_engine, "before_cursor_execute", explain)
    claimed = await unit_of_work.run(
        partial(claim, now=now, lease=timedelta(minutes=1), limit=TAKEN, truth=Truth({}, now))
    )
    assert len(claimed.messages) == TAKEN
    assert 0 < sum(pages) < PAGES_EACH * TAKEN
