"""What the page of a wave refuses: answers, boxes, links and times that do not fit. Nothing typed is lost."""

from datetime import timedelta
from typing import Any

import pytest
from nacl.public import PrivateKey

from engage.surveys.answers.seal import Sealer, Sheet
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.waves import closing
from tests.acceptance.answering import answer, boxed
from tests.pulses import CLOSES_AT, Pulse, open_pulse
from tests.site import Page, Site, on_sqlite


@on_sqlite
@pytest.mark.parametrize(
    "bad",
    [
        {"q_valued": "0"},
        {"q_valued": "6"},
        {"q_valued": "5.0"},
        {"q_valued": "na "},
        {"q_valued": "٣"},
        {"q_nobody_asked": "3"},
        {"group_working_group": ["carers", "pilots"]},
        {"group_directorate": ["policy"]},
        {"comment_better": "é" * 501},
        {"comment_nobody_asked": "Hello"},
    ],
)
async def test_what_does_not_fit_is_refused_and_the_rest_is_kept(site: Site, pulse: Pulse, bad: dict[str, Any]) -> None:
    refused = await answer(site, pulse.path(), **{"q_safe": "2", "comment_well": "Tea"} | bad)
    assert refused.status_code == 422
    page = Page(refused)
    assert "There is a problem" in page.words
    kept = dict(page.form(pulse.path()).fields)
    assert (kept["q-safe"], kept["comment-well"]) == ("2", "Tea")
    if "comment_better" in bad:
        assert kept["comment-better"] == bad["comment_better"]
    stored = await pulse.stored(site.database)
    assert (stored.sheets, stored.comments, stored.spent, stored.progress) == ([], [], set(), 0)


@on_sqlite
@pytest.mark.parametrize("part", ["sealed_sheet", "sealed_comments"])
@pytest.mark.parametrize("bad", ["", "!", "AAAA", None])
async def test_box_that_is_none_is_refused_and_the_form_stands_there_again(
    site: Site, pulse: Pulse, part: str, bad: str | None
) -> None:
    boxes = {
        "sealed_sheet": boxed(pulse.sealer.sheet(Sheet({}, {}))),
        "sealed_comments": boxed(pulse.sealer.comments({})),
    }
    boxes[part] = boxes[part][:-4] if bad is None else bad
    refused = await answer(site, pulse.path(), **boxes)
    assert refused.status_code == 422
    assert "did not arrive whole, and nothing was stored" in Page(refused).words
    assert (await site.send(Page(refused).form(pulse.path()))).status_code == 303


@on_sqlite
async def test_box_sealed_to_another_key_is_stored_and_only_its_opening_tells(site: Site, pulse: Pulse) -> None:
    """The server cannot look into it: that is the point. It does no harm to the others."""
    other = Sealer(bytes(PrivateKey(bytes(32)).public_key), pulse.questionnaire)
    boxes = {"sealed_sheet": boxed(other.sheet(Sheet({}, {}))), "sealed_comments": boxed(pulse.sealer.comments({}))}
    assert (await answer(site, pulse.path(), **boxes)).status_code == 303
    with pytest.raises(ValueError, match="does not open"):
        await pulse.stored(site.database)


@on_sqlite
async def test_forged_truncated_altered_or_foreign_link_of_an_open_wave_is_unknown(site: Site, pulse: Pulse) -> None:
    other = await open_pulse(site.database, key="2027-autumn")
    good = pulse.path()
    foreign = f"/pulse/{pulse.key}/{other.path().rpartition('/')[2]}"
    not_on_roster = f"/pulse/{pulse.key}/{pulse.links.issue(10**9)}"
    others_entry = f"/pulse/{pulse.key}/{pulse.links.issue(other.roster_ids[0])}"
    altered = good[:-1] + ("a" if good[-1] != "a" else "b")
    for path in (good[:-1], altered, f"{good}a", foreign, not_on_roster, others_entry, f"/pulse/{pulse.key}/1"):
        page = await site.open(path)
        assert page.status == 404
        assert "not one of ours" in page.words
        assert (await site.browser.post(path, data={"q-valued": "5"})).status_code == 404
    assert (await site.open(f"/pulse/2031-spring/{good.rpartition('/')[2]}")).status == 404


@on_sqlite
@pytest.mark.parametrize(
    ("status", "said"),
    [("draft", "has not opened yet"), ("consulting", "has not opened yet"), ("closed", "has closed"),
     ("tallied", "has closed"), ("published", "has closed"), ("void", "was called off")],
)  # fmt: skip
async def test_wave_that_is_not_open_is_gone_whatever_the_token(site: Site, status: str, said: str) -> None:
    pulse = await open_pulse(site.database, status=status)
    for path in (pulse.path(), f"/pulse/{pulse.key}/nonsense"):
        page = await site.open(path)
        assert page.status == 410
        assert said in page.words
        assert (await site.browser.post(path, data={})).status_code == 410


@on_sqlite
async def test_wave_takes_no_answers_from_the_instant_of_its_close(site: Site, pulse: Pulse) -> None:
    form = (await site.open(pulse.path())).form(pulse.path())
    site.now = CLOSES_AT - timedelta(seconds=1)
    assert (await site.open(pulse.path())).status == 200
    site.now = CLOSES_AT
    late = await site.send(form)
    assert late.status_code == 410
    assert "was not stored" in Page(late).words
    assert not (await pulse.stored(site.database)).spent


@on_sqlite
async def test_wave_that_is_extended_takes_answers_again(site: Site, pulse: Pulse) -> None:
    site.now = CLOSES_AT
    assert (await site.open(pulse.path())).status == 410
    async with site.database.writing() as session:
        (await session.get_one(Wave, 1)).closes_at = CLOSES_AT + timedelta(days=7)
    assert (await answer(site, pulse.path())).status_code == 303


@on_sqlite
@pytest.mark.parametrize("field", ["comment_better", "sealed_sheet", "group_working_group", "q_valued"])
async def test_form_of_a_megabyte_is_too_much_and_changes_nothing(site: Site, pulse: Pulse, field: str) -> None:
    assert (await answer(site, pulse.path(), **{field: "x" * 1_000_000})).status_code == 413
    assert not (await pulse.stored(site.database)).spent


@on_sqlite
async def test_link_in_capitals_is_the_same_link(site: Site, pulse: Pulse) -> None:
    room, _, token = pulse.path().rpartition("/")
    assert (await answer(site, f"{room}/{token.upper()}")).status_code == 303
    assert (await site.open(pulse.path())).status == 410
    assert (await pulse.stored(site.database)).progress == 1


@on_sqlite
@pytest.mark.parametrize("bad", [{"q-valued": "6"}, {"csrf_token": "stale"}, {"sealed-sheet": "AAAA"}])
async def test_used_link_is_gone_whatever_is_sent_with_it(site: Site, pulse: Pulse, bad: dict[str, Any]) -> None:
    form = (await site.open(pulse.path())).form(pulse.path())
    assert (await site.send(form)).status_code == 303
    again = await site.send(form, **bad)
    assert again.status_code == 410
    assert (await pulse.stored(site.database)).progress == 1


@on_sqlite
async def test_who_joined_after_others_had_opened_the_page_can_answer_at_once(site: Site, pulse: Pulse) -> None:
    assert (await site.open(pulse.path())).status == 200
    async with site.database.writing() as session:
        (await session.get_one(Wave, 1)).invited += 1
        joiner = RosterEntry(wave_id=1, staff_id=7, email="new@example.org", name="New", directorate="Audit", grade="7")
        session.add(joiner)
        await session.flush()
        link = f"/pulse/{pulse.key}/{pulse.links.issue(joiner.id)}"
    token = site.app.state.site.tokens.fingerprint("pulse", *link.split("/")[2:])
    assert (await site.browser.post(link, data={"csrf_token": token})).status_code == 303
    assert "Audit directorate (2)" in (await site.open(pulse.path())).words


@on_sqlite
async def test_wave_that_was_voided_since_the_page_was_opened_is_gone(site: Site, pulse: Pulse) -> None:
    form = (await site.open(pulse.path())).form(pulse.path())
    async with site.database.writing() as session:
        await closing.void(session, await session.get_one(Wave, 1), site.now)
    late = await site.send(form)
    assert late.status_code == 410
    assert "was called off" in Page(late).words
    assert not (await pulse.stored(site.database)).spent
