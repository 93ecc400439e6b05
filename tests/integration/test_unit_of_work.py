"""Commands that share a commit: what one does wrong harms no other, and everybody is answered, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import partial

import psycopg
import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotHeld, Overloaded
from engage.events import facts
from engage.events.models import AskedQuestion, OpenEvening, Slot
from engage.journal import append, append_all
from engage.storage.database import BELL, Database
from engage.storage.unit_of_work import LARGEST_BATCH, MOST_WAITING, UnitOfWork
from engage.storage.waiting import Lock
from tests.factories import make_evening

WITHIN = 20.0  # seconds in which whatever does not hang is over


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening(5)
    async with database.writing() as session:
        session.add(evening)
    return evening


@pytest.fixture
def locks(evening: OpenEvening) -> list[Lock]:
    return [(OpenEvening, evening.id)]


@pytest.fixture
def ask(evening: OpenEvening, now: datetime) -> Callable[[str], Callable[[AsyncSession], Awaitable[str]]]:
    """A command that writes one row, of that text."""

    def asking(words: str) -> Callable[[AsyncSession], Awaitable[str]]:
        async def command(session: AsyncSession) -> str:
            session.add(AskedQuestion(open_evening_id=evening.id, text=words, asked_at=now))
            return words

        return command

    return asking


Asking = Callable[[str], Callable[[AsyncSession], Awaitable[str]]]


async def _asked(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(AskedQuestion.text).order_by(AskedQuestion.id)))


async def _take_place(session: AsyncSession, evening: OpenEvening) -> int:
    """Reads the counter as an earlier command of the batch left it, and raises it."""
    slot = (await session.get_one(OpenEvening, evening.id)).slots[0]
    slot.held += 1
    return slot.held


async def _take_place_and_fail(session: AsyncSession, evening: OpenEvening) -> None:
    await _take_place(session, evening)
    await session.flush()
    raise NotHeld("No.")


async def _break_a_constraint(session: AsyncSession, evening: OpenEvening) -> None:
    (await session.get_one(OpenEvening, evening.id)).slots[0].held = 99


async def _act(
    session: AsyncSession,
    act: Callable[[AsyncSession, OpenEvening], Awaitable[int | None]],
    evening: OpenEvening,
) -> int | None:
    return await act(session, evening)


async def test_commands_that_wait_share_commits_in_their_order(
    database: Database, unit_of_work: UnitOfWork, ask: Asking
) -> None:
    commits: list[object] = []
    event.listen(database.writer.sync_engine, "commit", commits.append)
    words = [f"{number}?" for number in range(LARGEST_BATCH + 1)]
    answers = await asyncio.gather(*(unit_of_work.run(ask(each)) for each in words))
    assert answers == words == await _asked(database)
    assert len(commits) == 2


async def test_an_answer_is_given_when_the_command_is_on_the_disk(
    database: Database, unit_of_work: UnitOfWork, ask: Asking
) -> None:
    async def run(words: str) -> list[str]:
        await unit_of_work.run(ask(words))
        return await _asked(database)

    seen = await asyncio.gather(*(run(f"{number}?") for number in range(5)))
    assert all(f"{number}?" in asked for number, asked in enumerate(seen))


@pytest.mark.parametrize(
    ("fail", "error"),
    [(_take_place_and_fail, NotHeld), (_break_a_constraint, IntegrityError)],
    ids=["refusal", "fault"],
)
async def test_what_one_command_does_wrong_harms_no_other(
    database: Database,
    unit_of_work: UnitOfWork,
    evening: OpenEvening,
    locks: list[Lock],
    fail: Callable[[AsyncSession, OpenEvening], Awaitable[None]],
    error: type[Exception],
) -> None:
    """Each command after a failed one finds the counters as they are, not as the failed one had made them."""
    acts: list[Callable[[AsyncSession, OpenEvening], Awaitable[int | None]]]
    acts = [_take_place, fail, _take_place, fail, fail, _take_place]
    runs = (unit_of_work.run(partial(_act, act=act, evening=evening), locks=locks) for act in acts)
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert [type(each) if isinstance(each, Exception) else each for each in outcomes] == [1, error, 2, error, error, 3]
    async with database.reading() as session:
        assert await session.scalar(select(Slot.held)) == 3


async def test_nothing_of_a_lone_failed_command_is_kept(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, locks: list[Lock]
) -> None:
    with pytest.raises(NotHeld):
        await unit_of_work.run(partial(_take_place_and_fail, evening=evening), locks=locks)
    assert await unit_of_work.run(partial(_take_place, evening=evening), locks=locks) == 1


async def test_a_command_given_up_before_its_turn_never_runs(
    database: Database, unit_of_work: UnitOfWork, ask: Asking
) -> None:
    first, given_up, last = (asyncio.create_task(unit_of_work.run(ask(words))) for words in ("one?", "two?", "three?"))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(first, last)
    assert given_up.cancelled()
    assert await _asked(database) == ["one?", "three?"]


async def test_a_command_given_up_while_it_runs_is_kept_whole_and_the_others_are_answered(
    database: Database, unit_of_work: UnitOfWork, ask: Asking
) -> None:
    is_running, may_end = asyncio.Event(), asyncio.Event()

    async def slow(session: AsyncSession) -> None:
        await ask("slow?")(session)
        is_running.set()
        await may_end.wait()

    given_up, other = asyncio.create_task(unit_of_work.run(slow)), asyncio.create_task(unit_of_work.run(ask("other?")))
    await is_running.wait()
    given_up.cancel()
    may_end.set()
    assert await asyncio.wait_for(other, WITHIN) == "other?"
    assert given_up.cancelled()
    assert await _asked(database) == ["slow?", "other?"]


class Ended(BaseException):
    """What ends more than a command, as the end of a test's time does."""


@pytest.mark.parametrize("end", [asyncio.CancelledError, Ended])
async def test_a_command_that_is_ended_from_within_leaves_nobody_waiting(
    end: type[BaseException], unit_of_work: UnitOfWork, database: Database, ask: Asking
) -> None:
    async def ended(session: AsyncSession) -> None:
        raise end

    runs = (unit_of_work.run(command) for command in (ask("one?"), ended, ask("two?")))
    outcomes = await asyncio.wait_for(asyncio.gather(*runs, return_exceptions=True), WITHIN)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError] * 3
    assert await unit_of_work.run(ask("three?")) == "three?"
    assert await _asked(database) == ["three?"]


async def test_items_dealt_with_together_are_answered_each_by_itself_and_in_their_order(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    calls: list[int] = []

    async def ask_all(session: AsyncSession, items: Sequence[str]) -> list[str | Exception]:
        calls.append(len(items))
        session.add_all(AskedQuestion(open_evening_id=evening.id, text=each, asked_at=now) for each in items)
        return [NotHeld("No.") if each == "no?" else each for each in items]

    words = ["one?", "no?", "two?"]
    runs = (unit_of_work.run_together(ask_all, each) for each in words)
    one, refused, two = await asyncio.gather(*runs, return_exceptions=True)
    assert (one, type(refused), two) == ("one?", NotHeld, "two?")
    assert calls == [3]
    assert await _asked(database) == words


@pytest.mark.parametrize(("people", "halves"), [(1, [1]), (40, [32, 8]), (64, [32, 32]), (200, [100, 50, 32, 18])])
async def test_half_of_a_crowd_is_written_while_the_others_come(
    database: Database,
    unit_of_work: UnitOfWork,
    evening: OpenEvening,
    now: datetime,
    people: int,
    halves: list[int],
) -> None:
    """But on SQLite, which is in the way of whoever comes: there as many as may share a commit."""
    calls: list[int] = []

    async def ask_all(session: AsyncSession, items: Sequence[str]) -> list[str]:
        calls.append(len(items))
        rows = [{"open_evening_id": evening.id, "text": each, "status": "asked", "asked_at": now} for each in items]
        await session.execute(insert(AskedQuestion), rows)
        return list(items)

    words = [f"{number}?" for number in range(people)]
    assert await asyncio.gather(*(unit_of_work.run_together(ask_all, each) for each in words)) == words
    full, rest = divmod(people, LARGEST_BATCH)
    assert calls == ([LARGEST_BATCH] * full + [rest] if database.is_sqlite else halves)
    assert await _asked(database) == words


async def test_an_item_that_cannot_be_dealt_with_together_harms_no_other(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    async def ask_all(session: AsyncSession, items: Sequence[str | None]) -> list[str | Exception | None]:
        rows = [{"open_evening_id": evening.id, "text": each, "status": "asked", "asked_at": now} for each in items]
        await session.execute(insert(AskedQuestion), rows)
        return list(items)

    runs = (unit_of_work.run_together(ask_all, each) for each in ("one?", None, "two?"))
    one, broken, two = await asyncio.gather(*runs, return_exceptions=True)
    assert (one, type(broken), two) == ("one?", IntegrityError, "two?")
    assert await _asked(database) == ["one?", "two?"]


@pytest.mark.parametrize("commands", [1, 3])
async def test_everybody_hears_of_a_commit_that_fails_and_the_next_works(
    database: Database, unit_of_work: UnitOfWork, ask: Asking, commands: int
) -> None:
    async def spoil(session: AsyncSession) -> str:
        await ask("spoilt?")(session)
        await session.flush()
        await _spoil_commit(database, session)
        return "spoilt?"

    runs = (unit_of_work.run(command) for command in [spoil, ask("two?"), ask("three?")][:commands])
    outcomes = await asyncio.wait_for(asyncio.gather(*runs, return_exceptions=True), WITHIN)
    assert all(isinstance(outcome, DBAPIError) for outcome in outcomes)
    assert await unit_of_work.run(ask("next?")) == "next?"
    assert await _asked(database) == ["next?"]


async def test_too_many_that_wait_are_refused_at_once_and_the_rest_is_answered(
    unit_of_work: UnitOfWork, database: Database
) -> None:
    async def nothing(session: AsyncSession) -> None:
        """What it does makes no difference here."""

    runs = (unit_of_work.run(nothing) for _ in range(MOST_WAITING + 3))
    outcomes = await asyncio.gather(*runs, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None)] * MOST_WAITING + [Overloaded] * 3


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
@pytest.mark.parametrize("is_by_rows", [False, True])
async def test_other_processes_are_woken_though_whoever_rang_first_was_refused(
    is_by_rows: bool, database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    fact = facts.RemindersStopped(registration_id=1)

    async def tell(session: AsyncSession) -> None:
        await append(session, fact, now)

    async def tell_and_fail(session: AsyncSession) -> None:
        await (append_all(session, [(fact, now)]) if is_by_rows else tell(session))
        raise NotHeld("No.")

    async with _listening(database) as bell:
        await asyncio.gather(unit_of_work.run(tell_and_fail), unit_of_work.run(tell), return_exceptions=True)
        async with asyncio.timeout(WITHIN):
            await anext(bell)


@asynccontextmanager
async def _listening(database: Database) -> AsyncIterator[AsyncIterator[psycopg.Notify]]:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {BELL}")
        async with aclosing(connection.notifies()) as notices:
            yield notices


async def _spoil_commit(database: Database, session: AsyncSession) -> None:
    """On SQLite a foreign key that is checked too late, on PostgreSQL a connection that is gone."""
    if database.is_sqlite:
        await session.execute(text("PRAGMA defer_foreign_keys=ON"))
        await session.execute(text("UPDATE asked_question SET open_evening_id = 4711"))
        return
    backend = await session.scalar(text("SELECT pg_backend_pid()"))
    async with database.engine.connect() as other:
        await other.execute(text(f"SELECT pg_terminate_backend({backend})"))
