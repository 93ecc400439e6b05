"""One address, posted many times at once: one registration, one place, and answers that cannot be told apart."""

import asyncio
from pathlib import Path

from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, books_of, open_evening
from tests.server import Browsers, Server

POSTS = 50
FORMS = 10
LETTERS = "visitor@example.org"
MAILED_WITHIN = 60.0


async def test_one_address_posted_at_once_is_one_registration(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    """Half of the posts are one form sent again and again, half come from browsers of their own."""
    evening = await open_evening(database, POSTS)
    async with Server(tmp_path, DATABASE_URL=database.url, SMTP_URL=mailbox.url) as server:
        async with Browsers(server.url) as browsers:
            pages = [await browsers.open(evening) for _ in range(FORMS)]
            posts = [(pages[number % FORMS if number % 2 else 0], _spelt(number)) for number in range(POSTS)]
            answers = await asyncio.gather(*(browsers.post(page, slot=FIRST, email=email) for page, email in posts))
            receipts = await asyncio.gather(*map(browsers.receipt, answers))
        await mailbox.hold({(await books_of(database)).registrations[0].email}, MAILED_WITHIN)
    assert len({answer.headers["location"] for answer in answers}) == len({page for page, _ in posts})
    assert [receipt for receipt in receipts if receipt != receipts[0]] == []
    assert (receipts[0]["status"], receipts[0]["slot"]["seats_left"]) == ("confirmed", POSTS - 1)
    books = await books_of(database)
    books.check()
    assert (len(books.registrations), books.places) == (1, 1)


def _spelt(number: int) -> str:
    """The address in another letter case for each number."""
    return "".join(
        letter.upper() if number >> (position % 8) & 1 else letter for position, letter in enumerate(LETTERS)
    )
