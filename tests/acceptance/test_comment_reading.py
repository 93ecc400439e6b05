"""Comments before they are published: read by the workforce team and PCS together, and by nobody else."""

import pytest

from engage.surveys.reports.report_models import CountedComment
from tests.reading import CHAIR, STAFF, publish_two, sign_in
from tests.site import Page, Site, on_sqlite

pytestmark = on_sqlite

PAGE = "/reports/2027-spring/comments"
HOSTILE = 'Ask Ann Example at 020 7946 0000, <script>alert("x")</script>'
KEY = bytes(range(16))


@pytest.fixture
async def comment(site: Site) -> None:
    """Two published waves, the later one with a comment that nobody has read."""
    _, wave = await publish_two(site)
    async with site.database.writing() as session:
        session.add(CountedComment(key=KEY, wave_id=wave.id, question="better", text=HOSTILE, redacted=HOSTILE))


async def stored(site: Site) -> CountedComment:
    async with site.database.reading() as session:
        return await session.get_one(CountedComment, KEY)


async def agree(site: Site, role: str, **typed: str) -> Page:
    await sign_in(site, role)
    answer = await site.send((await site.open(PAGE)).form(KEY.hex()), **typed)
    return await site.open(PAGE) if answer.status_code == 303 else Page(answer)


async def test_both_readers_agree_to_the_text_as_it_stands(site: Site, comment: None) -> None:
    assert "Workforce team: agrees. PCS: has not agreed." in (await agree(site, "workforce")).words
    page = await agree(site, "pcs")
    assert "Workforce team: agrees. PCS: agrees." in page.words
    assert "0 comments wait for a reader" in page.words
    assert (await stored(site)).redacted == HOSTILE


async def test_a_change_asks_the_other_reader_again(site: Site, comment: None) -> None:
    await agree(site, "workforce")
    page = await agree(site, "pcs", text="Ask [name].")
    assert "Workforce team: has not agreed. PCS: agrees." in page.words
    assert (await stored(site)).redacted == "Ask [name]."
    page = await agree(site, "workforce", is_withheld="yes")
    assert "Comment 1 of 1: withheld" in page.words


async def test_one_person_of_both_roles_agrees_for_one_side_alone(site: Site, comment: None) -> None:
    await sign_in(site, "workforce", "pcs")
    page = await site.open(PAGE)
    team, union = (form for form in page.forms if form.action.endswith(KEY.hex()))
    assert (await site.send(team)).status_code == 303
    refused = await site.send(union)
    assert refused.status_code == 409
    assert "somebody else must agree to it as PCS." in Page(refused).words
    page = await site.open(PAGE)
    assert "Workforce team: agrees. PCS: has not agreed." in page.words
    assert "You agreed for the other side, so somebody else must agree as PCS." in page.words
    assert "1 comment waits for a reader" in page.words


async def test_whoever_agrees_to_what_was_changed_meanwhile_is_told(site: Site, comment: None) -> None:
    await sign_in(site, "pcs")
    form = (await site.open(PAGE)).form(KEY.hex())
    async with site.database.writing() as session:
        (await session.get_one(CountedComment, KEY)).redacted = "Ask [name]."
    answer = await site.send(form)
    assert answer.status_code == 409
    assert "changed this comment meanwhile" in Page(answer).words
    assert not (await stored(site)).union_reader


async def test_likely_names_and_numbers_are_marked_and_markup_stays_text(site: Site, comment: None) -> None:
    await sign_in(site, "pcs")
    text = (await site.open(PAGE)).response.text
    assert '<mark title="telephone number">020 7946 0000</mark>' in text
    assert "<script>alert" not in text


@pytest.mark.parametrize("role", [STAFF, CHAIR, "admin", "trustee"])
async def test_nobody_else_reads_or_changes_anything(site: Site, comment: None, role: str) -> None:
    await sign_in(site, "pcs")
    form = (await site.open(PAGE)).form(KEY.hex())
    await sign_in(site, role)
    assert (await site.open(PAGE)).status == 404
    assert (await site.send(form, text="x")).status_code == 404
    await sign_in(site, "workforce")
    assert (await site.send(form, text="x")).status_code == 404
    assert (await stored(site)).redacted == HOSTILE
