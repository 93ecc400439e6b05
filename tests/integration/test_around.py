"""What people get around an evening: the question whether they still come, and thanks, once each and never untrue."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.evenings import changes
from engage.events.mail import around
from engage.events.mail.around import THANKED_WITHIN
from engage.events.mail.correspondence import Correspondence
from engage.events.models import AskedQuestion, OpenEvening, Registration, Slot
from engage.events.registrations.releasing import ASKED
from engage.events.timetable import LIMITS
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.factories import make_evening
from tests.site import Site, on_sqlite, running, text_of

STARTS_AT = datetime(2027, 2, 24, 18, 0, tzinfo=UTC)
TWO_DAYS_BEFORE = STARTS_AT - timedelta(hours=48)
DAY_BEFORE = STARTS_AT - timedelta(hours=24)
ENDS_AT = datetime(2027, 2, 24, 19, 50, tzinfo=UTC)
DAY_AFTER = ENDS_AT + timedelta(hours=14)
HOSTED = {
    "venue": "Example House",
    "address": "1 Example Street\nLondon",
    "joining_url": "https://meet.example.org/evening",
    "accessibility": ["Step-free from the street"],
    "materials": [{"title": "Slides", "url": "https://example.org/slides"}],
}


@pytest.fixture
async def site(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """The running site, with one evening of two sittings: two places in the first, one in the second."""
    evening = make_evening(2, 1, **HOSTED)
    evening.vacancies[0].hints = [
        {"stage": "form", "text": "Write with the panel in mind."},
        {"stage": "interview", "text": "Speak up."},
    ]
    async with database.writing() as session:
        session.add(evening)
        await session.flush()
        session.add_all(
            AskedQuestion(open_evening_id=evening.id, text=text, answer=answer, status=status, asked_at=now)
            for text, answer, status in [("Is there parking?", "No.", "published"), ("Who are you?", None, "asked")]
        )
    async with running(settings, now) as site:
        yield site


async def registration(site: Site, email: str) -> Registration:
    async with site.database.reading() as session:
        return (await session.scalars(select(Registration).where(Registration.email_key == email))).one()


async def write(site: Site, *statements: Any) -> None:
    async with site.database.writing() as session:
        for statement in statements:
            await session.execute(statement)


async def mail_by_reader(site: Site) -> dict[str, EmailMessage]:
    messages = await site.mail()
    by_reader = {message["To"].addresses[0].addr_spec: message for message in messages}
    assert len(by_reader) == len(messages)
    return by_reader


def said(message: EmailMessage) -> str:
    return " ".join(text_of(message).split())


async def move(site: Site, **columns: Any) -> None:
    """Move the first sitting, or the evening's place, as the loading of a file does."""

    async def command(session: AsyncSession) -> None:
        evening = (await session.scalars(select(OpenEvening))).one()
        await session.refresh(evening, ["vacancies"])
        before = changes.remember(evening)
        for name, value in columns.items():
            setattr(evening if name == "venue" else evening.slots[0], name, value)
        await changes.tell(session, evening, before, site.now, "organiser")

    await site.worker._unit_of_work.run(command)


async def test_question_comes_two_days_before_with_all_that_is_needed_on_the_way(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = TWO_DAYS_BEFORE - timedelta(seconds=1)
    assert await site.mail() == []
    site.now = TWO_DAYS_BEFORE
    (message,) = await site.mail()
    words = said(message)
    assert message["Subject"] == "Are you still coming? Reviews Team open evening, Wednesday 24 February 2027"
    assert "Where: Example House, 1 Example Street, London" in words
    assert "Join online: https://meet.example.org/evening" in words
    assert "- Step-free from the street" in words
    assert f"Your ticket code: {(await registration(site, 'zoe@example.net')).ticket_code}" in words
    assert f"http://engage.example.org{link}#coming" in words.split()
    assert f'href="http://engage.example.org{link}#coming"' in text_of(message, "html")
    assert "waiting for a place at 6pm on Tuesday 23 February 2027 or later, we offer them the places" in words
    assert "in your calendar" not in words, "nobody hears what calendars answer here"
    assert await site.mail() == [], "and it comes once"


async def test_opening_the_page_answers_nothing_and_a_button_does(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    site.now = TWO_DAYS_BEFORE
    await site.mail()
    page = await site.open(link)
    assert 'id="coming"' in page.response.text
    assert (await registration(site, "zoe@example.net")).attendance is None
    assert (await site.act(link, "coming", coming="yes")).status_code == 303
    assert (await registration(site, "zoe@example.net")).attendance == "yes"


async def test_somebody_who_said_yes_before_is_not_asked_again_but_told_the_way(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    await site.act(link, "coming", coming="yes")
    site.now = TWO_DAYS_BEFORE
    (message,) = await site.mail()
    assert message["Subject"].startswith("See you soon")
    assert "Where: Example House" in said(message)
    assert "waiting for a place" not in said(message)


async def test_unconfirmed_place_goes_to_whoever_waits_and_its_entry_leaves_the_calendar(site: Site) -> None:
    link = await site.joined("zoe@example.net", companion="yes")
    site.now = TWO_DAYS_BEFORE
    await site.mail()
    await site.register("waiting@example.net")
    await site.mail()
    site.now = DAY_BEFORE
    mail = await mail_by_reader(site)
    assert mail["waiting@example.net"]["Subject"].startswith("Take your place by")
    message = mail["zoe@example.net"]
    assert message["Subject"] == "Your place has passed on: Reviews Team open evening, Wednesday 24 February 2027"
    calendar = icalendar.Calendar.from_ical(text_of(message, "calendar"))
    (event,) = calendar.events
    assert (calendar["METHOD"], event["SEQUENCE"], event["STATUS"]) == ("CANCEL", 1, "CANCELLED")
    assert event["UID"] == (await registration(site, "zoe@example.net")).uid
    assert (await site.json(link))["status"] == "lapsed"
    assert (await site.act(link, "change", slot="sitting-0")).status_code == 303
    assert (await site.json(link))["position"] == 1, "and they queue again, for two places where one is left"


@on_sqlite
async def test_somebody_who_registers_after_the_asking_counts_as_confirmed(site: Site) -> None:
    await site.joined("early@example.net")
    site.now = TWO_DAYS_BEFORE
    await site.mail()
    await site.joined("late@example.net")
    await site.register("waiting@example.net")
    await site.mail()
    site.now = DAY_BEFORE
    mail = await mail_by_reader(site)
    assert {reader: message["Subject"].split(":")[0] for reader, message in mail.items()}["early@example.net"] == (
        "Your place has passed on"
    )
    assert (await registration(site, "late@example.net")).status == "confirmed"


@on_sqlite
async def test_question_that_comes_late_threatens_nobody(site: Site) -> None:
    await site.joined("zoe@example.net", companion="yes")
    await site.register("waiting@example.net")
    site.now = TWO_DAYS_BEFORE + timedelta(hours=12, seconds=1)
    mail = await mail_by_reader(site)
    assert "You keep your place without an answer too" in said(mail["zoe@example.net"])
    site.now = DAY_BEFORE
    assert await site.mail() == []
    assert (await registration(site, "zoe@example.net")).status == "confirmed"


@on_sqlite
async def test_sitting_at_another_time_is_asked_about_anew_and_another_place_is_not(site: Site) -> None:
    await site.joined("zoe@example.net")
    site.now = TWO_DAYS_BEFORE
    await site.mail()
    await move(site, venue="Other House")
    assert [message["Subject"].split(":")[0] for message in await site.mail()] == ["Please note the new time or place"]
    later = {"starts_at": STARTS_AT + timedelta(days=1), "ends_at": STARTS_AT + timedelta(days=1, hours=1)}
    await move(site, **later)
    assert len(await site.mail()) == 1
    assert (await registration(site, "zoe@example.net")).asked_at is None
    site.now = TWO_DAYS_BEFORE + timedelta(days=1)
    (message,) = await site.mail()
    assert message["Subject"].endswith("Thursday 25 February 2027")


@on_sqlite
@pytest.mark.parametrize("what", ["gives the place up", "changes the sitting"])
async def test_question_that_is_no_longer_true_is_not_sent(site: Site, what: str) -> None:
    link = await site.joined("zoe@example.net")
    site.now = TWO_DAYS_BEFORE
    assert await plan_with(site, site.database) == 1
    if what == "gives the place up":
        await site.act(link, "cancel")
    else:
        await site.act(link, "change", slot="sitting-1")
    assert [message["Subject"].split(":")[0] for message in await site.mail()] != ["Are you still coming?"]
    async with site.database.reading() as session:
        query = select(OutboxMessage.state).where(OutboxMessage.kind == ASKED).order_by(OutboxMessage.id)
        assert (await session.scalars(query)).first() == "dropped"


@on_sqlite
@pytest.mark.parametrize("status", ["draft", "cancelled"])
async def test_evening_that_is_not_published_asks_and_thanks_nobody(site: Site, status: str) -> None:
    await site.joined("zoe@example.net")
    await write(site, update(OpenEvening).values(status=status))
    for site.now in (TWO_DAYS_BEFORE, DAY_AFTER):
        assert await site.mail() == []


@on_sqlite
@pytest.mark.parametrize(
    ("before", "after"), [(72, 1), (LIMITS["coming_hours_before"][1], LIMITS["thanks_hours_after"][1])]
)
async def test_evening_sets_its_own_hours(site: Site, before: int, after: int) -> None:
    """However far off they are, and even by a worker that comes late."""
    await site.joined("zoe@example.net")
    await write(site, update(OpenEvening).values(timing={"coming_hours_before": before, "thanks_hours_after": after}))
    site.now = STARTS_AT - timedelta(hours=before)
    assert len(await site.mail()) == 1
    site.now = ENDS_AT + timedelta(hours=after) + THANKED_WITHIN - timedelta(seconds=1)
    assert len(await site.mail()) == 1


async def test_thanks_are_the_same_words_whoever_came(site: Site) -> None:
    typed = {"deadline_reminders": "yes", "vacancies": "caseworker"}
    links = [await site.joined(email, **typed) for email in ("came@example.net", "not@example.net")]
    await write(
        site, update(Registration).where(Registration.email_key == "came@example.net").values(status="attended")
    )
    site.now = DAY_AFTER - timedelta(seconds=1)
    assert await site.mail() == []
    site.now = DAY_AFTER
    mail = await mail_by_reader(site)
    came, did_not = (said(mail[reader]).split() for reader in ("came@example.net", "not@example.net"))
    assert [word for word in came if "/" not in word] == [word for word in did_not if "/" not in word]
    words = " ".join(did_not)
    assert words.startswith("Thank you for your interest in this open evening: Reviews Team open evening Materials:")
    assert "- Slides: https://example.org/slides" in words
    assert "Is there parking? No." in words
    assert "Who are you?" not in words
    assert "- Write with the panel in mind." in words
    assert f"http://engage.example.org{links[1]}/feedback" in did_not
    assert "Caseworker (grade 7): applications close at 11:59pm on Sunday 14 March 2027" in words
    assert mail["not@example.net"]["List-Unsubscribe"] is not None
    assert await site.mail() == [], "and they come once"


@on_sqlite
async def test_closing_dates_are_only_for_those_who_want_them_and_have_not_applied(site: Site) -> None:
    await site.joined("silent@example.net", vacancies="caseworker")
    link = await site.joined("applied@example.net", vacancies="caseworker", deadline_reminders="yes")
    await site.send((await site.open(link)).form("/applied"))
    site.now = DAY_AFTER
    mail = await mail_by_reader(site)
    for message in mail.values():
        assert "pplications close" not in said(message)
    assert mail["silent@example.net"]["List-Unsubscribe"] is None


@on_sqlite
async def test_those_without_a_place_get_the_materials_and_no_questions_about_the_evening(site: Site) -> None:
    await site.joined("far@example.net", "none", deadline_reminders="yes")
    await site.joined("full@example.net", "sitting-1")
    await site.joined("waiting@example.net", "sitting-1")
    gone = await site.joined("gone@example.net")
    await site.act(gone, "cancel")
    await site.mail()
    site.now = DAY_AFTER
    mail = {reader: said(message) for reader, message in (await mail_by_reader(site)).items()}
    assert set(mail) == {"far@example.net", "full@example.net", "waiting@example.net"}
    for reader in ("far@example.net", "waiting@example.net"):
        assert mail[reader].startswith("This is what was shown and asked at this open evening")
        assert "Slides: https://example.org/slides" in mail[reader]
        assert "/feedback" not in mail[reader]
    assert "/feedback" in mail["full@example.net"]


@on_sqlite
async def test_nobody_is_thanked_two_weeks_late(site: Site) -> None:
    await site.joined("zoe@example.net")
    await write(
        site,
        update(Slot).values(starts_at=STARTS_AT - timedelta(days=14), ends_at=DAY_AFTER - timedelta(days=14, hours=14)),
    )
    site.now = DAY_AFTER
    assert await site.mail() == []


async def test_any_number_of_workers_make_each_message_once(site: Site) -> None:
    for number in range(2):
        await site.register(f"{number}@example.net")
    await site.mail()
    databases = [Database(site.settings.database_url) for _ in range(3)]
    for site.now in (TWO_DAYS_BEFORE, DAY_AFTER):
        made = await asyncio.gather(*(plan_with(site, database) for database in databases))
        assert sum(made) == 2
    for database in databases:
        await database.close()


async def plan_with(site: Site, database: Database) -> int:
    unit_of_work = UnitOfWork(database)
    correspondence = Correspondence(site.settings, Tokens(site.settings.secret_key))
    made = await around.plan(database, unit_of_work, correspondence, site.now)
    await unit_of_work.close()
    return made
