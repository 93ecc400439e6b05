"""The organisers' pages in a wide and in a narrow window: accessible, no wider than the window, usable by keyboard."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

HERE = "/console/evenings/reviews-team"
PAGES = [
    "/console",
    "/console/evenings",
    "/console/evenings/new",
    HERE,
    f"{HERE}/preview",
    f"{HERE}/move",
    f"{HERE}/copy",
    f"{HERE}/cancel",
    *(f"{HERE}/edit/{part}" for part in ("about", "place", "agenda", "access", "closing", "materials", "timing")),
    f"{HERE}/sittings/new",
    f"{HERE}/sittings/1730",
    f"{HERE}/posts/new",
    "/console/questions",
    "/console/questions?status=published&evening=reviews-team",
    f"{HERE}/tonight",
    f"{HERE}/tonight/visitors/1730",
    f"{HERE}/tonight/roll-call",
]


async def test_every_page_of_an_evening_is_accessible_and_fits(visit: Visit) -> None:
    await visit.sign_in()
    for path in PAGES:
        assert await visit.go(path) == 200, path
        await visit.check()
    assert visit.complaints == []


async def test_every_page_of_a_post_and_of_a_question_is_accessible_and_fits(visit: Visit) -> None:
    await visit.sign_in()
    await visit.go(HERE)
    await visit.page.locator("a[href*='/posts/']").first.click()
    await expect(visit.page.get_by_role("button", name="Remove this post")).to_be_visible()
    await visit.check()
    links = await visit.page.locator("main ul a").evaluate_all("links => links.map((link) => link.pathname)")
    assert len(links) == 6
    for path in links:
        assert await visit.go(path) == 200
        await visit.check()
    await visit.go("/console/questions")
    await visit.page.get_by_role("link", name="Answer or decline").first.click()
    await expect(visit.page.get_by_label("Your answer")).to_be_visible()
    await visit.check()
    assert visit.complaints == []


async def test_faults_and_the_confirmation_are_accessible(visit: Visit) -> None:
    await visit.sign_in()
    await visit.go(f"{HERE}/sittings/1730")
    await visit.page.get_by_label("Capacity").fill("1")
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.get_by_role("alert")).to_contain_text("There is a problem")
    await visit.check()
    await visit.page.get_by_role("link", name="Capacity: 1 is fewer").click()
    await expect(visit.page.get_by_label("Capacity")).to_be_focused()
    await visit.go(f"{HERE}/move")
    await visit.page.get_by_label("Venue").fill("Another house")
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator("h1")).to_contain_text("people will be told")
    await visit.check()
    await visit.page.get_by_role("button", name="Go back to the form").click()
    await expect(visit.page.get_by_label("Venue")).to_have_value("Another house")


async def test_two_editors_meet_accessibly(visit: Visit) -> None:
    await visit.sign_in()
    await visit.go("/console/evenings/commissioning/edit/about")
    other = await visit.context.new_page()
    await other.goto(visit.page.url)
    await _save_host(other, "Ours")
    await expect(other.get_by_role("alert")).to_contain_text("Saved.")
    await _save_host(visit.page, f"Yours {visit.mark}")
    await expect(visit.page.get_by_role("alert")).to_contain_text("nothing of yours is saved yet")
    await visit.check()
    await visit.page.get_by_role("button", name="Save").click()
    await expect(visit.page.get_by_role("alert")).to_contain_text("Saved.")


async def test_tonight_updates_by_itself_and_is_right_without_scripts(visit: Visit, plain_visit: Visit) -> None:
    await visit.sign_in()
    await visit.go(f"{HERE}/tonight")
    await expect(visit.page.locator("#live-state")).to_have_text("This page updates by itself.")
    waiting = visit.page.locator(".engage-tonight dd").nth(1)
    before = int(await waiting.inner_text())
    await visit.page.locator("summary").click()
    await plain_visit.go("/open-evenings/reviews-team/register")
    await plain_visit.page.locator("input[name=slot]").first.check()
    await plain_visit.page.get_by_label("Full name").fill("Somebody Interested")
    await plain_visit.page.get_by_label("Email address").fill(f"{visit.mark}@example.org")
    await plain_visit.page.get_by_role("button", name="Register").click()
    await expect(waiting).to_have_text(str(before + 1))
    await expect(visit.page.locator("details")).to_have_attribute("open", "")
    await visit.check()
    await plain_visit.sign_in()
    await plain_visit.go(f"{HERE}/tonight")
    await expect(plain_visit.page.locator(".engage-tonight dd").nth(1)).to_have_text(str(before + 1))
    assert visit.complaints == []


async def _save_host(page: Page, host: str) -> None:
    await page.get_by_label("Host").fill(host)
    await page.get_by_role("button", name="Save").click()
