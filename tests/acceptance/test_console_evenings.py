"""The life of an evening in the console: drafted, copied, published, cancelled, deleted; each once, and told once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from engage.events.models import OpenEvening, Registration
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite, text_of

LIST = "/console/evenings"
HERE, DRAFT = f"{LIST}/reviews-team", f"{LIST}/autumn-2027"


@pytest.fixture(autouse=True)
async def organiser(site: Site) -> str:
    return await sign_in(site, "organiser")


async def fill_in(site: Site, path: str, **typed: Any) -> Response:
    return await site.send((await site.open(path)).form(path), **typed)


async def press(site: Site, path: str, ending: str) -> Response:
    return await site.send((await site.open(path)).form(ending))


async def drafted(site: Site, starts: str = "2027-09-24T18:00", ends: str = "2027-09-24T19:00") -> None:
    await fill_in(site, f"{LIST}/new", title="Autumn evening", slug="autumn-2027", summary="Come and see")
    typed = {"starts": starts, "ends": ends, "capacity": "30"}
    assert (await fill_in(site, f"{DRAFT}/sittings/new", **typed)).status_code == 303


async def stored(site: Site, slug: str) -> OpenEvening | None:
    query = select(OpenEvening).where(OpenEvening.slug == slug).options(selectinload(OpenEvening.vacancies))
    async with site.database.reading() as session:
        return (await session.scalars(query)).one_or_none()


async def test_draft_is_seen_in_the_console_and_nowhere_else(site: Site) -> None:
    await drafted(site)
    assert "Draft" in (await site.open(DRAFT)).words
    assert "Autumn evening" in (await site.open(LIST)).words
    preview = await site.open(f"{DRAFT}/preview")
    assert "This is what visitors will see" in preview.words
    assert "30 places left" in preview.words
    for path in ("/open-evenings", "/", "/open-evenings/calendar.ics"):
        assert "Autumn evening" not in (await site.browser.get(path)).text
    for path in ("", "/register", "/plan", "/ask", "/send-my-link"):
        assert (await site.open(f"/open-evenings/autumn-2027{path}")).status == 404
    assert [each["copied_from"] for each in await facts_of(site, "EveningDrafted")] == [None]


async def test_published_draft_takes_registrations_and_is_published_once(site: Site) -> None:
    await drafted(site)
    page = await site.open(DRAFT)
    assert (await site.send(page.form("/publish"))).headers["location"] == f"{DRAFT}?done=published"
    assert (await site.send(page.form("/publish"))).status_code == 303
    assert "30 places left" in (await site.open("/open-evenings/autumn-2027")).words
    assert len(await facts_of(site, "EveningPublished")) == 1
    assert "/publish" not in str((await site.open(DRAFT)).forms)


async def test_draft_without_a_sitting_or_with_one_in_the_past_is_not_published(site: Site) -> None:
    await fill_in(site, f"{LIST}/new", title="Autumn evening", slug="autumn-2027")
    answer = await press(site, DRAFT, "/publish")
    assert answer.status_code == 409
    assert "add one before you publish" in Page(answer).words
    await fill_in(site, f"{DRAFT}/sittings/new", starts="2026-09-24T18:00", ends="2026-09-24T19:00", capacity="30")
    assert "A sitting is over already" in Page(await press(site, DRAFT, "/publish")).words
    assert (await site.open("/open-evenings/autumn-2027")).status == 404


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"slug": "reviews-team"}, "Address of its page is that of another open evening already"),
        ({"slug": "new"}, "Address of its page must be another word"),
        ({"slug": "Autumn 2027"}, "Address of its page must be small letters"),
        ({"slug": ""}, "Address of its page is missing"),
        ({"title": ""}, "Title is missing"),
    ],
)
async def test_new_evening_needs_a_title_and_an_address_of_its_own(
    site: Site, typed: dict[str, str], said: str
) -> None:
    given = {"title": "Autumn evening", "slug": "autumn-2027", "summary": "Kept"} | typed
    answer = await fill_in(site, f"{LIST}/new", **given)
    assert answer.status_code == 422
    assert said in Page(answer).words
    assert ("summary", "Kept") in Page(answer).form("/new").fields


async def test_second_click_leads_to_the_draft_that_the_first_has_made(site: Site) -> None:
    pages = [(f"{LIST}/new", {}), (f"{HERE}/copy", {"day": "2027-06-24"})]
    for number, (path, typed) in enumerate(pages):
        form = (await site.open(path)).form(path)
        answers = [await site.send(form, title="Autumn", slug=f"autumn-{number}", **typed) for _ in range(2)]
        assert {answer.headers["location"].partition("?")[0] for answer in answers} == {f"{LIST}/autumn-{number}"}
    assert len(await facts_of(site, "EveningDrafted")) == 2
    other = await fill_in(site, f"{LIST}/new", title="Another one", slug="autumn-0")
    assert "is that of another open evening already" in Page(other).words


@on_sqlite
async def test_copy_of_an_evening_that_is_over_to_its_own_address_is_told_that_it_is_taken(site: Site) -> None:
    site.pass_time(timedelta(days=60))
    await sign_in(site, "organiser")
    answer = await fill_in(site, f"{HERE}/copy", title="Again", slug="reviews-team", day="2027-06-24")
    assert answer.status_code == 422
    assert "is that of another open evening already" in Page(answer).words


async def test_copy_moves_all_dates_keeps_times_and_takes_nobody_along(site: Site) -> None:
    await site.register("zoe@example.net", access_needs=["bsl"])
    ask_by = {"ask_by-bsl": "2027-02-17"}
    await fill_in(site, f"{HERE}/edit/access", **ask_by)
    answer = await fill_in(site, f"{HERE}/copy", title="Again", slug="autumn-2027", day="2027-06-24")
    assert answer.headers["location"] == f"{DRAFT}?done=copied"
    copy, source = await stored(site, "autumn-2027"), await stored(site, "reviews-team")
    assert copy is not None
    assert source is not None
    assert (copy.status, copy.title, copy.venue, copy.ask_by) == ("draft", "Again", source.venue, {"bsl": "2027-06-17"})
    assert copy.slots[0].starts_at == datetime(2027, 6, 24, 17, tzinfo=UTC)  # 6pm still, by summer time
    assert [(slot.key, slot.held, slot.waiting) for slot in copy.slots] == [("sitting-0", 0, 0), ("sitting-1", 0, 0)]
    assert copy.vacancies[0].closes_at == datetime(2027, 7, 12, 22, 59, tzinfo=UTC)
    assert await facts_of(site, "EveningDrafted") == [{"open_evening_id": copy.id, "copied_from": source.id}]
    again = await fill_in(site, f"{HERE}/copy", title="Again", slug="autumn-2027", day="2027-06-25")
    assert again.status_code == 422


@pytest.mark.parametrize(
    ("day", "said"), [("", "must be a date"), ("soon", "must be a date"), ("2027-02-01", "must not be in the past")]
)
@on_sqlite
async def test_copy_needs_a_day_to_come(site: Site, day: str, said: str) -> None:
    answer = await fill_in(site, f"{HERE}/copy", title="Again", slug="autumn-2027", day=day)
    assert answer.status_code == 422
    assert f"Day of the first sitting {said}" in Page(answer).words
    assert await stored(site, "autumn-2027") is None


async def test_cancelling_shows_the_number_first_and_sends_the_reason_once(site: Site) -> None:
    await site.joined("ann@example.net")
    await site.register("zoe@example.net", "none")
    await site.mail()
    page = await site.open(f"{HERE}/cancel")
    assert "2 people will be told" in page.words
    assert "1 person who cannot come" in page.words
    refused = await site.send(page.form("/cancel"), cancel_reason=" ")
    assert refused.status_code == 422
    assert await site.mail() == []
    answer = await site.send(page.form("/cancel"), cancel_reason="The building has no heating.")
    assert answer.headers["location"] == f"{HERE}?done=cancelled&told=2"
    messages = await site.mail()
    assert len(messages) == 2
    assert all("The building has no heating." in text_of(message) for message in messages)
    assert (await site.send(page.form("/cancel"), cancel_reason="Again")).headers["location"].endswith("told=0")
    assert await site.mail() == []
    assert await facts_of(site, "EveningCalledOff") == [{"open_evening_id": 1, "told": 2}]
    assert "The building has no heating." in (await site.open("/open-evenings/reviews-team")).words


async def test_draft_deleted_in_another_window_is_said_to_be_gone(site: Site) -> None:
    await drafted(site)
    form = (await site.open(f"{DRAFT}/edit/about")).form("/about")
    page = await site.open(DRAFT)
    assert (await site.send(page.form("/delete"))).headers["location"] == f"{LIST}?done=deleted"
    answer = await site.send(form, title="Mine")
    assert answer.status_code == 404
    assert "it was deleted in another window" in Page(answer).words
    assert (await site.send(page.form("/delete"))).status_code == 404
    assert len(await facts_of(site, "DraftDeleted")) == 1


async def test_published_evening_is_never_deleted(site: Site) -> None:
    await site.register("ann@example.net")
    await drafted(site)
    form = (await site.open(DRAFT)).form("/delete")
    form.action = f"{HERE}/delete"
    assert (await site.send(form)).status_code == 409
    async with site.database.reading() as session:
        assert len((await session.scalars(select(Registration))).all()) == 1


async def test_actor_in_the_journal_is_a_number(site: Site) -> None:
    await drafted(site)
    rows = (await site.dump())["journal_entry"]
    assert not [row for row in rows if "@" in repr(row)]
    assert any("staff:" in repr(row) for row in rows if "EveningDrafted" in repr(row))


@on_sqlite
async def test_console_home_names_the_next_evenings_and_not_those_that_are_over(site: Site) -> None:
    assert "Reviews Team open evening" in (await site.open("/console")).words
    site.pass_time(timedelta(days=30))
    await sign_in(site, "organiser")
    assert "Reviews Team open evening" not in (await site.open("/console")).words
