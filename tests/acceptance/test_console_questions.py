"""Questions asked beforehand, in the console: answered, edited, declined, and never by two people unawares."""

from datetime import timedelta

import pytest

from engage.events.models import AskedQuestion
from tests.journalled import facts_of
from tests.reading import sign_in
from tests.site import Page, Site, on_sqlite

LIST = "/console/questions"
PUBLIC = "/open-evenings/reviews-team"


@pytest.fixture(autouse=True)
async def asked(site: Site) -> None:
    """Sixty questions, and an organiser who reads them."""
    await sign_in(site, "organiser")
    async with site.database.writing() as session:
        session.add_all(
            AskedQuestion(open_evening_id=1, text=f"Question <{number}>?", asked_at=site.now + timedelta(number))
            for number in range(1, 61)
        )


async def test_answer_is_published_edited_and_taken_off_again(site: Site) -> None:
    page = await site.open(f"{LIST}/1")
    answer = await site.send(page.form("/1"), answer="Yes.\r\nCome in.", act="publish")
    assert answer.headers["location"] == f"{LIST}?evening=reviews-team&done=answered"
    assert "Yes. Come in." in (await site.open(PUBLIC)).words
    again = await site.send(page.form("/1"), answer="Yes.\r\nCome in.", act="publish")
    assert again.status_code == 303
    page = await site.open(f"{LIST}/1")
    assert "Yes.\nCome in." in dict(page.form("/1").fields)["answer"]
    await site.send(page.form("/1"), answer="No.", act="publish")
    assert "Yes. Come in." not in (await site.open(PUBLIC)).words
    await site.send((await site.open(f"{LIST}/1")).form("/1"), act="decline")
    assert "Question <1>?" not in (await site.open(PUBLIC)).words
    assert len(await facts_of(site, "QuestionAnswered")) == 2
    assert await facts_of(site, "QuestionDeclined") == [{"open_evening_id": 1, "question_id": 1}]


async def test_list_is_paged_and_filtered(site: Site) -> None:
    page = await site.open(LIST)
    assert "60 questions" in page.words
    assert "Question <50>?" in page.words
    assert "Question <51>?" not in page.words
    assert "Question <60>?" in (await site.open(f"{LIST}?page=2")).words
    assert "Question <60>?" in (await site.open(f"{LIST}?page=99999999")).words
    assert "0 questions" in (await site.open(f"{LIST}?evening=unknown&page=x&status=x")).words
    await site.send((await site.open(f"{LIST}/3")).form("/3"), act="decline")
    assert "1 question " in (await site.open(f"{LIST}?status=declined&evening=reviews-team")).words


@on_sqlite
async def test_second_to_answer_is_shown_the_first_answer_and_keeps_theirs(site: Site) -> None:
    form = (await site.open(f"{LIST}/1")).form("/1")
    await site.send(form, answer="Theirs", act="publish")
    answer = await site.send(form, answer="Mine", act="publish")
    page = Page(answer)
    assert answer.status_code == 409
    assert "Theirs" in page.words
    assert dict(page.form("/1").fields)["answer"] == "Mine"
    assert "Theirs" in (await site.open(PUBLIC)).words
    assert (await site.send(page.form("/1"), act="publish")).status_code == 303
    assert "Mine" in (await site.open(PUBLIC)).words


@on_sqlite
@pytest.mark.parametrize(("typed", "status"), [("  ", 422), ("x" * 2_001, 422), ("a\x00b", 422)])
async def test_answer_that_cannot_be_is_refused_and_kept(site: Site, typed: str, status: int) -> None:
    before = await site.dump()
    answer = await site.send((await site.open(f"{LIST}/1")).form("/1"), answer=typed, act="publish")
    assert answer.status_code == status
    assert await site.dump() == before


@on_sqlite
async def test_question_that_is_gone_is_said_to_be(site: Site) -> None:
    form = (await site.open(f"{LIST}/1")).form("/1")
    async with site.database.writing() as session:
        await session.delete(await session.get_one(AskedQuestion, 1))
    assert (await site.send(form, answer="Yes", act="publish")).status_code == 404
