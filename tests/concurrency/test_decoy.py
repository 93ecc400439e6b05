"""Nobody can find out from an answer whether an address is registered: known or new, it reads the same."""

from dataclasses import dataclass
from pathlib import Path

import httpx2

from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import FIRST, open_evening
from tests.server import Browsers, Page, Server

KNOWN, NEWCOMER = "known@example.org", "fresh@example.org"  # equally long
EACH_ITS_OWN = {"date", "location"}


@dataclass(frozen=True, slots=True)
class Case:
    """Where the known address registered, and what is asked for it again."""

    name: str
    places: int
    first: str
    then: str
    status: str


CASES = (
    Case("place", 9, FIRST, FIRST, "confirmed"),
    Case("queue", 1, FIRST, FIRST, "waiting"),
    Case("materials", 9, "none", "none", "subscribed"),
    Case("materials-after-place", 9, FIRST, "none", "subscribed"),
    Case("place-after-materials", 9, "none", FIRST, "confirmed"),
)


async def test_an_answer_to_a_known_address_reads_like_one_to_a_newcomer(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": database.url, "SMTP_URL": mailbox.url}
    async with Server(tmp_path, **settings) as server, Browsers(server.url) as browsers:
        for case in CASES:
            evening = await open_evening(database, case.places, slug=case.name)
            early, page = await browsers.open(evening), await browsers.open(evening)
            await browsers.post(early, slot=FIRST, email="early@example.org")
            await browsers.post(early, slot=case.first, email=KNOWN)
            await _compare(browsers, page, case)


async def _compare(browsers: Browsers, page: Page, case: Case) -> None:
    """The newcomer comes at once after the known address, so that both find the same sitting."""
    known = await browsers.post(page, slot=case.then, email=KNOWN)
    fresh = await browsers.post(page, slot=case.then, email=NEWCOMER)
    assert _told(known) == _told(fresh)
    assert len(known.headers["location"]) == len(fresh.headers["location"])
    receipt = await browsers.receipt(known)
    assert receipt["status"] == case.status
    assert receipt == await browsers.receipt(fresh)
    assert _told(await browsers.read(known)) == _told(await browsers.read(fresh))


def _told(answer: httpx2.Response) -> tuple[int, list[tuple[str, str]], str]:
    """All that an answer tells: status, headers in their order, body; but for the address itself."""
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in EACH_ITS_OWN]
    return answer.status_code, headers, answer.text.replace(KNOWN, NEWCOMER)
