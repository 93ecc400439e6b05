"""However long the journal is, each way of looking into it is answered from an index and in its order."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, text

from engage.audit.reading import Search, entries, query_of
from engage.journal import JournalEntry
from engage.storage.database import Database

ENTRIES = 30_000
KINDS = ("PlaceConfirmed", "QueueJoined", "EveningEdited")
ACTORS = ("visitor", "system", "staff:1")


@pytest.fixture
async def long(database: Database, now: datetime) -> Database:
    """A journal of thirty thousand entries, nearly all of them by visitors, one a minute."""
    rows = [
        {
            "kind": KINDS[2 if number % 1000 == 0 else number % 2],
            "actor": ACTORS[2 if number % 1000 == 0 else number % 50 == 1],
            "stream": f"registration:{number // 5}",
            "occurred_at": now + timedelta(minutes=number),
            "details": {},
        }
        for number in range(ENTRIES)
    ]
    async with database.writing() as session:
        await session.execute(insert(JournalEntry), rows)
        await session.execute(text("ANALYZE journal_entry" if not database.is_sqlite else "SELECT 1"))
    return database


async def plan_of(database: Database, search: Search, before: JournalEntry | None) -> list[str]:
    dialect = database.engine.sync_engine.dialect
    compiled = query_of(search, before).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.reading() as session:
        connection = await session.connection()
        rows = (await connection.exec_driver_sql(f"{explain} {compiled}".replace("%", "%%"))).all()
    return [str(row[-1]) for row in rows]


def is_scan(database: Database, line: str) -> bool:
    """Whether the line reads the whole table, or sorts what it found."""
    if database.is_sqlite:
        return ("SCAN" in line and "USING INDEX" not in line) or "TEMP B-TREE" in line
    return "Seq Scan" in line


async def test_no_way_of_looking_reads_the_whole_journal(long: Database, now: datetime) -> None:
    async with long.reading() as session:
        middle = await session.get_one(JournalEntry, ENTRIES // 2)
    days: list[dict[str, Any]] = [{}, {"until": now + timedelta(days=2)}, {"since": now, "until": now}]
    streams: list[dict[str, Any]] = [{}, {"stream": "registration:7"}]
    kinds: list[dict[str, Any]] = [{}, *({"kind": kind} for kind in (*KINDS, "Unknown"))]
    actors: list[dict[str, Any]] = [{}, *({"actor": actor} for actor in (*ACTORS, "nobody"))]
    for day, stream, kind, actor, before in product(days, streams, kinds, actors, (None, middle)):
        search = Search(**day, **stream, **kind, **actor)
        plan = await plan_of(long, search, before)
        faults = [line for line in plan if is_scan(long, line)]
        if search.stream is not None:  # a few, which are put into order
            faults = [line for line in faults if "TEMP B-TREE" not in line]
            assert not long.is_sqlite or any("ix_journal_entry_stream_kind" in line for line in plan), (search, plan)
        assert not faults, (search, plan)


async def test_pages_follow_one_another_in_the_order_of_time(long: Database, now: datetime) -> None:
    async with long.writing() as session:
        late = JournalEntry(kind="EveningEdited", stream="open_evening:1", actor="staff:1", occurred_at=now, details={})
        session.add(late)  # written last, of what happened first
    seen: list[int] = []
    before = None
    while True:
        async with long.reading() as session:
            found = await entries(session, Search(kind="EveningEdited", before=before))
        seen += [entry.id for entry in found[:50]]
        if len(found) <= 50:
            break
        before = seen[-1]
    assert seen == [*range(29_001, 1, -1000), late.id, 1]
