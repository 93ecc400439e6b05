"""More than can be answered, or nothing to answer from: a page that says so, and how to come again."""

from typing import Any

from sqlalchemy import text
from structlog.testing import capture_logs

from engage.web.admission import MOST_AT_ONCE, Admission
from tests.site import JSON, Page, Site, on_sqlite

FORM = "/open-evenings/reviews-team/register"
pytestmark = on_sqlite


def fill(site: Site, *, at_once: int = MOST_AT_ONCE) -> None:
    """As many requests are under way as can be."""
    layer: Any = site.app.middleware_stack
    while not isinstance(layer, Admission):
        layer = layer.app
    layer.at_once = at_once


async def test_who_is_one_too_many_can_try_again_and_is_sent_nowhere_else(site: Site) -> None:
    await site.open(FORM)
    fill(site)
    page = await site.open(f"{FORM}?from=//elsewhere.example")
    assert (page.status, page.response.headers["retry-after"]) == (503, "5")
    assert "The service is busy More people are here than we can answer at once." in page.words
    assert "Nothing was changed: please try again in a moment. Try again" in page.words
    assert "" in page.links
    assert not [link for link in page.links if "elsewhere" in link or link.startswith("mailto:")]
    fill(site, at_once=0)
    assert (await site.open(FORM)).status == 200


async def test_who_sent_a_form_is_told_how_to_send_it_again(site: Site) -> None:
    form = (await site.open(FORM)).form("/register")
    typed = {"slot": "sitting-0", "name": "Zoe", "email": "zoe@example.net"}
    fill(site)
    page = Page(await site.send(form, **typed))
    assert (page.status, page.response.headers["retry-after"]) == (503, "5")
    assert "To send what you typed again, reload this page." in page.words
    assert "" not in page.links
    fill(site, at_once=0)
    assert (await site.send(form, **typed)).status_code == 303


async def test_who_asks_for_json_is_told_in_json(site: Site) -> None:
    await site.open(FORM)
    fill(site)
    answer = await site.browser.get("/open-evenings", headers=JSON)
    assert (answer.status_code, answer.headers["retry-after"], [*answer.json()]) == (503, "5", ["error"])


async def test_records_that_cannot_be_reached_are_not_called_busy(site: Site) -> None:
    async with site.database.writing() as session:
        await session.execute(text("ALTER TABLE open_evening RENAME TO elsewhere"))
    with capture_logs() as logs:
        page = await site.open(FORM)
    assert [each["reason"] for each in logs] == ["no such table: open_evening"]
    assert (page.status, page.response.headers["retry-after"]) == (503, "5")
    assert "Sorry, the service is unavailable We cannot reach our records" in page.words
    assert "busy" not in page.words
