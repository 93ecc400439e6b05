"""The demo as a real process, and a Chromium to visit it with."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from engage.tokens import Tokens
from tests.server import client_of, free_port, is_ready

READY_WITHIN = 90.0  # seconds: the machine may be busy with other things
# the same engine; the first has no windows around its pages, and takes a quarter less of the processor
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
WITHOUT = (
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,"  # two pages of the address bar, which nobody sees, for each window
    # what Playwright does without, said again, since of several such options the last alone counts
    "AimEnabled,AvoidCorsURLLoaderRestartOnRedirect,AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsFirstBalancedModeAutoEnable,HttpsUpgrades,LensOverlay,MediaRouter,NetworkTimeServiceQuerying,"
    "OptimizationHints,PaintHolding,PreconnectToSearch,ThirdPartyStoragePartitioning"
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += [f"--disable-features={WITHOUT}"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = 1280, 320

expect.set_options(timeout=60_000)  # milliseconds, for what will come true: the machine may be busy


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demo: its address, and what lies in its folder."""

    url: str
    folder: Path

    def registration(self, status: str, *, slug: str = "reviews-team", order: str = "ASC") -> str:
        """The path of the page of the first, or last, registration of that status."""
        with sqlite3.connect(self.folder / "demo.db") as database:
            row = database.execute(
                "SELECT registration.id FROM registration JOIN open_evening ON open_evening.id = open_evening_id "
                f"WHERE registration.status = ? AND slug = ? ORDER BY registration.id {order} LIMIT 1",
                (status, slug),
            ).fetchone()
        return f"/registrations/{self.token('registration', row[0])}"

    def wisher(self) -> str:
        """The path of the page of somebody with a place who queues for another sitting."""
        with sqlite3.connect(self.folder / "demo.db") as database:
            row = database.execute(
                "SELECT registration.id FROM registration JOIN queue_entry ON registration_id = registration.id "
                "WHERE status = 'confirmed'"
            ).fetchone()
        return f"/registrations/{self.token('registration', row[0])}"

    def token(self, purpose: str, number: int) -> str:
        return Tokens((self.folder / "secret").read_text()).issue(purpose, number)


@pytest.fixture(scope="session")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Demo]:
    """`engage demo`, as its user starts it."""
    folder, port = tmp_path_factory.mktemp("demo"), free_port()
    environment = os.environ | {"ENGAGE_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "engage", "demo", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = await asyncio.to_thread(subprocess.Popen, command, env=environment, stdout=log, stderr=log)
    url = f"http://localhost:{port}"
    async with asyncio.timeout(READY_WITHIN), client_of(url) as client:
        while not await is_ready(client):
            assert process.poll() is None, (folder / "log").read_text()
            await asyncio.sleep(0.1)
    yield Demo(url, folder / "demo")
    process.terminate()
    await asyncio.to_thread(process.wait, 30)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    assert path is not None, f"The browser tests need Chromium: install the package {CHROMIUM[0]}, then try again"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        await browser.close()


class Visit:
    """A browser window at the demo. What its pages' scripts and policies complain of is in ``complaints``."""

    def __init__(self, context: BrowserContext, page: Page, demo: Demo) -> None:
        self.context, self.page, self.demo = context, page, demo
        self.complaints: list[str] = []
        self._has_axe = False
        self.mark = uuid.uuid4().hex  # for what is typed here and nowhere else; Python's own ids come again
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("request", self._look)

    def _look(self, request: object) -> None:
        url = str(getattr(request, "url", ""))
        if not url.startswith((self.demo.url, "data:")):
            self.complaints.append(f"asked elsewhere: {url}")

    async def go(self, path: str) -> int:
        answer = await self.page.goto(self.demo.url + path)
        return answer.status if answer is not None else 0

    async def sign_in(self, role: str = "Organiser") -> None:
        """With the role's button on the demo's own page; return on the page that it leads to."""
        await self.go("/sign-in")
        await self.page.get_by_role("button", name=role).click()
        await self.page.wait_for_url("**/console")

    async def check(self) -> None:
        """The page is accessible, as wide as the window, and loads nothing from elsewhere."""
        rules = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
        await self._bring_axe()
        found = await Axe("null").run(self.page, options=rules)
        assert found.violations_count == 0, f"{self.page.url}\n{found.generate_report()}"
        wide = await self.page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide[0] <= wide[1], f"{self.page.url} is {wide[0]} pixels wide in a window of {wide[1]}"

    async def _bring_axe(self) -> None:
        """Once: from then on each page of the window begins with it, sent and compiled already."""
        if not self._has_axe:
            await self.context.add_init_script(AXE_SCRIPT)
            await self.page.evaluate(AXE_SCRIPT)
            self._has_axe = True


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
async def visit(request: pytest.FixtureRequest, demo: Demo, chromium: Browser) -> AsyncIterator[Visit]:
    """A new window, as wide as a desk's and as narrow as a magnified phone's."""
    context = await chromium.new_context(viewport={"width": request.param, "height": 800})
    yield Visit(context, await context.new_page(), demo)
    await context.close()


@pytest.fixture
async def plain_visit(demo: Demo, chromium: Browser) -> AsyncIterator[Visit]:
    """A narrow window in which no scripts run."""
    context = await chromium.new_context(viewport={"width": NARROW, "height": 800}, java_script_enabled=False)
    yield Visit(context, await context.new_page(), demo)
    await context.close()
