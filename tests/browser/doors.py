"""An evening whose doors open, served for real, and the devices at its doors."""

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx2
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from sqlalchemy import insert, select

from engage.events.doors import tickets
from engage.events.models import Admission, OpenEvening, Registration
from engage.people.roles import grant
from engage.people.sessions import open_session
from engage.storage.database import Database
from engage.tokens import Tokens
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.conftest import SECRET
from tests.factories import make_evening
from tests.server import READY_WITHIN, Server, client_of, free_port

TOKENS = Tokens(SECRET)
DOOR_KEEPER = "door@example.org"
HERE = "/console/doors/reviews-team"
CODE_DIGITS = str.maketrans("01", "YZ")
EVERYTHING = """async () => {
  const request = indexedDB.open('engage-doors')
  const database = await new Promise((resolve) => { request.onsuccess = () => resolve(request.result) })
  const all = [...database.objectStoreNames].map((name) => new Promise((resolve) => {
    const rows = database.transaction(name).objectStore(name).getAll()
    rows.onsuccess = () => resolve(rows.result)
  }))
  const rows = await Promise.all(all)
  database.close()
  return [rows, {...localStorage}]
}"""
# a picture of the page in shades of grey, on a canvas as large as a camera's picture
GREYS = """async (png) => {
  const image = new Image()
  image.src = png
  await image.decode()
  const canvas = new OffscreenCanvas(640, 480)
  const context = canvas.getContext('2d')
  context.fillStyle = 'white'
  context.fillRect(0, 0, 640, 480)
  context.drawImage(image, 200, 100)
  const { data } = context.getImageData(0, 0, 640, 480)
  return btoa(Array.from({ length: 640 * 480 }, (_, at) => String.fromCharCode(data[at * 4])).join(''))
}"""
PATIENCE = 60_000  # milliseconds: the machine may be busy


@dataclass
class Evening:
    """The served evening; ``tickets`` are the texts of everybody's QR codes, by their number."""

    server: Server
    database: Database
    ids: list[int]
    cookie: str

    @property
    def tickets(self) -> list[str]:
        return [tickets.text_of(TOKENS, each) for each in self.ids]

    def ticket_page(self, number: int) -> str:
        return f"/registrations/{TOKENS.issue('registration', self.ids[number])}/ticket"

    async def attended(self) -> int:
        async with self.database.reading() as session:
            found = await session.scalars(select(Registration.id).where(Registration.status == "attended"))
            return len(found.all())

    async def admissions(self) -> Sequence[Admission]:
        async with self.database.reading() as session:
            return (await session.scalars(select(Admission))).all()

    async def sign_in(self, context: BrowserContext, cookie: str | None = None) -> None:
        await context.add_cookies([{"name": "engage-session", "value": cookie or self.cookie, "url": self.server.url}])

    async def new_session(self) -> str:
        async with self.database.writing() as session:
            return await open_session(session, TOKENS, DOOR_KEEPER, datetime.now(UTC))


@asynccontextmanager
async def evening_of(people: int, template: Path, folder: Path) -> AsyncIterator[Evening]:
    """`engage serve` with an evening of that many people in its first sitting, "Person 0", "Person 1" and so on."""
    shutil.copy(template, folder / "engage.db")
    url, now = f"sqlite:///{folder / 'engage.db'}", datetime.now(UTC)
    database = Database(url)
    async with database.writing() as session:
        evening = make_evening(people, 1)
        evening.slots[0].held = people
        session.add(evening)
        await session.flush()
        rows = [_row(evening, number, now) for number in range(people)]
        ids = list(
            await session.scalars(insert(Registration).returning(Registration.id, sort_by_parameter_order=True), rows)
        )
        await grant(session, DOOR_KEEPER, ["door"], now)
        cookie = await open_session(session, TOKENS, DOOR_KEEPER, now)
    async with Server(folder, DATABASE_URL=url) as server:
        yield Evening(server, database, ids, cookie)
    await database.close()


def _row(evening: OpenEvening, number: int, now: datetime) -> dict[str, object]:
    email = f"person{number}@example.org"
    code = f"ABCD{number:04}".translate(CODE_DIGITS)
    given = {"open_evening_id": evening.id, "slot_id": evening.slots[0].id, "uid": str(uuid4()), "created_at": now}
    who = {
        "ticket_code": code,
        "email": email,
        "email_key": email,
        "name": f"Person {number}",
        "party": 1,
        "form": email,
    }
    return given | who | {"status": "confirmed", "has_reminders": False}


class Device:
    """The page at a door."""

    def __init__(self, page: Page, evening: Evening) -> None:
        self.page, self.evening = page, evening
        self.verdict = page.locator("[data-verdict]")
        self.root = page.locator("[data-doors]")

    async def open(self) -> None:
        """Load the page and wait until it works without a network."""
        await self.page.goto(self.evening.server.url + HERE)
        await expect(self.root).to_have_attribute("data-kept", "yes", timeout=PATIENCE)

    async def scan(self, text: str) -> None:
        """As a scanner does that types."""
        await self.page.get_by_label("Ticket, code or name").fill(text)
        await self.page.keyboard.press("Enter")

    async def let_in(self, *numbers: int) -> None:
        """Scan those people's tickets, and see each let in."""
        for number in numbers:
            await self.scan(self.evening.tickets[number])
            await expect(self.verdict).to_contain_text(f"In: Person {number}For", timeout=PATIENCE)

    async def is_pending(self, number: int) -> None:
        await expect(self.root).to_have_attribute("data-pending", str(number), timeout=PATIENCE)

    async def held(self) -> str:
        """Everything that the device holds of the doors, as JSON."""
        return json.dumps(await self.page.evaluate(EVERYTHING), separators=(",", ":"))

    async def listed_twice(self) -> list[str]:
        """Who is listed as having a ticket that was used twice."""
        rows = self.page.locator("[data-used-twice] li > p")
        return [words.partition(":")[0] for words in await rows.all_inner_texts()]


class OwnChromium:
    """A Chromium with a profile of its own, which can be killed in the middle and started again."""

    def __init__(self, profile: Path, *flags: str) -> None:
        self.path = next(found for name in CHROMIUM if (found := shutil.which(name)))
        self.profile, self.flags = profile, flags
        self.process: subprocess.Popen[bytes] | None = None

    @asynccontextmanager
    async def run(self) -> AsyncIterator[BrowserContext]:
        port = free_port()
        given = [*FLAGS, *self.flags, "--headless=new", f"--remote-debugging-port={port}"]
        command = [self.path, *given, f"--user-data-dir={self.profile}", "about:blank"]
        self.process = process = await asyncio.to_thread(_spawn, command)
        async with asyncio.timeout(READY_WITHIN), client_of(f"http://127.0.0.1:{port}") as client:
            while not await _listens(client):
                assert process.poll() is None, "Chromium did not start"
                await asyncio.sleep(0.05)
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
                yield browser.contexts[0]
        finally:
            self.kill()

    def kill(self) -> None:
        """All its processes at once, as when the battery is empty."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def _spawn(command: list[str]) -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, start_new_session=True, stdout=quiet, stderr=quiet)


async def _listens(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/json/version")).status_code == 200
    except httpx2.TransportError:
        return False


async def film_of(page: Page) -> bytes:
    """A film, for a camera to show, of the page's QR code."""
    png = base64.b64encode(await page.locator(".engage-ticket__qr").screenshot()).decode()
    grey = base64.b64decode(await page.evaluate(GREYS, f"data:image/png;base64,{png}"))
    frame = b"FRAME\n" + grey + b"\x80" * (len(grey) // 2)
    return b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n" + frame * 2
