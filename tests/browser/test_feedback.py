"""The three questions after an evening, in Chromium, in a wide and in a narrow window."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import func, select

from engage.events.models import Feedback, OpenEvening
from engage.events.registrations.registering import register
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.browser.conftest import NARROW, WIDE, Demo, Visit
from tests.conftest import SECRET
from tests.factories import make_application, make_evening
from tests.server import Server

pytestmark = pytest.mark.browser


@dataclass(frozen=True, slots=True)
class Over:
    """A served evening that is over, and the database below."""

    server: Server
    database: Database
    folder: Path


@pytest.fixture(scope="module")
async def over(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Over]:
    """Two people had a place at an evening that ended yesterday."""
    folder = tmp_path_factory.mktemp("over")
    shutil.copy(sqlite_template, folder / "engage.db")
    url = f"sqlite:///{folder / 'engage.db'}"
    database, now = Database(url), datetime.now(UTC)
    evening = make_evening(2)
    async with database.writing() as session:
        session.add(evening)
    unit_of_work = UnitOfWork(database)
    for number in range(2):
        application = make_application(evening, evening.slots[0], f"person{number}@example.org")
        command = partial(register, application=application, now=now)
        await unit_of_work.run(command, locks=[(OpenEvening, evening.id)])
    async with database.writing() as session:
        (slot,) = (await session.get_one(OpenEvening, evening.id)).slots
        slot.starts_at, slot.ends_at = now - timedelta(hours=25), now - timedelta(hours=24)
    async with Server(folder, DATABASE_URL=url) as server:
        yield Over(server, database, folder)
    await unit_of_work.close()
    await database.close()


async def given(over: Over) -> int:
    async with over.database.reading() as session:
        return await session.scalar(select(func.count(Feedback.id))) or 0


@pytest.mark.parametrize(("person", "width"), [(1, WIDE), (2, NARROW)], ids=["wide", "narrow"])
async def test_feedback_is_given_once_without_a_name(over: Over, chromium: Browser, person: int, width: int) -> None:
    context = await chromium.new_context(viewport={"width": width, "height": 800})
    visit = Visit(context, await context.new_page(), Demo(over.server.url, over.folder))
    path = f"/registrations/{Tokens(SECRET).issue('registration', person)}/feedback"
    before = await given(over)
    assert await visit.go(path) == 200
    await visit.check()
    await visit.page.get_by_role("radio").first.check()
    await visit.page.get_by_role("button", name="Send").click()
    await expect(visit.page.locator("main")).to_contain_text("Thank you")
    await visit.check()
    assert await visit.page.get_by_role("radio").count() == 0
    assert await given(over) == before + 1
    await context.close()
