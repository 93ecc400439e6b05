"""Feedback: three questions after the sitting, answered once, and kept so that nothing tells whose they are."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from engage.events.models import Feedback, Registration
from engage.journal import JournalEntry
from engage.settings import Settings
from engage.storage.database import Database
from tests.factories import make_evening
from tests.site import Page, Site, on_sqlite, running

ENDS_AT = datetime(2027, 2, 24, 18, 50, tzinfo=UTC)
GOOD = {"useful": "4", "most_useful": "The hints", "change": "Nothing\nat all"}


@pytest.fixture
async def site(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """The running site, with one evening of two sittings: two places in the first, one in the second."""
    async with database.writing() as session:
        session.add(make_evening(2, 1))
    async with running(settings, now) as site:
        yield site


async def given(site: Site) -> list[Feedback]:
    async with site.database.reading() as session:
        return list(await session.scalars(select(Feedback)))


async def test_answers_are_kept_without_who_gave_them(site: Site) -> None:
    link = await site.joined("zoe@example.net", name="Zoë Somebody")
    site.now = ENDS_AT
    assert f"{link}/feedback" in (await site.open(link)).links
    answer = await site.act(f"{link}/feedback", "feedback", **GOOD)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{link}/feedback")
    assert "Thank you for your feedback" in (await site.open(f"{link}/feedback")).words
    assert "Thank you for your feedback" in (await site.open(link)).words
    (kept,) = await given(site)
    assert kept.answers == {"useful": 4, "most_useful": "The hints", "change": "Nothing\nat all"}
    assert {column.name for column in Feedback.__table__.columns} == {"id", "open_evening_id", "answers"}
    async with site.database.reading() as session:
        kinds = set(await session.scalars(select(JournalEntry.kind)))
    assert not [kind for kind in kinds if "eedback" in kind], "not even when it was given is written down"


async def test_feedback_counts_once_for_each_registration(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = ENDS_AT
    form = (await site.open(f"{link}/feedback")).form("/feedback")
    assert [(await site.send(form, **GOOD)).status_code for _ in range(2)] == [303, 409]
    assert len(await given(site)) == 1


async def test_texts_can_be_left_out(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = ENDS_AT
    assert (await site.act(f"{link}/feedback", "feedback", useful="1", most_useful=" ")).status_code == 303
    assert [each.answers for each in await given(site)] == [{"useful": 1}]


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({}, "useful"),
        ({"useful": "6"}, "useful"),
        ({"useful": "4", "most_useful": "x" * 2001}, "most_useful"),
        ({"useful": "4", "change": "a\x00b"}, "change"),
    ],
)
async def test_bad_answers_are_named_and_kept_on_the_page(site: Site, typed: dict[str, str], field: str) -> None:
    link = await site.joined("zoe@example.net")
    site.now = ENDS_AT
    refused = Page(await site.act(f"{link}/feedback", "feedback", **({"change": "typed"} | typed)))
    assert refused.status == 422
    assert f"#{field}" in refused.links
    assert refused.words.startswith("Error: ")
    assert refused.form("/feedback").filled()["change"] == [typed.get("change", "typed")]
    assert await given(site) == []


@on_sqlite
async def test_stale_form_is_refilled(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = ENDS_AT
    refused = Page(await site.act(f"{link}/feedback", "feedback", **GOOD, csrf_token="forged"))
    assert refused.status == 403
    assert refused.form("/feedback").filled()["most_useful"] == ["The hints"]
    assert await given(site) == []


@on_sqlite
async def test_feedback_opens_with_the_end_of_the_own_sitting(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = ENDS_AT - timedelta(seconds=1)
    assert f"{link}/feedback" not in (await site.open(link)).links
    early = await site.open(f"{link}/feedback")
    assert (early.status, "once your sitting is over" in early.words) == (409, True)
    site.now = ENDS_AT
    assert (await site.open(f"{link}/feedback")).status == 200


@on_sqlite
@pytest.mark.parametrize("status", ["subscribed", "cancelled", "waiting", "lapsed"])
async def test_feedback_is_for_those_who_had_a_place(site: Site, status: str) -> None:
    link = await site.joined("zoe@example.net")
    async with site.database.writing() as session:
        await session.execute(update(Registration).values(status=status))
    site.now = ENDS_AT
    assert (await site.open(f"{link}/feedback")).status == 409
    assert (await site.open(f"{link[:-1]}/feedback")).status == 404


@on_sqlite
async def test_checked_in_person_can_give_feedback(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    async with site.database.writing() as session:
        await session.execute(update(Registration).values(status="attended"))
    site.now = ENDS_AT
    assert (await site.act(f"{link}/feedback", "feedback", **GOOD)).status_code == 303
