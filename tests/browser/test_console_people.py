"""People, messages and access needs in a wide and in a narrow window: accessible, fitting, usable by keyboard."""

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

HERE = "/console/evenings/reviews-team"
PAGES = [
    f"{HERE}/people",
    f"{HERE}/people?words=nobody+at+all",
    f"{HERE}/people/new",
    f"{HERE}/people/upload",
    f"{HERE}/message?status=placed",
]


async def test_every_page_of_people_is_accessible_and_fits(visit: Visit) -> None:
    await visit.sign_in()
    for path in PAGES:
        assert await visit.go(path) == 200, path
        await visit.check()
    await visit.go(f"{HERE}/people?status=placed")
    await visit.page.locator("tbody a").first.click()
    await expect(visit.page.get_by_role("heading", name="For somebody on the phone")).to_be_visible()
    await visit.check()
    assert visit.complaints == []


async def test_people_are_registered_from_a_file_accessibly_and_by_keyboard(visit: Visit) -> None:
    await visit.sign_in()
    for content in ("", "name,email,slot\n,nobody,9\n"):
        await choose(visit, content.encode())
        await expect(visit.page.get_by_role("alert")).to_contain_text("There is a problem")
        await visit.check()
    hundred_thousand = "".join(f"P,p{number}@example.net,none\n" for number in range(100_000))
    await choose(visit, f"name,email,slot\n{hundred_thousand}".encode())
    await expect(visit.page.get_by_role("alert")).to_contain_text("more than 1,000 people")
    await choose(visit, f"name;email;slot\r\nZoë Ångström;upload-{visit.mark}@example.net;none\r\n".encode("cp1252"))
    await expect(visit.page.get_by_role("rowheader")).to_contain_text("Zoë Ångström")
    await visit.check()
    await visit.page.get_by_role("button", name="Register 1 person").press("Enter")
    await expect(visit.page.get_by_role("alert")).to_contain_text("1 person is registered.")
    await visit.check()
    assert not [each for each in visit.complaints if "422" not in each]


async def choose(visit: Visit, content: bytes) -> None:
    await visit.go(f"{HERE}/people/upload")
    file: FilePayload = {"name": "people.csv", "mimeType": "text/csv", "buffer": content}
    await visit.page.get_by_label("CSV file").set_input_files(file)
    await visit.page.get_by_role("button", name="Check the file").press("Enter")


async def test_message_goes_from_words_to_people_by_keyboard(visit: Visit) -> None:
    await visit.sign_in()
    await visit.go(f"{HERE}/message?status=waiting")
    await visit.page.get_by_role("button", name="Preview").press("Enter")
    await visit.check()
    await visit.page.get_by_role("link", name="Enter a subject").press("Enter")
    await expect(visit.page.get_by_label("Subject")).to_be_focused()
    await visit.page.keyboard.type("Bring a coat")
    await visit.page.get_by_label("Your message").fill(f"The heating is off.\n\nSorry. {visit.mark}")
    await visit.page.get_by_role("button", name="Preview").press("Enter")
    await expect(visit.page.locator("h1")).to_contain_text("Send this to")
    await visit.check()
    await visit.page.get_by_role("button", name="Send a test to me").press("Enter")
    await expect(visit.page.get_by_role("alert")).to_contain_text("on its way to you")
    await visit.page.get_by_role("button", name="Send to").press("Enter")
    await expect(visit.page.locator("h1")).to_contain_text("Sent to")
    await visit.check()


async def test_needs_are_arranged_accessibly(visit: Visit, plain_visit: Visit) -> None:
    await plain_visit.go("/open-evenings/reviews-team/register")
    await plain_visit.page.locator("input[name=slot]").first.check()
    await plain_visit.page.get_by_label("Full name").fill("Somebody Interested")
    await plain_visit.page.get_by_label("Email address").fill(f"needs-{visit.mark}@example.org")
    await plain_visit.page.get_by_label("Hearing loop").check()
    await plain_visit.page.get_by_role("button", name="Register").click()
    await plain_visit.page.wait_for_url("**/receipts/*")
    await visit.sign_in("Access")
    await visit.go("/console/needs")
    await visit.check()
    await visit.go(f"{HERE}/needs")
    await visit.check()
    await visit.page.locator("article a").first.click()
    await expect(visit.page.get_by_label("Cannot be met")).to_be_visible()
    await visit.check()
    await visit.page.get_by_label("Cannot be met").check()
    await visit.page.get_by_role("button", name="Save").click()
    await expect(visit.page.get_by_role("alert")).to_contain_text("Write what the person is told")
    await visit.check()
    assert not [each for each in visit.complaints if "422" not in each]
