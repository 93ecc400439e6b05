"""Answering a wave in Chromium, with and without scripts, in a wide and a narrow window, by mouse and by keyboard."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest
from playwright.async_api import Locator, Page, Request, expect

from engage.surveys.answers.seal import Sheet
from tests.browser.conftest import Visit
from tests.browser.stage import PEOPLE, Stage, narrow, plain_window, stage, window

__all__ = ["narrow", "plain_window", "stage", "window"]  # fixtures

pytestmark = pytest.mark.browser


def answer(page: Page, name: str) -> Locator:
    """That answer to the question that is shown."""
    return page.get_by_role("radio", name=name, exact=True)


async def heading(page: Page) -> str:
    """The heading of the part that is shown."""
    return await page.locator("[data-part]:visible h2").inner_text()


async def go_on(page: Page, name: str = "Continue") -> None:
    async with another_part(page):
        await page.get_by_role("button", name=name, exact=True).click()


@asynccontextmanager
async def another_part(page: Page) -> AsyncIterator[None]:
    """What is done in it leads to another part, whose heading has the focus at the end."""
    before = await heading(page)
    yield
    await page.wait_for_function(
        "before => document.querySelector('[data-part]:not([hidden]) h2').innerText !== before", arg=before
    )
    await expect(page.locator("[data-part]:not([hidden]) h2")).to_be_focused()


async def to_the_end(page: Page) -> None:
    await go_on(page, "Start")
    while await heading(page) != "Check and send your answers":
        await go_on(page)


async def send(page: Page) -> Request:
    """Send the answers and arrive at the thanks; what was sent."""
    async with page.expect_request(lambda request: request.method == "POST") as sent:
        await page.get_by_role("button", name="Send my answers").click()
    await page.wait_for_url("**/pulse/thanks")
    return await sent.value


async def test_whole_journey_part_by_part_with_a_summary_and_sealed_answers(stage: Stage, window: Visit) -> None:
    page, before, path = window.page, await stage.stored(), stage.next_path()
    assert await window.go(path) == 200
    await window.check()
    assert await page.get_by_text("This browser seals your answers before it sends them").first.is_visible()
    assert not await page.get_by_text("our server seals them at once").first.is_visible()
    await go_on(page, "Start")
    assert await heading(page) == "Managing, recognising and developing our people"
    await answer(page, "Agree").check()
    await window.check()
    await go_on(page)
    await answer(page, "Not applicable").check()
    await go_on(page)
    await go_on(page)
    await page.get_by_label("Faith and belief").check()
    await window.check()
    await go_on(page)
    await page.get_by_label("What goes well?").fill("Tea, and a café")
    await window.check()
    await go_on(page)
    await window.check()
    rows = await page.locator("[data-summary] .govuk-summary-list__value").all_inner_texts()
    assert rows == [
        "Agree",
        "Not applicable",
        "Not answered",
        "Faith and belief",
        "Not answered",
        "Not answered",
        "Tea, and a café",
    ]
    sent = await send(page)
    await window.check()
    assert set(parse_qs(sent.post_data or "")) == {"csrf_token", "sealed-sheet", "sealed-comments"}
    sheet, comments = await stage.newest(before)
    assert sheet == Sheet({"valued": 4, "safe": "na"}, {"working_group": ("faith",)})
    assert comments == ["", "Tea, and a café"]
    assert await page.evaluate("Object.keys(localStorage)") == []
    assert await window.go(path) == 410
    await window.check()
    assert window.complaints == ["Failed to load resource: the server responded with a status of 410 (Gone)"]


async def test_whole_journey_without_scripts_says_that_the_server_seals(stage: Stage, plain_window: Visit) -> None:
    page, before = plain_window.page, await stage.stored()
    await plain_window.go(stage.next_path())
    assert await page.get_by_text("our server seals them at once").first.is_visible()
    assert not await page.get_by_text("This browser seals your answers before").first.is_visible()
    await page.locator("[name=q-valued][value='2']").check()
    await page.get_by_label("Carers").check()
    await page.get_by_label("What goes well?").fill("Nothing\nyet")
    await page.get_by_role("button", name="Send my answers").click()
    await page.wait_for_url("**/pulse/thanks")
    sheet, comments = await stage.newest(before)
    assert sheet == Sheet({"valued": 2}, {"working_group": ("carers",)})
    assert comments == ["", "Nothing\nyet"]


async def test_whole_journey_by_keyboard_alone(stage: Stage, narrow: Visit) -> None:
    page, before = narrow.page, await stage.stored()
    await narrow.go(stage.next_path())
    async with another_part(page):
        await _tab_to(page, "Start")
        await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await page.keyboard.press("ArrowRight")
    async with another_part(page):
        await page.keyboard.press("Enter")  # goes on, as there is more to answer
    assert await heading(page) == "Inclusive culture"
    for _ in range(4):
        async with another_part(page):
            await _tab_to(page, "Continue")
            await page.keyboard.press("Enter")
    await _tab_to(page, "Send my answers")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/pulse/thanks")
    sheet, _ = await stage.newest(before)
    assert sheet.answers == {"valued": 2}


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000, "é" * 500, "👍🏽" * 125, "  zero\u200b width \n\n lines ", "null \x07 bell", '{"answers": {}} \\ "'],
    ids=["longest", "accents", "emojis", "blanks", "control", "json"],
)
async def test_python_opens_what_the_browser_sealed(stage: Stage, narrow: Visit, text: str) -> None:
    page, before = narrow.page, await stage.stored()
    await narrow.go(stage.next_path())
    await page.evaluate("text => { document.getElementById('comment-better').value = text }", text)
    for box in await page.locator("input[type=checkbox]").all():
        await box.evaluate("box => { box.checked = true }")
    await page.evaluate("location.hash = 'send'")
    await send(page)
    sheet, comments = await stage.newest(before)
    assert comments == [text.replace("\x07", "").strip(), ""]
    assert sheet.groups == {"working_group": ("carers", "faith"), "pattern": ("part",)}


async def test_draft_waits_in_this_browser_for_this_link_alone_and_can_be_cleared(stage: Stage, narrow: Visit) -> None:
    page, path = narrow.page, stage.pulse.path(PEOPLE - 1)
    await narrow.go(path)
    await go_on(page, "Start")
    await answer(page, "Strongly agree").check()
    stored = await page.evaluate("JSON.stringify(localStorage)")
    assert stage.pulse.key in stored
    assert path.rpartition("/")[2] not in stored
    await narrow.go("/contact")
    await narrow.go(path)
    await go_on(page, "Start")
    assert await answer(page, "Strongly agree").is_checked()
    await narrow.go(stage.pulse.path(PEOPLE - 2))
    assert await page.locator("input:checked").count() == 0
    await narrow.go(path)
    await page.get_by_role("button", name="Clear what is kept on this device").click()
    assert await page.get_by_text("Nothing is kept on this device any more.").is_visible()
    assert await page.locator("input:checked").count() == 0
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_chosen_answer_can_be_taken_back(stage: Stage, narrow: Visit) -> None:
    page = narrow.page
    await narrow.go(stage.pulse.path(PEOPLE - 1))
    await go_on(page, "Start")
    clear = page.locator("#part-1").get_by_text("Clear this answer")
    assert not await clear.is_visible()
    await answer(page, "Disagree").check()
    await clear.click()
    assert await page.locator("input:checked").count() == 0
    assert not await clear.is_visible()
    assert '"ticked":[]' in json.loads(await page.evaluate("JSON.stringify(Object.values(localStorage))"))[0]


async def test_comment_that_is_too_long_is_told_before_it_is_sent(stage: Stage, narrow: Visit) -> None:
    page = narrow.page
    await narrow.go(f"{stage.pulse.path(PEOPLE - 1)}#comments")
    await page.get_by_label("What goes well?").fill("é" * 501)
    await page.get_by_role("button", name="Continue", exact=True).click()
    assert await heading(page) == "In your own words"
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("Your comment is 2 characters too long")
    await narrow.check()
    await alert.get_by_role("link").click()
    await expect(page.locator("#comment-well")).to_be_focused()


async def test_form_that_became_stale_is_sent_all_the_same(stage: Stage, narrow: Visit) -> None:
    page, before = narrow.page, await stage.stored()
    await narrow.go(stage.next_path())
    await page.evaluate("document.querySelector('[name=csrf_token]').value = 'stale'")
    await page.evaluate("location.hash = 'part-1'")
    await answer(page, "Strongly agree").check()
    await page.evaluate("location.hash = 'send'")
    await page.get_by_role("button", name="Send my answers").click()
    await page.wait_for_url("**/pulse/thanks")
    assert (await stage.newest(before))[0].answers == {"valued": 5}


async def test_lost_connection_loses_nothing(stage: Stage, narrow: Visit) -> None:
    page, before = narrow.page, await stage.stored()
    await narrow.go(stage.next_path())
    await page.evaluate("location.hash = 'part-1'")
    await answer(page, "Strongly agree").check()
    await page.evaluate("location.hash = 'send'")
    await narrow.context.set_offline(True)
    await page.get_by_role("button", name="Send my answers").click()
    await expect(page.get_by_role("alert")).to_contain_text("could not be sent")
    await narrow.context.set_offline(False)
    await send(page)
    assert (await stage.newest(before))[0].answers == {"valued": 5}


async def test_link_used_meanwhile_says_so_and_forgets_the_draft(stage: Stage, narrow: Visit) -> None:
    page, path = narrow.page, stage.next_path()
    await narrow.go(path)
    await page.evaluate("location.hash = 'part-1'")
    await answer(page, "Strongly agree").check()
    other = await narrow.context.new_page()
    await other.goto(f"{stage.server.url}{path}#send")
    await send(other)
    await page.evaluate("location.hash = 'send'")
    await page.get_by_role("button", name="Send my answers").click()
    await page.get_by_role("heading", name="This link has been used").wait_for()
    assert await page.evaluate("Object.keys(localStorage)") == []


async def test_refusal_is_shown_with_the_form_without_scripts(stage: Stage, plain_window: Visit) -> None:
    page = plain_window.page
    await plain_window.go(stage.pulse.path(PEOPLE - 1))
    await page.locator("[name=q-valued][value='2']").check()
    await page.get_by_label("What goes well?").fill("é" * 501)
    await page.get_by_role("button", name="Send my answers").click()
    await expect(page.locator(".govuk-error-summary")).to_contain_text("must be 1,000 bytes or fewer")
    assert await page.locator("[name=q-valued][value='2']").is_checked()
    assert await page.get_by_label("What goes well?").input_value() == "é" * 501


async def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the button of that name has the focus."""
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.innerText") == name:
            return
    raise AssertionError(f"{name} cannot be reached by keyboard")
