"""The pages of reports in a browser: accessible by axe's rules, no wider than the window, at work without scripts."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from engage.people.models import RoleGrant
from engage.people.sessions import open_session
from engage.storage.database import Database
from engage.surveys.follow_up import cuts
from engage.surveys.follow_up.actions import Proposal, Speaker, do, propose
from engage.tokens import Tokens
from tests.browser.conftest import NARROW, WIDE, Demo, Visit
from tests.conftest import SECRET
from tests.releases import PUBLISHED_AT, publish, two_waves
from tests.server import Server

pytestmark = pytest.mark.browser

REPORT = "/reports/2027-spring"
CHAIR = "group_lead:working_group:carers"
PAGES = [
    ("pcs", "/reports"),
    ("pcs", REPORT),
    ("pcs", f"{REPORT}/groups/directorate/policy"),
    ("workforce", f"{REPORT}/groups/directorate/audit"),
    ("workforce", f"{REPORT}/actions"),
    ("workforce", "/reports/cuts"),
    (CHAIR, REPORT),
    (CHAIR, f"{REPORT}/actions"),
    ("", "/results"),
    ("", "/results/2027-spring"),
]


@dataclass(frozen=True, slots=True)
class Stage:
    """A served site with two published waves, and the cookie of somebody of each role."""

    url: str
    folder: Path
    cookies: dict[str, str]


@pytest.fixture(scope="module")
async def stage(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    folder = tmp_path_factory.mktemp("reports")
    shutil.copy(sqlite_template, folder / "engage.db")
    url = f"sqlite:///{folder / 'engage.db'}"
    database = Database(url)
    cookies = await _fill(database)
    await database.close()
    async with Server(folder, DATABASE_URL=url) as server:
        yield Stage(server.url, folder, cookies)


async def _fill(database: Database) -> dict[str, str]:
    """Two waves, an action at each, a wish, and somebody of each role, whose cookies are the answer."""
    now, cookies = PUBLISHED_AT, {}
    async with database.writing() as session:
        waves = [await publish(session, content) for content in two_waves()]
        for wave in waves:
            proposal = Proposal(
                "Give every team a quiet hour", "Why not?", "o@example.org", date(2027, 3, 8), "leaders"
            )
            action = await propose(session, wave.id, proposal, Speaker("w@example.org", "workforce"), now)
            await do(session, action.id, "begin", "Begun.", Speaker("o@example.org", "owner"), now)
        await cuts.ask(session, Speaker("carers@example.org", CHAIR), "Could parents be shown?", now)
        for role in {role for role, _ in PAGES if role}:
            email = f"{role.replace(':', '.')}@example.org"
            session.add(RoleGrant(email=email, role=role, granted_at=now))
            cookies[role] = await open_session(session, Tokens(SECRET), email, PUBLISHED_AT.replace(year=2100))
    return cookies


async def visit_as(stage: Stage, chromium: Browser, role: str, width: int, *, has_scripts: bool = True) -> Visit:
    context = await chromium.new_context(viewport={"width": width, "height": 800}, java_script_enabled=has_scripts)
    if role:
        await context.add_cookies([{"name": "engage-session", "value": stage.cookies[role], "url": stage.url}])
    return Visit(context, await context.new_page(), Demo(stage.url, stage.folder))


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize(("role", "path"), PAGES, ids=lambda each: str(each).replace("/", "-") or "nobody")
async def test_page_is_accessible_and_fits(stage: Stage, chromium: Browser, role: str, path: str, width: int) -> None:
    visit = await visit_as(stage, chromium, role, width)
    assert await visit.go(path) == 200
    await visit.check()
    for summary in (await visit.page.locator("summary").all())[:8]:
        await summary.click()
    await visit.check()
    assert visit.complaints == []
    await visit.context.close()


async def test_questions_are_sorted_and_hidden_without_scripts(stage: Stage, chromium: Browser) -> None:
    visit = await visit_as(stage, chromium, "pcs", NARROW, has_scripts=False)
    await visit.go(REPORT)
    await visit.page.get_by_label("Sort by").nth(1).select_option("worst")
    await visit.page.get_by_label("Show", exact=True).nth(1).select_option("environment")
    await visit.page.get_by_role("button", name="Show questions").click()
    first = visit.page.locator(".engage-question h3").first
    await expect(first).to_have_text("I can do my work well in the hours that I am paid for.")
    await visit.context.close()
