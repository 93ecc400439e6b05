"""The page of a wave from outside: what it says, what it stores, and that nothing typed is lost."""

import asyncio
from typing import Any

import pytest

from engage.surveys.answers.seal import Sheet
from tests.acceptance.answering import answer, boxed
from tests.pulses import Pulse, open_pulse
from tests.site import Page, Site, on_sqlite


async def test_answers_are_stored_sealed_with_the_groups_of_the_roster_and_the_link_is_spent(
    site: Site, pulse: Pulse
) -> None:
    typed = {
        "q_valued": "5",
        "q_pride": "na",
        "group_working_group": ["carers", "faith"],
        "comment_well": "Tea.\r\nCake.",
    }
    sent = await answer(site, pulse.path(0), **typed)
    assert (sent.status_code, sent.headers["location"]) == (303, "/pulse/thanks")
    assert "Your answers are in" in (await site.open("/pulse/thanks")).words
    stored = await pulse.stored(site.database)
    sheet = Sheet({"valued": 5, "pride": "na"}, {"working_group": ("carers", "faith")})
    assert stored.sheets == [({"directorate": "Audit", "grade": "6"}, sheet)]
    assert stored.comments == [["", "Tea.\nCake."]]
    assert stored.spent == {pulse.links.fingerprint(pulse.roster_ids[0])}
    assert stored.progress == 1


async def test_everything_may_be_left_out(site: Site, pulse: Pulse) -> None:
    assert (await answer(site, pulse.path())).status_code == 303
    stored = await pulse.stored(site.database)
    assert [sheet for _, sheet in stored.sheets] == [Sheet({}, {})]
    assert stored.comments == [["", ""]]


async def test_used_link_is_gone_and_its_answers_stay_as_they_were(site: Site, pulse: Pulse) -> None:
    form = (await site.open(pulse.path())).form(pulse.path())
    assert (await site.send(form, **{"q-valued": "5"})).status_code == 303
    again = await site.send(form, **{"q-valued": "1"})
    assert again.status_code == 410
    assert "This link has been used" in Page(again).words
    assert (await site.open(pulse.path())).status == 410
    assert [sheet.answers for _, sheet in (await pulse.stored(site.database)).sheets] == [{"valued": 5}]
    assert (await answer(site, pulse.path(1))).status_code == 303


async def test_two_sendings_at_the_same_instant_count_once(site: Site, pulse: Pulse) -> None:
    form = (await site.open(pulse.path())).form(pulse.path())
    answers = await asyncio.gather(*(site.send(form, **{"q-valued": str(number)}) for number in range(1, 6)))
    assert sorted(each.status_code for each in answers) == [303, 410, 410, 410, 410]
    stored = await pulse.stored(site.database)
    assert (len(stored.sheets), len(stored.comments), len(stored.spent), stored.progress) == (1, 1, 1, 1)


async def test_boxes_sealed_by_a_browser_are_stored_with_the_groups_of_the_roster(site: Site, pulse: Pulse) -> None:
    sheet = Sheet({"safe": 2}, {"pattern": ("part",)})
    boxes = {
        "sealed_sheet": boxed(pulse.sealer.sheet(sheet)),
        "sealed_comments": boxed(pulse.sealer.comments({"better": "Light"})),
    }
    assert (await answer(site, pulse.path(3), **boxes)).status_code == 303
    stored = await pulse.stored(site.database)
    assert stored.sheets == [({"directorate": "Policy", "grade": "6"}, sheet)]
    assert stored.comments == [["Light", ""]]


async def test_everything_stored_has_one_length_whoever_sealed_it(site: Site, pulse: Pulse) -> None:
    await answer(site, pulse.path(0))
    await answer(site, pulse.path(1), q_valued="na", group_working_group=["carers"], comment_better="é" * 500)
    boxes = {
        "sealed_sheet": boxed(pulse.sealer.sheet(Sheet({}, {}))),
        "sealed_comments": boxed(pulse.sealer.comments({})),
    }
    await answer(site, pulse.path(2), **boxes)
    dump = await site.dump()
    for table in ("sealed_sheet", "sealed_comments"):
        assert len(dump[table]) == 3
        assert len({len(row[2]) for row in dump[table]}) == 1


@on_sqlite
async def test_getting_the_page_changes_nothing_and_leaves_no_trace(site: Site, pulse: Pulse) -> None:
    before = await site.dump()
    for path in (pulse.path(), pulse.path(), "/pulse/thanks"):
        page = await site.open(path)
        assert page.status == 200
        assert page.response.headers["cache-control"] == "no-store"
        assert page.response.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in page.response.headers
    assert await site.dump() == before


@on_sqlite
async def test_page_says_from_the_data_where_answers_count_and_who_sees_them(site: Site, pulse: Pulse) -> None:
    words = (await site.open(pulse.path(0))).words
    assert "everyone (12)" in words
    assert "Audit directorate (1): too small to be shown by itself" in words
    assert "grade 6 (12)" in words
    assert "at least 10 of its people answer" in words
    assert "The public sees nothing" in words
    assert "5pm on Friday 19 February 2027" in words
    assert "by Monday 22 March 2027" in words
    assert "our server seals them at once" in words
    assert "call 999" in words
    assert "PCS says" not in words


@on_sqlite
async def test_page_tells_of_trustees_of_the_public_and_of_what_the_union_says(site: Site) -> None:
    trustees = ["pcs@example.org", "dpo@example.org", "workforce@example.org"]
    told: dict[str, Any] = {
        "trustees": trustees,
        "shares_needed": 2,
        "is_public": True,
        "union_words": "Answer <em>honestly</em>.\nWe do.",
    }
    pulse = await open_pulse(site.database, **told)
    page = await site.open(pulse.path())
    assert "pcs@example.org, dpo@example.org, workforce@example.org: 2 of them have to act together" in page.words
    assert "under the secret of this website" not in page.words
    assert "All staff and the public see" in page.words
    assert "Answer &lt;em&gt;honestly&lt;/em&gt;.\nWe do." in page.response.text


@on_sqlite
@pytest.mark.parametrize("token", ["", "stale", "a" * 32])
async def test_stale_form_comes_back_refilled_and_then_is_taken(site: Site, pulse: Pulse, token: str) -> None:
    typed = {"csrf_token": token, "q_valued": "4", "group_working_group": ["faith"], "comment_well": "<b>Tea</b>"}
    answer_ = await answer(site, pulse.path(), **typed)
    assert answer_.status_code == 403
    again = Page(answer_).form(pulse.path())
    kept = dict(again.fields)
    assert (kept["q-valued"], kept["group-working_group"], kept["comment-well"]) == ("4", "faith", "<b>Tea</b>")
    assert not (await pulse.stored(site.database)).spent
    assert (await site.send(again)).status_code == 303
    assert (await pulse.stored(site.database)).comments == [["", "<b>Tea</b>"]]


@on_sqlite
async def test_token_of_another_persons_form_is_stale(site: Site, pulse: Pulse) -> None:
    stranger = dict((await site.open(pulse.path(1))).form(pulse.path(1)).fields)["csrf_token"]
    assert (await answer(site, pulse.path(0), csrf_token=stranger)).status_code == 403


@on_sqlite
async def test_control_characters_in_a_comment_are_left_out(site: Site, pulse: Pulse) -> None:
    await answer(site, pulse.path(), comment_better="  one\x00\x07\r\n\ttwo\x85  ")
    assert (await pulse.stored(site.database)).comments == [["one\n\ttwo", ""]]


@on_sqlite
async def test_nobody_is_signed_in_on_the_page_and_nothing_that_identifies_is_read(site: Site, pulse: Pulse) -> None:
    page = await site.browser.get(pulse.path(), headers={"cookie": "engage-session=anything; engage-csrf=anything"})
    assert page.status_code == 200
    assert "set-cookie" not in page.headers


@on_sqlite
async def test_answering_writes_no_time_no_fact_and_no_message(site: Site, pulse: Pulse) -> None:
    before = await site.dump()
    await answer(site, pulse.path())
    after = await site.dump()
    assert {name for name in after if after[name] != before[name]} == {
        "wave",
        "spent_link",
        "sealed_sheet",
        "sealed_comments",
    }
    changed = zip(before["wave"][0], after["wave"][0], strict=True)
    assert [(old, new) for old, new in changed if old != new] == [(0, 1)]
