"""Lists of more open evenings than fit on a page: accessible on each of its pages, and walked by keyboard."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from engage.people import sessions
from engage.people.models import RoleGrant
from engage.tokens import Tokens
from engage.web.paging import PAGE_SIZE
from tests.browser.conftest import Visit
from tests.browser.stage import Stage, stage, window
from tests.conftest import SECRET
from tests.factories import make_evening, make_slot

__all__ = ["stage", "window"]  # fixtures

pytestmark = pytest.mark.browser

ORGANISER = "organiser@example.org"


@pytest.fixture(scope="module")
async def cookie(stage: Stage) -> str:
    """The session of an organiser of two pages of evenings."""
    now = datetime.now(UTC)
    async with stage.database.writing() as session:
        for day in (*range(1, PAGE_SIZE + 9), -1, -2):
            evening = make_evening(slug=f"evening{day}", title=f"Open evening {day}")
            evening.slots = [make_slot("only", 9, now + timedelta(days=day))]
            session.add(evening)
        session.add(RoleGrant(email=ORGANISER, role="organiser", granted_at=now))
        return await sessions.open_session(session, Tokens(SECRET), ORGANISER, now)


@pytest.mark.parametrize("path", ["/open-evenings", "/console/evenings"])
async def test_every_page_of_a_list_is_accessible_fits_and_leads_to_its_neighbour(
    window: Visit, cookie: str, path: str
) -> None:
    page = window.page
    if path.startswith("/console"):
        await window.context.add_cookies([{"name": "engage-session", "value": cookie, "url": window.demo.url}])
    assert await window.go(path) == 200
    for number, onward in ((1, "Next page"), (2, "Previous page")):
        await expect(page).to_have_title(re.compile(rf"^Open evenings \(page {number}\) –"))
        await window.check()
        links = page.get_by_role("navigation", name="Pagination").get_by_role("link")
        await expect(links).to_have_count(1)
        await links.and_(page.get_by_role("link", name=onward, exact=True)).press("Enter")
    await expect(page).to_have_url(f"{window.demo.url}{path}?page=1")
    assert window.complaints == []
