"""Many open evenings: lists in pages, soonest first, of which the first costs the same however many follow."""

from datetime import datetime, timedelta

import pytest

from engage.notify.models import CaughtMessage
from engage.storage.database import Database
from engage.web.paging import PAGE_SIZE
from tests.crowd import counted
from tests.factories import make_evening, make_slot
from tests.grown import grow
from tests.plans import noted, scans, walks
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite

PUBLIC, CONSOLE = "/open-evenings", "/console/evenings"
LISTS = [PUBLIC, CONSOLE]


async def announce(site: Site, number: int, *, first: int = 1, of: str = "published") -> None:
    """Evenings a day apart from tomorrow on, or from a day before it on."""
    async with site.database.writing() as session:
        for day in range(first, first + number):
            evening = make_evening(slug=f"{of}-{day}", title=f"Evening <{of} {day}>", status=of)
            evening.slots = [make_slot("only", 9, site.now + timedelta(days=day))]
            session.add(evening)


def titles(page: Page) -> list[str]:
    """What of `announce` stands on the page, as it stands there."""
    return [part.partition(">")[0] for part in page.words.split("Evening <")[1:]]


def pages_linked(page: Page) -> list[str]:
    return [link for link in page.links if "page=" in link]


@pytest.fixture
async def organiser(site: Site) -> Site:
    await sign_in(site, "organiser")
    return site


async def test_list_that_fits_on_a_page_says_nothing_of_pages(organiser: Site) -> None:
    await announce(organiser, 2)
    for path in LISTS:
        page = await organiser.open(path)
        assert titles(page) == ["published 1", "published 2"]
        assert "Pagination" not in page.response.text
        assert "<title>Open evenings –" in page.response.text


async def test_what_is_to_come_stands_before_what_is_over_page_by_page(site: Site) -> None:
    """Beside the factories' own evening, on the first page: 103 on three pages."""
    await announce(site, 52)
    await announce(site, 50, first=-50)
    pages = [await site.open(f"{PUBLIC}?page={number}") for number in (1, 2, 3)]
    days = [*range(1, 53), *range(-1, -51, -1)]
    assert [title for page in pages for title in titles(page)] == [f"published {day}" for day in days]
    assert [len(titles(page)) for page in pages] == [49, 50, 3]
    assert [pages_linked(page) for page in pages] == [
        [f"{PUBLIC}?page=2"],
        [f"{PUBLIC}?page=1", f"{PUBLIC}?page=3"],
        [f"{PUBLIC}?page=2"],
    ]
    assert ["Past open evenings" in page.words for page in pages] == [False, True, True]
    assert not any("No open evening is planned" in page.words for page in pages)
    assert "Open evenings (page 2)" in pages[1].words
    assert [page.words.count("Next page") for page in pages] == [1, 1, 0]


async def test_console_shows_drafts_first_and_what_has_no_sitting_last(organiser: Site) -> None:
    async with organiser.database.writing() as session:
        evening = make_evening(slug="undated", title="Evening <undated>")
        evening.slots = []
        session.add(evening)
    for first, of in ((5, "draft"), (-2, "published"), (1, "cancelled"), (3, "published")):
        await announce(organiser, 1, first=first, of=of)
    all_of_them = ["draft 5", "cancelled 1", "published 3", "published -2", "undated"]
    assert titles(await organiser.open(CONSOLE)) == all_of_them
    assert titles(await organiser.open(PUBLIC)) == all_of_them[1:-1]


@pytest.mark.parametrize("path", LISTS)
async def test_page_that_is_not_there_is_the_nearest_one(organiser: Site, path: str) -> None:
    await announce(organiser, PAGE_SIZE + 9)
    first, last = titles(await organiser.open(path)), titles(await organiser.open(f"{path}?page=2"))
    assert (len(first), len(last)) == (49, 10)
    for asked in ("1", "0", "-1", "abc", "²", "", str(10**9)):
        assert titles(await organiser.open(f"{path}?page={asked}")) == first
    for asked in ("3", "99999999", "02"):
        assert titles(await organiser.open(f"{path}?page={asked}")) == last


async def test_list_that_ends_with_a_page_leads_no_further(organiser: Site) -> None:
    await announce(organiser, PAGE_SIZE - 1)
    for path in LISTS:
        for asked in ("1", "2"):
            page = await organiser.open(f"{path}?page={asked}")
            assert (len(titles(page)), pages_linked(page)) == (PAGE_SIZE - 1, [])


async def test_evening_of_several_days_stands_once_and_until_its_last_sitting_is_over(site: Site) -> None:
    async with site.database.writing() as session:
        evening = make_evening(slug="long", title="Evening <long>")
        days = [make_slot(f"day-{day}", 9, site.now + timedelta(days=day)) for day in (-3, 1, 9)]
        evening.slots = [*days, make_slot("beside", 9, site.now + timedelta(days=1))]
        session.add(evening)
    for hours, is_over in ((0, False), (24, False), (9 * 24 + 1, True)):
        site.pass_time(timedelta(hours=hours))
        page = await site.open(PUBLIC)
        assert (titles(page), "Past open evenings" in page.words) == (["long"], is_over)


async def test_json_holds_what_is_to_come_page_by_page_and_says_where_it_goes_on(site: Site) -> None:
    """Beside the factories' own evening: 101 on three pages."""
    await announce(site, 100)
    await announce(site, 2, first=-2)
    address, pages = PUBLIC, []
    while address:
        pages.append(await site.json(address))
        address = pages[-1].get("next", "").removeprefix(site.settings.base_url)
    slugs = [[each["slug"] for each in page["open_evenings"]] for page in pages]
    assert [len(each) for each in slugs] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [slug for each in slugs for slug in each if slug != "reviews-team"] == [
        f"published-{1 + d}" for d in range(100)
    ]
    assert [page.get("next") for page in pages] == [
        "http://engage.example.org/open-evenings?page=2",
        "http://engage.example.org/open-evenings?page=3",
        None,
    ]
    assert await site.json(f"{PUBLIC}?page=99") == pages[-1]


async def test_json_that_fits_on_a_page_says_nothing_of_pages(site: Site) -> None:
    await announce(site, PAGE_SIZE - 1)
    await announce(site, 1, first=-1)
    listed = await site.json(PUBLIC)
    assert (list(listed), len(listed["open_evenings"])) == (["open_evenings"], PAGE_SIZE)


async def test_page_as_json_and_as_itself_are_two(site: Site) -> None:
    await announce(site, PAGE_SIZE + 9)
    for _ in range(2):
        assert len((await site.json(f"{PUBLIC}?page=2"))["open_evenings"]) == 10
        assert len(titles(await site.open(f"{PUBLIC}?page=2"))) == 10


async def test_every_page_of_the_list_is_shared_by_all_who_ask(site: Site) -> None:
    await announce(site, PAGE_SIZE + 9)
    first = await site.browser.get(PUBLIC)
    second = await site.browser.get(f"{PUBLIC}?page=2")
    assert first.headers["etag"] != second.headers["etag"]
    with counted(site.database) as statements:
        for query in ("", "?page=1", "?page=x", "?from=newsletter"):
            assert (await site.browser.get(f"{PUBLIC}{query}")).headers["etag"] == first.headers["etag"]
        for query in ("?page=2", "?p%61ge=2"):
            assert (await site.browser.get(f"{PUBLIC}{query}")).headers["etag"] == second.headers["etag"]
    assert statements == []


async def test_first_pages_among_years_of_evenings_read_no_table_from_end_to_end(
    database: Database, now: datetime, site: Site
) -> None:
    """Half of them are over. On PostgreSQL all sittings could be found by their evenings, so the index is asked for."""
    await grow(database, 1_000, 2_000, now)
    site.pass_time(timedelta(days=350))
    await sign_in(site, "organiser")
    async with noted(site.database) as statements:
        for path in ("/", PUBLIC, f"{PUBLIC}?page=2", f"{PUBLIC}/calendar.ics", "/console", CONSOLE):
            assert (await site.open(path)).status == 200
    found = await scans(site.database, statements)
    assert [each for each in found if each[1] in ("open_evening", "slot")] == []
    walked = await walks(site.database, statements, "ORDER BY slot.ends_at", "ix_slot_ends_at")
    assert (len(walked) > 1, all(walked)) == (True, True)


async def test_few_people_are_found_among_thousands_who_came_to_other_evenings(
    database: Database, now: datetime, site: Site
) -> None:
    """PostgreSQL takes every evening for as large as the others, and would look for these few from the newest on."""
    await grow(database, 10, 20_000, now)
    await sign_in(site, "organiser")
    async with noted(site.database) as statements:
        assert (await site.open(f"{CONSOLE}/reviews-team/people")).status == 200
    order, index = "ORDER BY registration.id DESC", "ix_registration_open_evening_id_id"
    assert await walks(site.database, statements, order, index) == [True]


@on_sqlite
async def test_caught_messages_stand_newest_first_page_by_page(site: Site) -> None:
    await sign_in(site, "admin")
    async with site.database.writing() as session:
        for number in range(PAGE_SIZE + 1):
            content = f"From: evenings@example.org\r\nSubject: Number {number}.\r\n\r\nHello".encode()
            caught = CaughtMessage(received_at=site.now, envelope_from="a@b.c", recipients="d@e.f", content=content)
            session.add(caught)
    first, second, third = [await site.open(f"/mail?page={number}") for number in (1, 2, 3)]
    assert first.words.index("Number 50.") < first.words.index("Number 49.") < first.words.index("Number 1.")
    assert "Number 0." not in first.words
    assert ("Number 0." in second.words, "Number 1." in second.words) == (True, False)
    assert [pages_linked(page) for page in (first, second, third)] == [
        ["/mail?page=2"],
        ["/mail?page=1"],
        ["/mail?page=2"],
    ]
    assert "No message is as old as that." in third.words
