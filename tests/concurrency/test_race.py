"""A thousand people at once for three hundred places, over real HTTP, and the same with the lock taken out."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import OpenEvening
from engage.events.registrations.desk import Desk
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FAR_AHEAD, FIRST, Books, books_of, open_evening
from tests.factories import make_application
from tests.server import Browsers, Server

WRITERS = 8
ROUNDS = 5
PLACES = 10
MAILED_WITHIN = 240.0

pytestmark = pytest.mark.timeout(300)


async def test_the_race_is_real_with_the_lock_taken_out(database_url: str) -> None:
    """More people are told that they have a place than there are places, and the counter knows nothing of it.

    The capacity's own constraint hides nothing here: each writer counts from what it read, so the counter stays low.
    """
    books = await _let_writers_race(database_url, is_locking=False)
    assert len(books.confirmed) == WRITERS * ROUNDS > PLACES
    assert books.slot.held == ROUNDS


async def test_the_same_race_with_the_lock_gives_each_place_once(database_url: str) -> None:
    books = await _let_writers_race(database_url, is_locking=True)
    books.check()
    assert len(books.confirmed) == PLACES
    assert len(books.line) == WRITERS * ROUNDS - PLACES


async def test_places_are_given_once_and_the_queue_is_in_order(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    await _let_crowd_race(database, mailbox, tmp_path, crowd=200, places=60)


@pytest.mark.prove
@pytest.mark.timeout(900)
async def test_a_thousand_at_once_for_three_hundred_places(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    await _let_crowd_race(database, mailbox, tmp_path, crowd=1_000, places=300)


@pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
async def test_two_servers_on_one_database_give_each_place_once(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    evening = await open_evening(database, 40, 40)
    settings = {"DATABASE_URL": database.url, "SMTP_URL": mailbox.url}
    async with Server(tmp_path, **settings) as one, Server(tmp_path, **settings) as other:
        async with Browsers(one.url) as at_one, Browsers(other.url) as at_other:
            pages = {browsers: await browsers.open(evening) for browsers in (at_one, at_other)}
            posts = [
                browsers.post(pages[browsers], slot=FIRST, email=_address(number))
                for number in range(100)
                for browsers in (at_one, at_other)  # everybody at both: as a newcomer at one, as known at the other
            ]
            answers = await asyncio.gather(*posts)
        await mailbox.hold({_address(number) for number in range(100)}, MAILED_WITHIN)
    assert {answer.status_code for answer in answers} == {303}
    books = await books_of(database)
    books.check()
    assert (len(books.confirmed), len(books.line)) == (40, 60)
    assert await _deadlocks(database) == 0
    assert "deadlock" not in one.log + other.log


async def _let_writers_race(url: str, *, is_locking: bool) -> Books:
    """Several writers, each with a connection of its own, at one sitting: all have read before any of them writes.

    With the lock only one of them can have read, so that there each meets nobody.
    """
    begin_write = "BEGIN IMMEDIATE" if is_locking else "SELECT 1"
    meeting = asyncio.Barrier(1 if is_locking else WRITERS)
    async with AsyncExitStack() as stack:
        databases = [Database(url, begin_write=begin_write) for _ in range(WRITERS)]
        for database in databases:
            stack.push_async_callback(database.close)
        evening = await open_evening(databases[0], PLACES)
        writers = [UnitOfWork(database, is_locking=is_locking) for database in databases]
        for turn in range(ROUNDS):
            posts = [
                writer.run(
                    partial(_register, evening, f"{turn}-{number}", meeting, is_locking),
                    locks=[(OpenEvening, evening.id)],
                )
                for number, writer in enumerate(writers)
            ]
            await asyncio.gather(*posts)
        return await books_of(databases[0])


async def _register(
    evening: OpenEvening, name: str, meeting: asyncio.Barrier, is_locking: bool, session: AsyncSession
) -> None:
    """Registering, with a pause between reading and writing until all others have read too."""
    application = make_application(evening, evening.slots[0], f"{name}@example.org")
    desk = await Desk.open(session, [application], is_locking=is_locking)
    await meeting.wait()
    await desk.serve(application, FAR_AHEAD.replace(year=2098))
    await desk.close()


async def _let_crowd_race(database: Database, mailbox: Mailbox, folder: Path, *, crowd: int, places: int) -> None:
    evening = await open_evening(database, places, places)
    people = [_address(number) for number in range(crowd)]
    async with Server(folder, DATABASE_URL=database.url, SMTP_URL=mailbox.url) as server:
        async with Browsers(server.url) as browsers:
            page = await browsers.open(evening)
            answers = await asyncio.gather(*(browsers.post(page, slot=FIRST, email=each) for each in people))
            assert {answer.status_code for answer in answers} == {303}
            receipts = dict(zip(people, await asyncio.gather(*map(browsers.receipt, answers)), strict=True))
        await mailbox.hold(set(people), MAILED_WITHIN)
    books = await books_of(database)
    books.check()
    _compare(books, receipts, places)
    assert {address: len(ids) for address, ids in mailbox.invitations().items()} == dict.fromkeys(books.confirmed, 1)
    assert "Traceback" not in server.log


def _compare(books: Books, receipts: dict[str, dict[str, Any]], places: int) -> None:
    """Exactly the places are confirmed, and everybody else's position is that of their turn."""
    confirmed = {address for address, receipt in receipts.items() if receipt["status"] == "confirmed"}
    assert confirmed == books.confirmed
    assert len(confirmed) == places
    positions = {address: receipt["position"] for address, receipt in receipts.items() if address not in confirmed}
    assert positions == {address: position for position, address in enumerate(books.line, 1)}
    assert {receipts[address]["status"] for address in positions} == {"waiting"}


async def _deadlocks(database: Database) -> int:
    async with database.reading() as session:
        query = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(await session.scalar(query) or 0)


def _address(number: int) -> str:
    return f"visitor-{number}@example.org"
