"""A claim looks at as many messages as it takes, however many wait."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, insert

from engage.notify.claims import Truth, claim
from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

WAITING = 2_000
TAKEN = 100
PAGES_EACH = 8  # of the message, its lock, and the index that tells whether an earlier one about the same waits


@pytest.fixture
async def queue(database: Database, now: datetime) -> Database:
    """A queue that grew a moment ago, of which PostgreSQL has no statistics."""
    rows = [
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
        for number in range(WAITING)
    ]
    async with database.writing() as session:
        await session.execute(insert(OutboxMessage), rows)
    return database


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_claim_reads_a_few_pages_for_each_message_that_it_takes(
    queue: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pages: list[int] = []

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT outbox_message.id"):
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
            plan = cursor.fetchone()[0][0]["Plan"]
            pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    event.listen(queue.writer.sync_engine, "before_cursor_execute", explain)
    claimed = await unit_of_work.run(
        partial(claim, now=now, lease=timedelta(minutes=1), limit=TAKEN, truth=Truth({}, now))
    )
    assert len(claimed.messages) == TAKEN
    assert 0 < sum(pages) < PAGES_EACH * TAKEN
