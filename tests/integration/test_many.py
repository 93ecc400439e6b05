"""Many rows in one statement are stored as if each had been written by itself."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import JSON, ClauseElement, FromClause, Integer, Table, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from engage.errors import NotHeld
from engage.events.models import AskedQuestion, OpenEvening, Slot
from engage.journal import JournalEntry, PendingFact
from engage.storage.bare import listing
from engage.storage.bursts import Bursts
from engage.storage.database import Database
from engage.storage.many import MOST_AT_ONCE, Asked, Row, drawing, drawn, inserting, run_all, run_last, updating
from tests.factories import make_evening

AT = datetime(2027, 2, 3, 12, 0, 0, 250_000, timezone(timedelta(hours=5, minutes=30)))
ODD = ('O\'Brien "Bobby" \\', "\u202e名前 🎟\r\n%s :x %(rows)s", "")


def entry(stream: str, **details: object) -> Row:
    return {"kind": "Said", "stream": stream, "occurred_at": AT, "actor": "visitor", "details": details}


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening(5, 7)
    async with database.writing() as session:
        session.add(evening)
    return evening


async def test_all_kinds_of_values_come_back_as_they_were_given(database: Database) -> None:
    details = {"words": list(ODD), "none": None, "yes": True, "number": 2**53, "deep": {"a": [1, {"b": 0.5}]}}
    async with database.writing() as session:
        await run_all(session, [inserting(JournalEntry, [entry(each, **details) for each in ODD])])
    async with database.reading() as session:
        stored = (await session.scalars(select(JournalEntry).order_by(JournalEntry.id))).all()
    assert [each.stream for each in stored] == list(ODD)
    assert all(each.details == details and each.occurred_at == AT.astimezone(UTC) for each in stored)


async def test_flags_and_what_is_left_out_are_stored_as_the_models_have_it(
    database: Database, evening: OpenEvening
) -> None:
    row = {"open_evening_id": evening.id, "text": "?", "status": "asked", "asked_at": AT, "answer": None}
    async with database.writing() as session:
        await run_all(session, [inserting(AskedQuestion, [row])])
        await run_all(session, [inserting(AskedQuestion, [])])
    async with database.reading() as session:
        question = (await session.scalars(select(AskedQuestion))).one()
    assert (question.answer, question.asked_at) == (None, AT.astimezone(UTC))


async def test_each_row_says_for_itself_what_is_empty_and_in_what_order(database: Database) -> None:
    async with database.writing() as session:
        (answer,) = await run_all(session, [drawing(session, JournalEntry, 2)])
        told: Row = {"subscriber": "messages", "stream": "any", "failures": 0}
        one, other = drawn(answer, 2)
        await run_all(session, [inserting(JournalEntry, [entry("one") | {"id": one}, entry("other") | {"id": other}])])
        first = told | {"entry_id": one, "retry_at": None, "error": "x"}
        second = {"error": None, "retry_at": AT, "entry_id": other} | told
        await run_all(session, [inserting(PendingFact, [first, second])])
    async with database.reading() as session:
        stored = (await session.scalars(select(PendingFact).order_by(PendingFact.entry_id))).all()
    assert [(each.retry_at, each.error) for each in stored] == [(None, "x"), (AT.astimezone(UTC), None)]


async def test_ids_rise_in_the_order_given_however_many_there_are(database: Database) -> None:
    streams = [f"stream-{number}" for number in range(2 * MOST_AT_ONCE + 3)]
    async with database.writing() as session:
        (answer,) = await run_all(session, [drawing(session, JournalEntry, len(streams))])
        ids = drawn(answer, len(streams))
        rows = [entry(stream) | {"id": number} for number, stream in zip(ids, streams, strict=True)]
        await run_all(session, [inserting(JournalEntry, rows)])
    async with database.reading() as session:
        stored = (await session.execute(select(JournalEntry.id, JournalEntry.stream).order_by(JournalEntry.id))).all()
    assert [tuple(each) for each in stored] == list(zip(ids, streams, strict=True))


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_ids_that_were_drawn_are_nobody_elses(database: Database, count: int) -> None:
    """Neither of who draws next, nor of rows that are numbered as they are written, before and after."""
    drawings = []
    for words in ("before", "after"):
        async with database.writing() as session:
            session.add(JournalEntry(**entry(words)))
            await session.flush()
            (answer,) = await run_all(session, [drawing(session, JournalEntry, count)])
            drawings += drawn(answer, count)
            session.add(JournalEntry(**entry(words)))
    async with database.reading() as session:
        stored = list(await session.scalars(select(JournalEntry.id).order_by(JournalEntry.id)))
    assert len(drawings) == 2 * count
    assert sorted({*stored, *drawings}) == [*range(1, 5 + 2 * count)]


async def test_ids_of_rows_that_are_gone_are_not_drawn_again(database: Database) -> None:
    async with database.writing() as session:
        session.add(JournalEntry(**entry("gone")))
    async with database.writing() as session:
        await session.delete(await session.get_one(JournalEntry, 1))
    async with database.writing() as session:
        (answer,) = await run_all(session, [drawing(session, JournalEntry, 1)])
    assert drawn(answer, 1) == [2]


async def test_only_the_named_rows_are_updated(database: Database, evening: OpenEvening) -> None:
    first, second = evening.slots
    async with database.writing() as session:
        await run_all(session, [updating(Slot, [{"id": second.id, "held": 3, "waiting": 2}])])
    async with database.reading() as session:
        counted = (await session.execute(select(Slot.id, Slot.held, Slot.waiting).order_by(Slot.id))).all()
    assert [tuple(each) for each in counted] == [(first.id, 0, 0), (second.id, 3, 2)]


async def test_what_a_constraint_refuses_is_refused_as_by_the_session_and_leaves_nothing(
    database: Database, evening: OpenEvening
) -> None:
    full = [{"id": each.id, "held": 6, "waiting": 0} for each in evening.slots]
    async with database.writing() as session:
        await run_all(session, [inserting(JournalEntry, [entry("kept")])])
        with pytest.raises(IntegrityError) as refused:
            async with session.begin_nested():
                await run_all(session, [updating(Slot, full)])
        assert not refused.value.connection_invalidated
    async with database.reading() as session:
        assert set(await session.scalars(select(Slot.held))) == {0}
        assert list(await session.scalars(select(JournalEntry.stream))) == ["kept"]


async def test_rows_written_before_anything_else_go_with_their_transaction(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.writing() as session:
            await run_all(session, [inserting(JournalEntry, [entry("lost")])])
            raise NotHeld("No.")

    with pytest.raises(NotHeld):
        await write_and_fail()
    async with database.reading() as session:
        assert not list(await session.scalars(select(JournalEntry)))


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_a_lost_connection_is_known_as_lost(database: Database) -> None:
    async def write_and_be_lost() -> None:
        async with database.writing() as session:
            backend = await session.scalar(text("SELECT pg_backend_pid()"))
            async with database.engine.connect() as other:
                await other.execute(text(f"SELECT pg_terminate_backend({backend})"))
            await run_all(session, [inserting(JournalEntry, [entry("lost")])])

    with pytest.raises(DBAPIError) as lost:
        await write_and_be_lost()
    assert lost.value.connection_invalidated
    async with database.writing() as session:
        await run_all(session, [inserting(JournalEntry, [entry("kept")])])


async def test_statements_of_one_journey_are_answered_in_their_order_each_seeing_those_before(
    database: Database, evening: OpenEvening
) -> None:
    second = evening.slots[1]
    asked = Asked(_held, Slot, [{"id": second.id}])
    async with database.writing() as session:
        update = updating(Slot, [{"id": second.id, "held": 3}])
        answers = await run_all(session, [asked, update, Asked(_held, Slot, []), asked])
        assert [[tuple(row) for row in answer] for answer in answers] == [[(0,)], [], [], [(3,)]]
        assert await run_all(session, []) == []


async def test_what_fails_on_the_way_leaves_nothing_of_its_journey(database: Database, evening: OpenEvening) -> None:
    slot = evening.slots[0]
    asked = [
        inserting(JournalEntry, [entry("before")]),
        updating(Slot, [{"id": slot.id, "held": 99}]),
        inserting(JournalEntry, [entry("after")]),
    ]
    async with database.writing() as session:
        with pytest.raises(IntegrityError):
            async with session.begin_nested():
                await run_all(session, asked)
        await run_all(session, [inserting(JournalEntry, [entry("kept")])])
    async with database.reading() as session:
        assert list(await session.scalars(select(JournalEntry.stream))) == ["kept"]


async def test_what_is_written_last_in_a_burst_is_committed_with_it(database: Database, bursts: Bursts) -> None:
    """What comes after it is too late to take anything back, so that nothing may."""
    with pytest.raises(NotHeld):
        await _write_last_and_fail(bursts)
    async with database.reading() as session:
        assert list(await session.scalars(select(JournalEntry.stream).order_by(JournalEntry.id))) == ["loaded", "last"]
    async with database.writing() as session:  # the connection is as good as before
        await run_all(session, [inserting(JournalEntry, [entry("next")])])
    async with database.reading() as session:
        streams = await session.scalars(select(JournalEntry.stream).order_by(JournalEntry.id))
        assert list(streams) == ["loaded", "last", "next"]


async def test_what_is_written_last_of_a_shared_transaction_waits_for_the_others(database: Database) -> None:
    async def write_and_fail() -> None:
        async with database.writing() as session:
            await run_last(session, [inserting(JournalEntry, [entry("lost")])])
            raise NotHeld("No.")

    with pytest.raises(NotHeld):
        await write_and_fail()
    async with database.reading() as session:
        assert not list(await session.scalars(select(JournalEntry)))


async def test_burst_whose_last_writes_fail_leaves_nothing(
    database: Database, bursts: Bursts, evening: OpenEvening
) -> None:
    async def write_and_fail() -> None:
        async with bursts.writing() as session:
            await run_all(session, [inserting(JournalEntry, [entry("first")])])
            full = updating(Slot, [{"id": evening.slots[0].id, "held": 99}])
            await run_last(session, [inserting(JournalEntry, [entry("second")]), full])

    with pytest.raises(IntegrityError):
        await write_and_fail()
    async with database.reading() as session:
        assert not list(await session.scalars(select(JournalEntry)))
    async with bursts.writing() as session:
        await run_last(session, [inserting(JournalEntry, [entry("kept")])])
    async with database.reading() as session:
        assert list(await session.scalars(select(JournalEntry.stream))) == ["kept"]


async def _write_last_and_fail(bursts: Bursts) -> None:
    async with bursts.writing() as session:
        session.add(JournalEntry(**entry("loaded")))
        await session.flush()
        await run_last(session, [inserting(JournalEntry, [entry("last")])])
        raise NotHeld("No.")


def _held(given: FromClause, table: Table) -> ClauseElement:
    return select(table.c.held).join(given, table.c.id == given.c.id)


async def test_nothing_in_a_document_is_nothing_in_the_row() -> None:
    listed = listing({"number": Integer(), "details": JSON()})
    assert listed([{"number": 1, "details": None}, {"number": 2, "details": {"a": None}}]) == [
        [1, None],
        [2, '{"a":null}'],
    ]
