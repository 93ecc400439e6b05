"""The console's pages of a consultation: seen and spoken in by those who are consulted, and by nobody else."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.people import sessions
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.models import ConsultationEntry, Wave
from engage.tokens import Tokens
from tests.pulse import AUTUMN, CLOSES_AT, CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, WAVE, Pulse
from tests.site import Page, Site, on_sqlite, running

CHAIR = "group_lead:working_group:carers"
SPRING, LIST = "/console/waves/2027-spring", "/console/waves"
HOSTILE = '<script>alert("x")</script> & {{ 7 * 7 }}\nsecond line'

pytestmark = on_sqlite  # the services below are tested on both dialects


@pytest.fixture
async def pulse(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> Pulse:
    """A wave in consultation, with twelve people in one directorate and one in another."""
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.employ("Ann,Audit,7", count=12)
    await pulse.plan(CONSULTED_AT)
    return pulse


@pytest.fixture
async def site(pulse: Pulse, settings: Settings) -> AsyncIterator[Site]:
    async with running(settings, CONSULTED_AT + timedelta(days=2)) as site:
        yield site


async def sign_in(site: Site, pulse: Pulse, *roles: str) -> None:
    """Be somebody else, with those roles."""
    email = f"{roles[0].replace(':', '.')}@example.org"
    for role in roles:
        await pulse.grant(role, email)
    tokens = Tokens(site.settings.secret_key)

    async def open_session(session: AsyncSession) -> str:
        return await sessions.open_session(session, tokens, email, site.now)

    site.browser.cookies.clear()
    site.browser.cookies.set("engage-session", await pulse.unit_of_work.run(open_session))


async def say(site: Site, kind: str, text: str = "Words", **typed: str) -> Page:
    form = (await site.open(SPRING)).form("/record")
    answer = await site.send(form, kind=kind, text=text, **typed)
    return await site.open(SPRING) if answer.status_code == 303 else Page(answer)


@pytest.mark.parametrize("role", ["pcs", "workforce", CHAIR])
async def test_those_who_are_consulted_see_everything_that_it_is_about(site: Site, pulse: Pulse, role: str) -> None:
    await sign_in(site, pulse, role)
    assert LIST in (await site.open("/console")).links
    assert SPRING in (await site.open(LIST)).links
    words = (await site.open(SPRING)).words
    for expected in (
        "In consultation",
        "to the end of Wednesday 31 March 2027",
        "Opens by itself, if nobody objects 9am on Monday 12 April 2027",
        "Results by Monday 31 May 2027",
        "2 questions and 1 comment, all optional. It takes about 2 minutes",
        "I am treated with respect. Respect; Inclusive culture",
        "I am proud to say where I work. Engagement index",
        "This is the first wave with this questionnaire",
        "13 people are in the staff directory today",
        "Audit 1 No, too small Policy 12 Yes, if 10 or more answer",
        "One group alone is too small",
        "nobody can tell beforehand how many will",
        "only as one line each in the report of the whole organisation",
        "This wave has no trustees",
        "Results are never used against a team or a person",
        "What stands in the way of opening: the consultation runs until the end of Wednesday 31 March 2027",
    ):
        assert expected in words
    assert words.index("Directorate") < words.index("Grade") < words.index("Which groups are you part of?")
    assert "signed off" not in words.lower()


@pytest.mark.parametrize("role", [None, "organiser", "admin", "door", "trustee"])
async def test_nobody_else_sees_or_says_anything(site: Site, pulse: Pulse, role: str | None) -> None:
    await sign_in(site, pulse, "pcs")
    form = (await site.open(SPRING)).form("/record")
    if role is None:
        site.browser.cookies.delete("engage-session")
    else:
        await sign_in(site, pulse, role)
    for path in (LIST, SPRING):
        assert (await site.open(path)).status == (404 if role else 303), "nobody is sent to sign in"
    for path in (f"{SPRING}/record", f"{SPRING}/words"):
        form.action = path
        assert (await site.send(form, kind="objection", text="No", words="No")).status_code == 404
    assert await pulse.every(ConsultationEntry) == []


async def test_an_objection_is_on_the_record_answered_and_withdrawn(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    page = await say(site, "objection", HOSTILE)
    assert "An objection stands: PCS. The wave does not open by itself." in page.words
    assert "PCS objected pcs@example.org" in page.words
    assert "<script>alert" not in page.response.text
    assert '<script>alert("x")</script> & {{ 7 * 7 }} second line' in page.words
    await sign_in(site, pulse, "workforce")
    assert "Workforce team answered" in (await say(site, "answer")).words
    await sign_in(site, pulse, "pcs")
    assert "An objection stands" not in (await say(site, "withdrawal")).words
    assert [entry.kind for entry in await pulse.every(ConsultationEntry)] == ["objection", "answer", "withdrawal"]


async def test_somebody_of_two_roles_speaks_as_one_of_them(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, CHAIR, "pcs")
    assert "Chair of carers (working group) commented" in (await say(site, "comment", role=CHAIR)).words
    assert (await say(site, "comment", role="workforce")).status == 404


@pytest.mark.parametrize(
    ("kind", "text", "status", "said"),
    [
        ("comment", " ", 422, "Write what you want to say"),
        ("comment", "x" * 2_001, 422, "must be 2,000 characters or fewer"),
        ("withdrawal", "Words", 409, "is not for your role to say"),
        ("answer", "Words", 409, "is not for your role to say"),
        ("sign-off", "Words", 409, "is not for your role to say"),
    ],
)
async def test_what_cannot_be_said_is_shown_again_with_the_reason(
    site: Site, pulse: Pulse, kind: str, text: str, status: int, said: str
) -> None:
    await sign_in(site, pulse, "pcs")
    page = await say(site, kind, text)
    assert page.status == status
    assert said in page.words
    assert dict(page.form("/record").fields).get("text", "") == text.strip()
    assert await pulse.every(ConsultationEntry) == []


async def test_a_stale_form_keeps_what_was_typed(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    page = await say(site, "objection", "A long thought", csrf_token="stale")
    assert page.status == 403
    assert dict(page.form("/record").fields)["text"] == "A long thought"
    assert (await site.send(page.form("/record"), kind="objection")).status_code == 303


async def test_pcs_puts_its_own_words_on_the_first_page_unedited(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    await site.send((await site.open(SPRING)).form("/words"), words=HOSTILE)
    page = await site.open(SPRING)
    assert dict(page.form("/words").fields)["words"] == HOSTILE
    assert (await pulse.wave()).union_words == HOSTILE.replace("\n", "\n")
    await sign_in(site, pulse, "workforce")
    page = await site.open(SPRING)
    assert "second line" in page.words
    assert not [form for form in page.forms if form.action.endswith("/words")]


async def test_words_that_are_emptied_are_taken_back(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    for words, kept in (("Take part.", "Take part."), ("  ", None)):
        await site.send((await site.open(SPRING)).form("/words"), words=words)
        assert (await pulse.wave()).union_words == kept


async def test_only_pcs_can_put_words_there(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, CHAIR)
    form = (await site.open(SPRING)).form("/record")
    form.action = f"{SPRING}/words"
    assert (await site.send(form, words="Mine")).status_code == 404


async def test_once_it_is_open_nothing_more_is_said_and_the_reason_is_shown(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    form = (await site.open(SPRING)).form("/record")
    await pulse.open(reason="The board decided so")
    answer = await site.send(form, kind="objection", text="Too late")
    assert answer.status_code == 409
    page = Page(answer)
    assert "Nothing was added to the record" in page.words
    assert "The published reason: The board decided so" in page.words
    assert "PCS and the chairs of the staff groups were consulted. The consultation is over." in page.words
    assert "13 people are asked" in page.words


async def test_the_next_wave_shows_what_became_different(site: Site, pulse: Pulse) -> None:
    await pulse.open(reason="A test")
    await pulse.load(QUESTIONNAIRE.replace("I am treated with respect.", "People respect me.") + AUTUMN)
    await sign_in(site, pulse, "pcs")
    words = (await site.open("/console/waves/2027-autumn")).words
    assert "Was: I am treated with respect. (respect, inclusive-culture) Now: People respect me." in words
    assert "A Great Place to Work, version 2" in words


async def test_trustees_are_named_with_those_who_have_not_enrolled(site: Site, pulse: Pulse) -> None:
    await pulse.load(WAVE + 'trustees = ["a@x.test", "b@x.test", "c@x.test"]\n')
    await sign_in(site, pulse, "pcs")
    words = (await site.open(SPRING)).words
    assert "Any 2 of these 3 together" in words
    assert "c@x.test – has not enrolled yet" in words


@pytest.mark.parametrize("status", ["draft", "open", "closed", "tallied", "published", "void"])
async def test_every_wave_can_be_looked_back_at(site: Site, pulse: Pulse, status: str) -> None:
    async def become(session: AsyncSession, wave: Wave) -> bool:
        wave.status, wave.void_reason = status, "Too few shares" if status == "void" else None
        return True

    await pulse.act(become)
    await sign_in(site, pulse, "pcs")
    assert (await site.open(SPRING)).status == (await site.open(LIST)).status == 200


async def test_a_wave_whose_consultation_ends_too_late_says_so(site: Site, pulse: Pulse) -> None:
    await pulse.load(WAVE.replace("2027-04-30T17", "2027-04-13T17"))
    site.now = pulse.now = OPENS_AT
    await pulse.load(WAVE.replace("2027-04-30T17", "2027-04-14T17"))
    await sign_in(site, pulse, "pcs")
    assert "ends too late for this wave to open by itself" in (await site.open(SPRING)).words
    assert OPENS_AT < CLOSES_AT


async def test_an_unknown_wave_is_no_page(site: Site, pulse: Pulse) -> None:
    await sign_in(site, pulse, "pcs")
    assert (await site.open(f"{LIST}/none")).status == 404
