"""Whole journeys, as people make them: by keyboard alone, in a narrow window, with and without scripts."""

import re
import uuid

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

FORM = "/open-evenings/reviews-team/register"


async def test_mistakes_are_summed_up_and_lead_to_their_fields(visit: Visit) -> None:
    await visit.go(FORM)
    await visit.page.get_by_label("Full name").fill("Ngọc “Quote” <b>Ó Néill</b>")
    await visit.page.get_by_role("button", name="Register").click()
    await expect(visit.page).to_have_title(re.compile("^Error: "))
    await visit.check()
    assert await visit.page.get_by_label("Full name").input_value() == "Ngọc “Quote” <b>Ó Néill</b>"
    await visit.page.get_by_role("link", name="Enter your email address").click()
    await expect(visit.page.get_by_label("Email address")).to_be_focused()
    await visit.page.get_by_role("link", name="Choose a sitting").click()
    await expect(visit.page.get_by_role("radio").first).to_be_focused()


async def test_somebody_registers_by_keyboard_alone_and_finds_their_ticket(visit: Visit) -> None:
    await visit.go(FORM)
    email = f"{uuid.uuid4().hex}@example.org"
    await _tab_to(visit.page, "slot")
    await visit.page.keyboard.press("ArrowDown")
    await _tab_to(visit.page, "name")
    await visit.page.keyboard.type("Siobhán Example")
    await _tab_to(visit.page, "email")
    await visit.page.keyboard.type(email)
    await _tab_to(visit.page, "vacancies")
    await visit.page.keyboard.press("Space")
    await visit.page.keyboard.press("Enter")
    await expect(visit.page.locator("h1")).to_have_text("Your place is confirmed")
    await visit.check()
    await visit.page.goto(await _link_mailed_to(visit, email))
    await visit.check()
    await expect(visit.page.locator("h1")).to_have_text("Your place is confirmed")
    await visit.page.get_by_role("link", name="Show or print the ticket").click()
    await visit.page.wait_for_url("**/ticket")
    await visit.check()
    assert visit.complaints == []


async def test_without_scripts_somebody_registers_changes_and_cancels(plain_visit: Visit) -> None:
    page, email = plain_visit.page, f"{uuid.uuid4().hex}@example.org"
    await plain_visit.go(FORM)
    await page.get_by_role("radio").nth(1).check()
    await page.get_by_label("Full name").fill("Plain Visitor")
    await page.get_by_label("Email address").fill(email)
    await page.get_by_role("button", name="Register").click()
    await expect(page.locator("h1")).to_have_text("Your place is confirmed")
    await page.goto(await _link_mailed_to(plain_visit, email))
    await page.get_by_role("radio").first.check()
    await page.get_by_role("button", name="Change sitting").click()
    await expect(page.get_by_text("in the queue")).not_to_have_count(0)
    await page.get_by_text("Cancel your registration").click()
    await page.get_by_role("button", name="Cancel my registration").click()
    await expect(page.locator("h1")).to_have_text("Your registration is cancelled")


async def test_an_offered_place_is_taken_with_one_button(visit: Visit) -> None:
    await visit.go(visit.demo.registration("offered", slug="commissioning"))
    await expect(visit.page.locator("h1")).to_have_text("Take your place")
    await visit.page.get_by_role("button", name="Take this place").click()
    await expect(visit.page.locator("h1")).to_have_text("Your place is confirmed")
    await visit.page.get_by_text("Cancel your registration").click()
    await visit.page.get_by_role("button", name="Cancel my registration").click()  # and the next in line is offered it
    await expect(visit.page.locator("h1")).to_have_text("Your registration is cancelled")


async def _tab_to(page: Page, name: str) -> None:
    """Press Tab until a field of that name has the focus."""
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")


async def _link_mailed_to(visit: Visit, email: str) -> str:
    """The link in the message to that address, as its reader would find it on the catcher's page."""
    reader = await visit.context.new_page()
    entry = reader.locator("li.engage-message", has_text=email)
    await reader.goto(f"{visit.demo.url}/mail")

    async def is_there() -> bool:
        await reader.reload()
        return await entry.count() > 0

    for _ in range(100):
        if await is_there():
            break
        await reader.wait_for_timeout(100)
    await entry.get_by_role("link").click()
    text = await reader.locator("pre.engage-source", has_text="/registrations/").inner_text()
    await reader.close()
    found = re.search(r"http\S+/registrations/\w+", text)
    assert found is not None, text
    return found[0]
