"""Every page, in a wide and in a narrow window: accessible by axe's rules, no wider than the window, all its own."""

import pytest

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

PAGES = [
    "/",
    "/open-evenings",
    "/open-evenings/reviews-team",
    "/open-evenings/commissioning",
    "/open-evenings/reviews-team/register",
    "/open-evenings/reviews-team/plan",
    "/open-evenings/reviews-team/ask",
    "/open-evenings/reviews-team/send-my-link",
    "/privacy",
    "/accessibility",
    "/contact",
    "/sign-in",
    "/mail",
    "/mail/1",
]


@pytest.mark.parametrize("path", PAGES)
async def test_page_is_accessible_and_fits(visit: Visit, path: str) -> None:
    assert await visit.go(path) == 200
    await visit.check()
    assert visit.complaints == []


@pytest.mark.parametrize("status", ["confirmed", "waiting", "offered", "cancelled"])
async def test_registrations_own_page_is_accessible_in_every_state(visit: Visit, status: str) -> None:
    assert await visit.go(visit.demo.registration(status)) == 200
    await visit.check()
    for summary in await visit.page.locator("summary").all():
        await summary.click()
    await visit.check()
    assert visit.complaints == []


async def test_pages_that_a_registration_leads_to_are_accessible(visit: Visit) -> None:
    for path in (
        visit.demo.wisher(),
        f"{visit.demo.wisher()}/ticket",
        f"{visit.demo.wisher()}/timeline",
        f"/unsubscribe/{visit.demo.token('unsubscribe', 1)}",
    ):
        assert await visit.go(path) == 200
        await visit.check()
    assert visit.complaints == []


async def test_page_that_is_not_there_says_so(visit: Visit) -> None:
    assert await visit.go("/no-such-page") == 404
    await visit.check()
    assert await visit.page.locator("h1").inner_text() == "Page not found"


async def test_console_is_accessible_after_one_click(visit: Visit) -> None:
    await visit.go("/sign-in")
    await visit.page.get_by_role("button", name="Organiser").click()
    assert visit.page.url.endswith("/console")
    await visit.check()
    await visit.page.get_by_role("button", name="Sign out").click()
    assert await visit.go("/console") == 200
    assert visit.page.url.endswith("/sign-in")
    assert visit.complaints == []
