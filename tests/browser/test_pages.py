"""Every page, in a wide and in a narrow window: accessible by axe's rules, no wider than the window, all its own."""

import uuid

import pytest
from playwright.async_api import expect

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
    await visit.sign_in()
    await visit.check()
    await visit.page.get_by_role("button", name="Sign out").click()
    await visit.page.wait_for_url(f"{visit.demo.url}/")
    assert await visit.go("/console") == 200
    assert visit.page.url.endswith("/sign-in?next=%2Fconsole")
    assert visit.complaints == []


@pytest.mark.parametrize(
    ("role", "paths"),
    [
        ("Administrator", ["/console/people", "/console/people/1", "/console/audit", "/console/account"]),
        ("Trade union PCS", ["/console/confirmations", "/console/waves"]),
    ],
)
async def test_pages_of_each_role_are_accessible(visit: Visit, role: str, paths: list[str]) -> None:
    await visit.sign_in(role)
    for path in paths:
        assert await visit.go(path) == 200
        await visit.check()
    assert visit.complaints == []


async def test_pages_of_every_wave_are_accessible_to_who_runs_it(visit: Visit) -> None:
    page = visit.page
    await visit.sign_in("Workforce team")
    await visit.go("/console/waves")
    waves = [await link.get_attribute("href") for link in await page.locator("main h2 a").all()]
    assert len(waves) == 4
    for path in [*waves, *(f"{wave}/steering" for wave in waves)]:
        assert await visit.go(str(path)) == 200
        await visit.check()
    assert await visit.go(f"{waves[2]}/comments".replace("/console/waves", "/reports")) == 200
    await visit.check()
    assert visit.complaints == []


async def test_role_is_given_and_confirmed_by_keyboard_alone(visit: Visit) -> None:
    page, email = visit.page, f"union-{uuid.uuid4().hex}@example.org"
    await visit.sign_in("Administrator")
    await visit.go("/console/people")
    await page.get_by_label("Their email address").focus()
    await page.keyboard.type(email)
    await page.keyboard.press("Tab")
    await page.keyboard.type("Trade union")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("h1")).to_contain_text("Give union-")
    await visit.check()
    await page.get_by_role("button", name="Give the role").press("Enter")
    await expect(page.get_by_text("to be confirmed")).not_to_have_count(0)
    await visit.check()
    await page.get_by_role("button", name="Sign out").press("Enter")
    await page.wait_for_url(f"{visit.demo.url}/")
    await visit.go("/sign-in")
    await page.get_by_role("button", name="Trade union PCS").press("Enter")
    await page.wait_for_url("**/console")
    await visit.go("/console/confirmations")
    await visit.check()
    await page.get_by_role("button", name=f"Confirm {email}").press("Enter")
    await expect(page.locator("li", has_text=email)).to_have_count(1)
    await visit.check()
    assert visit.complaints == []
