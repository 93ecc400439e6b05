"""Receipts: what a form was answered stays what it was, is told to nobody else, and tells nothing about an address."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from engage.events.models import Slot
from engage.events.registrations import receipts
from tests.site import Site, link_in

FORM = "/open-evenings/reviews-team/register"
KNOWN, NEWCOMER = "known@example.net", "fresh@example.net"


class Browser:
    """One page of the form, sent as often as somebody likes."""

    def __init__(self, site: Site, email: str) -> None:
        self.site, self.email = site, email

    async def opened(self) -> "Browser":
        self.form = (await self.site.open(FORM)).form("/register")
        return self

    async def send(self, slot: str = "sitting-0") -> str:
        answer = await self.site.send(self.form, slot=slot, name="Somebody", email=self.email)
        assert answer.status_code == 303
        return answer.headers["location"]


@pytest.fixture(params=[KNOWN, NEWCOMER])
async def browser(request: pytest.FixtureRequest, site: Site) -> Browser:
    """Of somebody whose address is known, or new."""
    await site.joined(KNOWN, "none")
    await site.register(KNOWN, "sitting-0")
    return await Browser(site, request.param).opened()


async def told(site: Site, path: str) -> tuple[str, str | None, int | None]:
    shown = await site.json(path)
    return shown["status"], shown["slot"] and shown["slot"]["key"], shown["position"]


async def test_the_same_form_gets_its_first_receipt_after_the_sitting_filled(site: Site, browser: Browser) -> None:
    first = await browser.send("sitting-1")
    await site.register("other@example.net", "sitting-1")
    assert await browser.send("sitting-1") == first
    assert await browser.send("sitting-0") == first, "a page that was sent before is the same form"
    assert await told(site, first) == ("confirmed", "sitting-1", None)


async def test_a_position_in_the_queue_is_told_as_it_was(site: Site, browser: Browser) -> None:
    for number in range(2):
        await site.register(f"early{number}@example.net", "sitting-1")
    first = await browser.send("sitting-1")
    await site.register("late@example.net", "sitting-1")
    assert await browser.send("sitting-1") == first
    assert await told(site, first) == ("waiting", "sitting-1", 2)


async def test_a_receipt_is_shown_for_a_week_and_then_the_form_is_answered_anew(site: Site, browser: Browser) -> None:
    first = await browser.send()
    site.pass_time(timedelta(days=7, seconds=-1))
    assert (await site.open(first)).status == 200
    assert await browser.send() == first
    site.pass_time(timedelta(seconds=1))
    assert (await site.open(first)).status == 404
    for _ in range(2):  # the second time a week later, and nothing was purged in between
        assert await browser.send() == first
        shown = await told(site, first)
        await site.joined(f"more{site.now:%d}@example.net", "sitting-0")
        assert await browser.send() == first
        assert await told(site, first) == shown
        site.pass_time(timedelta(days=7))
        assert (await site.open(first)).status == 404


async def test_what_becomes_of_the_registration_changes_no_receipt(site: Site) -> None:
    browser = await Browser(site, NEWCOMER).opened()
    first = await browser.send()
    (message,) = await site.mail()
    link = link_in(message)
    assert (await site.act(link, "change", slot="sitting-1")).status_code == 303
    assert await browser.send() == first
    assert await told(site, first) == ("confirmed", "sitting-0", None)
    assert (await site.act(link, "cancel", reminders="stop")).status_code == 303
    assert await browser.send() == first, "nobody comes back by a form that was sent before"
    assert (await site.json(link))["status"] == "cancelled"
    anew = await Browser(site, NEWCOMER).opened()
    back = await anew.send("sitting-1")
    assert await told(site, back) == ("confirmed", "sitting-1", None)
    assert [await anew.send(), await browser.send()] == [back, first]
    assert (await site.json(link))["status"] == "confirmed"


async def test_a_sitting_stays_for_as_long_as_a_receipt_shows_it(site: Site) -> None:
    async def is_shown(key: str) -> bool:
        async with site.database.reading() as session:
            slot = (await session.scalars(select(Slot).where(Slot.key == key))).one()
            return await receipts.is_shown(session, slot, site.now)

    link = await site.joined(NEWCOMER, "sitting-1")
    assert (await site.act(link, "change", slot="sitting-0")).status_code == 303
    assert await is_shown("sitting-1")
    site.pass_time(timedelta(days=7))
    assert not await is_shown("sitting-1")
    await site.register(NEWCOMER, "sitting-1")
    assert await is_shown("sitting-1")
    site.pass_time(timedelta(days=7))
    assert not await is_shown("sitting-1")
    async with site.database.writing() as session:
        await session.execute(delete(Slot).where(Slot.key == "sitting-1"))
    told = [(each["slot"], each["status"]) for each in (await site.json(f"{link}/timeline"))["receipts"]]
    assert told == [(None, "confirmed")] * 2


async def test_a_receipt_that_was_made_up_is_none(site: Site) -> None:
    first = await (await Browser(site, NEWCOMER).opened()).send()
    other = "A" if first[-1] != "A" else "B"
    for path in (first[:-1] + other, first + "A", f"/receipts/{'A' * 80}"):
        assert (await site.open(path)).status == 404
    assert NEWCOMER not in first


async def test_an_address_stands_in_the_receipt_as_it_was_typed_first(site: Site) -> None:
    browser = await Browser(site, "Zoe@example.net").opened()
    first = await browser.send()
    browser.email = "ZOE@example.net"
    assert await browser.send() == first
    assert "Zoe@example.net" in (await site.open(first)).words
