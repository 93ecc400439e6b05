"""Editing an evening in the console: what is saved, what is refused beside which field, and what nobody loses."""

from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select

from engage.events.models import OpenEvening
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Form, Page, Site, on_sqlite, text_of

HERE = "/console/evenings/reviews-team"
FIRST, SECOND = f"{HERE}/sittings/sitting-0", f"{HERE}/sittings/sitting-1"
ABOUT = f"{HERE}/edit/about"


@pytest.fixture(autouse=True)
async def organiser(site: Site) -> str:
    return await sign_in(site, "organiser")


async def form_of(site: Site, path: str) -> Form:
    return (await site.open(path)).form(path)


async def edit(site: Site, path: str, **typed: Any) -> Response:
    return await site.send(await form_of(site, path), **{name.replace("__", "-"): each for name, each in typed.items()})


def kept(page: Page, path: str) -> dict[str, str]:
    return dict(page.form(path).fields)


async def stored(site: Site, slug: str = "reviews-team") -> OpenEvening:
    async with site.database.reading() as session:
        return (await session.scalars(select(OpenEvening).where(OpenEvening.slug == slug))).one()


async def test_text_is_saved_and_shown_to_visitors(site: Site) -> None:
    answer = await edit(site, ABOUT, title="Reviews & more", aims="One aim\n\nAnother aim")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?done=saved&told=0")
    words = (await site.open("/open-evenings/reviews-team")).words
    assert "Reviews & more" in words
    assert "Another aim" in words
    assert (await stored(site)).aims == ["One aim", "Another aim"]
    assert await facts_of(site, "EveningEdited") == [{"open_evening_id": 1, "changes": 2, "told": 0}]


async def test_what_is_saved_unchanged_is_no_change(site: Site) -> None:
    assert (await edit(site, ABOUT)).status_code == 303
    assert await facts_of(site, "EveningEdited") == []


@on_sqlite
@pytest.mark.parametrize(
    ("path", "typed", "said"),
    [
        (ABOUT, {"title": " "}, "Title is missing"),
        (f"{HERE}/edit/place", {"joining_url": "javascript:alert(1)"}, "Joining link must be a web address"),
        (f"{HERE}/edit/agenda", {"agenda-0-at": "6 o'clock", "agenda-0-title": "Talk"}, "Agenda, item 1, time must be"),
        (f"{HERE}/edit/agenda", {"agenda-1-at": "18:10"}, "Agenda, item 1, what happens is missing"),
        (
            f"{HERE}/edit/access",
            {"ask_by-bsl": "2027-02-25"},
            "Last days to ask, british sign language interpreter must",
        ),
        (f"{HERE}/edit/closing", {"registration_closes": "soon"}, "Registration closes must be a date and a time"),
        (FIRST, {"ends": "2027-02-24T17:00"}, "Ends must be after starts"),
        (
            FIRST,
            {"starts": "2027-01-24T18:00", "ends": "2027-01-24T19:00"},
            "Starts would move the sitting into the past",
        ),
        (FIRST, {"capacity": "many"}, "Capacity must be a whole number"),
        (FIRST, {"capacity": ""}, "Capacity is missing"),
        (f"{HERE}/posts/caseworker/post", {"posts": "0"}, "Number of posts must be at least 1"),
        (f"{HERE}/posts/caseworker/apply", {"reminders_days_before": "7, 400"}, "number 2 must be at most 365"),
        (f"{HERE}/posts/caseworker/apply", {"contact": "nobody"}, "must be an email address"),
        (
            f"{HERE}/posts/caseworker/vetting",
            {"vetting-0-code": "RV", "vetting-0-title": "x", "vetting-0-order": "one"},
            "Checks, check 1, order must be a whole number",
        ),
    ],
)
async def test_fault_stands_beside_its_field_and_what_was_typed_is_kept(
    site: Site, path: str, typed: dict[str, str], said: str
) -> None:
    before = await site.dump()
    answer = await site.send(await form_of(site, path), **typed)
    assert answer.status_code == 422
    page = Page(answer)
    assert "There is a problem" in page.words
    assert said in page.words
    for name, value in typed.items():
        if name != "agenda-1-at":  # the empty row above it is gone
            assert kept(page, path)[name] == value.strip()
    assert await site.dump() == before


async def test_capacity_below_what_is_booked_is_refused_with_the_numbers(site: Site) -> None:
    await site.register("zoe@example.net", companion="yes")
    answer = await edit(site, FIRST, capacity="1")
    assert answer.status_code == 422
    assert "Capacity: 1 is fewer than the 2 places already given or offered" in Page(answer).words
    assert (await stored(site)).slots[0].capacity == 2


async def test_moved_sitting_is_told_only_after_the_number_was_shown(site: Site) -> None:
    await site.joined("zoe@example.net")
    answer = await edit(site, FIRST, starts="2027-02-25T18:00", ends="2027-02-25T19:00")
    page = Page(answer)
    assert answer.status_code == 200
    assert "1 person will be told" in page.words
    assert "1 person who has a place" in page.words
    assert "6pm on Thursday 25 February 2027" in page.words
    assert await site.mail() == []
    answer = await site.send(page.form(FIRST), act="confirm")
    assert answer.headers["location"] == f"{HERE}?done=saved&told=1"
    assert "Saved. 1 person will be told by email." in (await site.open(answer.headers["location"])).words
    (message,) = await site.mail()
    assert message["To"].addresses[0].addr_spec == "zoe@example.net"
    assert "Thursday 25 February 2027" in text_of(message)
    assert await facts_of(site, "EveningEdited") == [{"open_evening_id": 1, "changes": 2, "told": 1}]


async def test_going_back_from_the_confirmation_keeps_what_was_typed(site: Site) -> None:
    await site.register("zoe@example.net")
    page = Page(await edit(site, f"{HERE}/move", venue="Elsewhere"))
    page = Page(await site.send(page.form("/move"), act="back"))
    assert page.status == 200
    assert kept(page, "/move")["venue"] == "Elsewhere"
    assert (await stored(site)).venue == "Example House"


async def test_whole_evening_moves_at_once_and_each_person_is_counted_once(site: Site) -> None:
    await site.joined("ann@example.net", "sitting-1")
    link = await site.joined("zoe@example.net")
    await site.act(link, "change", slot="sitting-1")
    await site.mail()
    typed = {"venue": "Elsewhere", "sitting-0-ends": "2027-02-24T18:45"}
    page = Page(await site.send(await form_of(site, f"{HERE}/move"), **typed))
    assert "2 people will be told" in page.words
    assert "2 people who have a place" in page.words
    assert "1 person who waits" in page.words
    assert (await site.send(page.form("/move"), act="confirm")).headers["location"].endswith("told=2")
    told = {message["To"].addresses[0].addr_spec for message in await site.mail()}
    assert told == {"ann@example.net", "zoe@example.net"}
    assert (await site.send(page.form("/move"), act="confirm")).headers["location"].endswith("told=0")
    assert await site.mail() == []


async def test_second_editor_sees_what_changed_and_loses_nothing(site: Site) -> None:
    form = await form_of(site, ABOUT)
    await edit(site, ABOUT, title="Theirs", summary="Their summary")
    answer = await site.send(form, title="Mine", host="My host")
    page = Page(answer)
    assert answer.status_code == 409
    assert "nothing of yours is saved yet" in page.words
    assert "Theirs" in page.words
    assert "Title was changed by somebody else meanwhile" in page.words
    assert "Summary was changed by somebody else meanwhile" in page.words
    fields = kept(page, ABOUT)
    assert (fields["title"], fields["summary"], fields["host"]) == ("Mine", "Their summary", "My host")
    assert (await stored(site)).title == "Theirs"
    assert (await site.send(page.form(ABOUT))).status_code == 303
    evening = await stored(site)
    assert (evening.title, evening.summary, evening.host) == ("Mine", "Their summary", "My host")


async def test_editors_of_different_fields_of_an_evening_do_not_meet(site: Site) -> None:
    form = await form_of(site, f"{HERE}/edit/place")
    await edit(site, ABOUT, title="Theirs")
    assert (await site.send(form, venue="Elsewhere")).status_code == 303
    evening = await stored(site)
    assert (evening.title, evening.venue) == ("Theirs", "Elsewhere")


async def test_form_confirmed_after_somebody_else_edited_is_stale(site: Site) -> None:
    await site.register("zoe@example.net")
    page = Page(await edit(site, f"{HERE}/move", venue="Elsewhere"))
    theirs = Page(await edit(site, f"{HERE}/edit/place", venue="Third House"))
    await site.send(theirs.form("/edit/place"), act="confirm")
    answer = await site.send(page.form("/move"), act="confirm")
    assert answer.status_code == 409
    assert "Third House" in Page(answer).words
    assert (await stored(site)).venue == "Third House"


async def test_second_click_adds_no_second_sitting(site: Site) -> None:
    path = f"{HERE}/sittings/new"
    form = await form_of(site, path)
    typed = {"starts": "2027-02-24T20:30", "ends": "2027-02-24T21:00", "capacity": "9"}
    assert (await site.send(form, **typed)).status_code == 303
    again = await site.send(form, **typed)
    assert again.status_code == 409
    assert "Sittings or posts were added or removed" in Page(again).words
    assert kept(Page(again), path)["capacity"] == "9"
    assert len((await stored(site)).slots) == 3


async def test_post_is_added_and_removed_while_nobody_wants_to_hear_of_it(site: Site) -> None:
    answer = await edit(site, f"{HERE}/posts/new", title="Team leader", closes="2027-03-20T12:00")
    assert answer.status_code == 303
    assert "Team leader" in (await site.open("/open-evenings/reviews-team")).words
    page = await site.open(f"{HERE}/posts/team-leader")
    assert (await site.send(page.form("/remove"))).headers["location"] == f"{HERE}?done=removed"
    await site.register("zoe@example.net", vacancies=["caseworker"])
    page = await site.open(f"{HERE}/posts/caseworker")
    refused = await site.send(page.form("/remove"))
    assert refused.status_code == 409
    assert "1 person wants to hear of this post" in Page(refused).words


async def test_moved_closing_date_is_told_after_the_number_was_shown(site: Site) -> None:
    await site.register("zoe@example.net", vacancies=["caseworker"], deadline_reminders="yes")
    await site.mail()
    page = Page(await edit(site, f"{HERE}/posts/caseworker/apply", closes="2027-03-20T12:00"))
    assert "1 person who wants to be reminded" in page.words
    await site.send(page.form("/apply"), act="confirm")
    (message,) = await site.mail()
    assert "20 March 2027" in text_of(message)


async def test_sitting_stays_once_somebody_chose_it(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    await site.act(link, "cancel")
    refused = await site.send((await site.open(FIRST)).form("/remove"))
    assert refused.status_code == 409
    assert "People have chosen this sitting" in Page(refused).words
    page = await site.open(SECOND)
    assert (await site.send(page.form("/remove"))).status_code == 303
    gone = await site.send(page.form(SECOND), capacity="9")
    assert gone.status_code == 404
    assert "This sitting is not there any more" in Page(gone).words


async def test_stale_token_keeps_what_was_typed(site: Site) -> None:
    form = await form_of(site, ABOUT)
    answer = await site.send(form, title="Mine", csrf_token="forged")
    assert answer.status_code == 403
    assert kept(Page(answer), ABOUT)["title"] == "Mine"
    assert (await stored(site)).title != "Mine"


async def test_form_whose_origin_was_tampered_with_overwrites_nothing(site: Site) -> None:
    form = await form_of(site, ABOUT)
    for made_from in ("", "[]", "{", '{"title": 1}'):
        answer = await site.send(form, title="Mine", made_from=made_from)
        assert answer.status_code == 409
    assert (await stored(site)).title == "Reviews Team open evening"


async def test_sitting_that_is_over_cannot_be_moved(site: Site) -> None:
    form = await form_of(site, FIRST)
    site.pass_time(timedelta(days=22))
    await sign_in(site, "organiser")
    answer = await site.send(form, starts="2027-03-24T18:00", ends="2027-03-24T19:00")
    assert answer.status_code in (403, 422)


async def test_second_click_on_a_confirmed_move_tells_once(site: Site) -> None:
    await site.joined("zoe@example.net")
    page = Page(await edit(site, FIRST, starts="2027-02-25T18:00", ends="2027-02-25T19:00"))
    for _ in range(2):
        assert (await site.send(page.form(FIRST), act="confirm")).status_code in (200, 303)
    assert len(await facts_of(site, "EveningMoved")) == 1
    assert len(await site.mail()) == 1


@pytest.mark.parametrize(
    ("path", "typed", "said"),
    [
        (
            f"{HERE}/move",
            {"sitting-0-starts": "2027-01-24T18:00", "sitting-0-ends": "2027-01-24T19:00"},
            "would move the sitting into the past",
        ),
        (f"{HERE}/move", {"sitting-0-ends": "2027-02-24T17:00"}, "must be after starts"),
        (
            f"{HERE}/sittings/new",
            {"starts": "2027-02-24T19:00", "ends": "2027-02-24T18:00", "capacity": "5"},
            "must be after starts",
        ),
        (
            f"{HERE}/sittings/new",
            {"starts": "2027-01-24T18:00", "ends": "2027-01-24T19:00", "capacity": "5"},
            "would put the sitting into the past",
        ),
    ],
)
async def test_times_that_cannot_be_are_refused_on_every_page_that_takes_times(
    site: Site, path: str, typed: dict[str, str], said: str
) -> None:
    await site.joined("zoe@example.net")
    before = await site.dump()
    answer = await site.send(await form_of(site, path), **typed)
    assert answer.status_code == 422
    assert said in Page(answer).words
    assert await site.dump() == before
