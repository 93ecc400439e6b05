"""A served wave for the browser tests: its links are used one after the other, and what was stored is opened."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser

from engage.storage.database import Database
from engage.surveys.answers.seal import Sheet
from tests.browser.conftest import NARROW, WIDE, Demo, Visit
from tests.pulses import Pulse, Stored, open_pulse
from tests.server import Server

PEOPLE = 20


@dataclass
class Stage:
    """A served wave whose links are used one after the other."""

    server: Server
    database: Database
    pulse: Pulse
    folder: Path
    used: int = 0

    def next_path(self) -> str:
        self.used += 1
        return self.pulse.path(self.used - 1)

    async def stored(self) -> Stored:
        return await self.pulse.stored(self.database)

    async def newest(self, before: Stored) -> tuple[Sheet, list[str]]:
        """The one sheet and the comments that are stored now and were not before."""
        after = await self.stored()
        sheets, comments = list(after.sheets), list(after.comments)
        for group_and_sheet in before.sheets:
            sheets.remove(group_and_sheet)
        for each in before.comments:
            comments.remove(each)
        assert len(sheets) == len(comments) == 1
        return sheets[0][1], comments[0]


@pytest.fixture(scope="module")
async def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """`engage serve` with a wave that is open now."""
    folder = tmp_path_factory.mktemp("pulse")
    shutil.copy(sqlite_template, folder / "engage.db")
    url = f"sqlite:///{folder / 'engage.db'}"
    database, now = Database(url), datetime.now(UTC)
    pulse = await open_pulse(
        database, people=PEOPLE, opens_at=now - timedelta(days=1), closes_at=now + timedelta(days=7)
    )
    async with Server(folder, DATABASE_URL=url) as server:
        yield Stage(server, database, pulse, folder)
    await database.close()


@pytest.fixture(params=[WIDE, NARROW], ids=["wide", "narrow"])
async def window(request: pytest.FixtureRequest, stage: Stage, chromium: Browser) -> AsyncIterator[Visit]:
    """A new window at the server."""
    async for visit in _window(stage, chromium, request.param):
        yield visit


@pytest.fixture
async def narrow(stage: Stage, chromium: Browser) -> AsyncIterator[Visit]:
    async for visit in _window(stage, chromium, NARROW):
        yield visit


@pytest.fixture
async def plain_window(stage: Stage, chromium: Browser) -> AsyncIterator[Visit]:
    """A narrow window in which no scripts run."""
    async for visit in _window(stage, chromium, NARROW, has_scripts=False):
        yield visit


async def _window(stage: Stage, chromium: Browser, width: int, *, has_scripts: bool = True) -> AsyncIterator[Visit]:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, java_script_enabled=has_scripts)
    yield Visit(context, await context.new_page(), Demo(stage.server.url, stage.folder))
    await context.close()
