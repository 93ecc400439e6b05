"""Evenings to choose from in the console, for those at the doors, with needs and with questions: a page of them."""

from datetime import datetime

import pytest
from sqlalchemy import select

from engage.events.models import AccessNeed, AskedQuestion, OpenEvening
from engage.storage.database import Database
from tests.acceptance.test_lists import announce, pages_linked, titles
from tests.grown import grow
from tests.plans import noted, scans, walks
from tests.reading import sign_in
from tests.site import Site

DOORS, NEEDS, QUESTIONS = "/console/doors", "/console/needs", "/console/questions"
TO_CHOOSE = {"door": DOORS, "access": NEEDS, "organiser": f"{QUESTIONS}?evening=reviews-team"}


async def numbers(site: Site, path: str) -> list[int]:
    """Of the days of `announce`, in how many of them the evenings on the page are."""
    return [int(title.removeprefix("published ")) for title in titles(await site.open(path))]


async def test_those_at_the_doors_find_tonight_first_and_then_all_others(site: Site) -> None:
    await announce(site, 62, first=-4)
    await announce(site, 3, of="draft")
    await announce(site, 3, of="cancelled")
    await sign_in(site, "door")
    first, second = await site.open(DOORS), await site.open(f"{DOORS}?page=2")
    assert await numbers(site, DOORS) == [*range(-2, 47)]
    assert await numbers(site, f"{DOORS}?page=2") == [*range(47, 58), -3, -4]
    assert (pages_linked(first), pages_linked(second)) == ([f"{DOORS}?page=2"], [f"{DOORS}?page=1"])
    assert "Reviews Team open evening" in first.words


async def test_needs_are_shown_until_two_weeks_after_an_evening(site: Site) -> None:
    await announce(site, 70, first=-15)
    await announce(site, 3, of="cancelled")
    await sign_in(site, "access")
    assert await numbers(site, NEEDS) == [*range(-14, 35)]
    assert await numbers(site, f"{NEEDS}?page=2") == [*range(35, 55)]
    assert pages_linked(await site.open(NEEDS)) == [f"{NEEDS}?page=2"]


async def test_needs_left_are_counted_evening_by_evening(site: Site) -> None:
    for name in ("ann", "bob"):
        await site.joined(f"{name}@example.net", access_needs=["bsl", "large_print"])
    async with site.database.writing() as session:
        first = (await session.scalars(select(AccessNeed).order_by(AccessNeed.id))).first()
        assert first is not None
        first.state = "refused"
    await announce(site, 1)
    await sign_in(site, "access")
    words = (await site.open(NEEDS)).words
    assert [words.count(f"{left} needs are left") for left in (0, 3)] == [1, 1]


async def test_evenings_with_such_questions_can_be_chosen_and_the_one_that_is(site: Site) -> None:
    await announce(site, 9)
    async with site.database.writing() as session:
        ids = (await session.scalars(select(OpenEvening.id).order_by(OpenEvening.id))).all()
        for number, status in ((1, "asked"), (2, "published"), (3, "asked"), (3, "asked")):
            session.add(AskedQuestion(open_evening_id=ids[number], text="Why?", status=status, asked_at=site.now))
    await sign_in(site, "organiser")
    for query, shown in {
        "": ["published-3", "published-1"],
        "?status=published": ["published-2"],
        "?evening=published-7": ["published-7", "published-3", "published-1"],
        "?evening=published-3": ["published-3", "published-1"],
        "?evening=unknown&status=declined": [],
    }.items():
        text = (await site.browser.get(f"{QUESTIONS}{query}")).text
        assert [part.partition('"')[0] for part in text.split('<option value="')][2:-3] == shown, query


@pytest.mark.parametrize("most", [1, 2])
async def test_evenings_of_the_newest_questions_alone_can_be_chosen(
    site: Site, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engage.events.console.questions.LOOKED_THROUGH", most)
    await announce(site, 3)
    async with site.database.writing() as session:
        for each in await session.scalars(select(OpenEvening).order_by(OpenEvening.id)):
            session.add(AskedQuestion(open_evening_id=each.id, text="Why?", status="asked", asked_at=site.now))
    await sign_in(site, "organiser")
    assert (await site.browser.get(QUESTIONS)).text.count('<option value="published-') == most


async def test_choices_among_years_of_evenings_walk_an_index(database: Database, now: datetime, site: Site) -> None:
    await grow(database, 1_000, 4_000, now)
    walked = {}
    for role, path in TO_CHOOSE.items():
        await sign_in(site, role)
        async with noted(site.database) as statements:
            assert (await site.open(path)).status == 200
        walked[role] = await walks(site.database, statements, "ORDER BY slot.ends_at", "ix_slot_ends_at")
        whole = {table for _, table in await scans(site.database, statements)}
        assert not whole & {"open_evening", "access_need", "registration", "asked_question"}
        counting = [text for text, _ in statements.values() if "count(" in text and "access_need" in text]
        assert all("registration.open_evening_id IN" in text for text in counting)
    assert walked == {"door": [True], "access": [True], "organiser": []}
