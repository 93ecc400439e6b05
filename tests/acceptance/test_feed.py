"""The calendar of the open evenings, to subscribe to: made once for all who ask at a time, and of bounded size."""

from datetime import datetime, timedelta

import icalendar
from sqlalchemy import update

from engage.events.feeds import PAST_IN_FEED, UPCOMING_IN_FEED
from engage.events.models import OpenEvening
from engage.storage.database import Database
from tests.acceptance.test_lists import announce
from tests.crowd import counted
from tests.grown import SITTINGS, grow
from tests.site import Site

FEED = "/open-evenings/calendar.ics"
A_SECOND = timedelta(seconds=1)


async def summaries(site: Site) -> list[str]:
    calendar = icalendar.Calendar.from_ical((await site.browser.get(FEED)).text)
    return [str(event["SUMMARY"]) for event in calendar.events]


async def test_feed_holds_more_than_a_page_of_what_is_to_come_and_what_was_lately(site: Site) -> None:
    await announce(site, 60)
    await announce(site, PAST_IN_FEED + 5, first=-PAST_IN_FEED - 5)
    await announce(site, 3, of="draft")
    found = [each for each in await summaries(site) if not each.startswith("Reviews Team")]
    days = [*range(-1, -PAST_IN_FEED - 1, -1), *range(1, 61)]
    assert found == [f"Evening <published {day}>" for day in days]


async def test_feed_ends_with_the_soonest_two_hundred(database: Database, now: datetime, site: Site) -> None:
    """However many follow; the factories' own evening is the first of them."""
    await grow(database, UPCOMING_IN_FEED + 100, 2_400, now)
    found = await summaries(site)
    assert len(found) == UPCOMING_IN_FEED * SITTINGS
    assert (found[0], len(set(found))) == ("Reviews Team open evening", UPCOMING_IN_FEED)


async def test_feed_is_made_once_for_all_who_ask_and_not_anew_for_who_registers(site: Site) -> None:
    first = await site.browser.get(FEED)
    await site.register("visitor@example.net")
    with counted(site.database) as statements:
        for headers in ({}, {"cookie": "engage-session=another"}, {"accept-encoding": "identity"}):
            assert (await site.browser.get(FEED, headers=headers)).content == first.content
    assert statements == []
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.headers["content-encoding"] == "gzip"


async def test_whoever_has_the_feed_is_told_so_until_an_evening_changes(site: Site) -> None:
    tag = (await site.browser.get(FEED)).headers["etag"]
    known = {"if-none-match": tag}
    site.pass_time(timedelta(hours=6))
    assert (await site.browser.get(FEED, headers=known)).status_code == 304
    async with site.database.writing() as session:
        await session.execute(update(OpenEvening).values(title="Moved to the annex"))
    answer = await site.browser.get(FEED, headers=known)
    assert (answer.status_code, answer.text.count("SUMMARY:Moved to the annex")) == (200, 2)
    site.pass_time(timedelta(days=30))
    assert (await site.browser.get(FEED, headers=known)).status_code == 200
