"""What happened to a registration, for the person with all that is stored, and for the organiser without some."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events import facts
from engage.events.doors.door_facts import DoorFact
from engage.events.facts import RegistrationFact
from engage.events.finding import registration_of
from engage.events.mail.around import THANKED
from engage.events.mail.mailing import MAILED
from engage.events.mail.messages import TOLD
from engage.events.mail.reminder_letters import REMINDER
from engage.events.models import Registration
from engage.events.need_rules import ANSWERED
from engage.events.registrations import timeline
from engage.events.registrations.releasing import ASKED
from engage.journal import Fact
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from tests.factories import make_evening
from tests.site import Site, on_sqlite, running

Reader = Callable[[AsyncSession, Registration, ZoneInfo], Awaitable[list[timeline.Line]]]
STORED: dict[str, Any] = {
    "name": "Zoë <b>Somebody</b>",
    "access_needs": ["hearing_loop"],
    "access_note": "In the front row, please",
}
WANTED: dict[str, Any] = {"vacancies": "caseworker", "deadline_reminders": "yes"}


@pytest.fixture
async def site(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Site]:
    """The running site, with one evening of two sittings: two places in the first, one in the second."""
    async with database.writing() as session:
        session.add(make_evening(2, 1))
    async with running(settings, now) as site:
        yield site


def kinds_below(kind: type[Fact]) -> list[type[Fact]]:
    return [each for child in kind.__subclasses__() for each in (child, *kinds_below(child))]


async def lines(site: Site, of: Reader = timeline.timeline_of) -> list[timeline.Line]:
    async with site.database.reading() as session:
        number = (await session.scalars(select(Registration.id))).one()
        registration, _ = await registration_of(session, number)
        return await of(session, registration, site.settings.zone)


def test_every_fact_about_a_registration_is_worded() -> None:
    abstract = {RegistrationFact, facts.PlaceFact, DoorFact}
    concrete = {kind for kind in kinds_below(RegistrationFact) if kind not in abstract}
    by_others = {kind for kind in kinds_below(Fact) if "about" in kind.model_fields}
    assert {kind.__name__ for kind in concrete | by_others} == set(timeline.FACTS)


def test_every_message_about_a_registration_is_worded() -> None:
    assert set(TOLD) | {REMINDER, ASKED, THANKED, MAILED, ANSWERED} == set(timeline.MESSAGES)


async def test_page_tells_from_the_registration_to_the_relay_and_on(site: Site) -> None:
    link = await site.joined("zoe@example.net", **STORED, **WANTED)
    await site.act(link, "coming", coming="yes")
    await site.send((await site.open(link)).form("/applied"))
    await site.act(link, "cancel")
    await site.mail()
    assert f"{link}/timeline" in (await site.open(link)).links
    page = await site.open(f"{link}/timeline")
    told = [line.words for line in await lines(site)]
    assert [words for words in told if "Email" not in words] == [
        "Place confirmed: Wednesday 24 February 2027, 6pm to 6:50pm",
        "Said “Yes, I am coming”",
        "Applied for a post: Caseworker",
        "Registration cancelled",
    ]
    assert [words for words in told if "about your place" in words] == [
        "Email about your place: made",
        "Email about your place: accepted for delivery",
    ]
    for words in [*told, "Zoë <b>Somebody</b>", "Hearing loop: In the front row, please", "Caseworker (applied)"]:
        assert words in page.words


async def test_export_holds_all_that_is_stored_about_the_person(site: Site) -> None:
    link = await site.joined("Zoe@example.net", **STORED, **WANTED)
    exported = await site.json(f"{link}/timeline")
    stored = exported["registration"]
    columns = {column.name for column in Registration.__table__.columns}
    receipt_columns = {"form", "first_slot_id", "first_position"}
    ids = {"id", "open_evening_id", "slot_id", "email_key"}
    assert columns - set(stored) == ids | receipt_columns, "ids, what is derived, and what the receipts tell"
    assert (stored["name"], stored["email"], stored["status"]) == (STORED["name"], "Zoe@example.net", "confirmed")
    assert [(post["key"], post["applied_at"]) for post in exported["posts"]] == [("caseworker", None)]
    asked = {"kind": "hearing_loop", "note": "In the front row, please", "state": "asked", "answer": None}
    assert exported["access_needs"] == [asked]
    (receipt,) = exported["receipts"]
    told = {"slot": "sitting-0", "status": "confirmed", "position": None}
    assert receipt == told | {"email": "Zoe@example.net", "until": "2027-02-10T12:00:00Z"}
    (message,) = exported["messages"]
    assert (message["kind"], message["state"], message["recipient"]) == ("PlaceConfirmed", "sent", "Zoe@example.net")
    assert "Subject: You have a place" in message["content"]
    assert exported["timeline"][0]["kind"] == "PlaceConfirmed"
    assert exported["timeline"][0]["at"] == "2027-02-03T12:00:00Z"


@on_sqlite
async def test_export_can_be_downloaded_from_the_page(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    page = await site.open(f"{link}/timeline")
    (file,) = [each for each in page.links if each.endswith("format=json")]
    answer = await site.browser.get(file)
    assert answer.headers["content-disposition"] == 'attachment; filename="registration.json"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == await site.json(f"{link}/timeline")


@on_sqlite
async def test_export_leaves_out_what_others_did(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    await site.joined("other@example.net", name="Other Person")
    answer = await site.browser.get(f"{link}/timeline", headers={"accept": "application/json"})
    assert "other@example.net" not in answer.text
    assert "Other Person" not in answer.text


@on_sqlite
async def test_organiser_reads_nothing_about_posts_applying_and_needs(site: Site) -> None:
    link = await site.joined("zoe@example.net", **STORED, **WANTED)
    await site.send((await site.open(link)).form("/applied"))
    await site.act(link, "details", **STORED)
    await site.act(link, "coming", coming="yes")
    async with site.database.writing() as session:
        about = (await session.scalars(select(OutboxMessage.stream))).one()
        session.add(asking_for(about, site.now))
    everything = await lines(site)
    kept = await lines(site, timeline.for_organiser)
    assert {line.kind for line in everything} - {line.kind for line in kept} == {
        "AppliedForVacancy",
        "DetailsCorrected",
        "Reminder",
    }
    assert "ComingConfirmed" in {line.kind for line in kept}
    assert "Caseworker" not in " ".join(line.words for line in kept)


@on_sqlite
async def test_organiser_reads_of_a_third_person_what_the_person_reads_of_themselves(site: Site) -> None:
    await site.joined("zoe@example.net")
    async with site.database.writing() as session:
        stream = (await session.scalars(select(OutboxMessage.stream))).one()
        for kind in set(timeline.MESSAGES) - {"PlaceConfirmed"}:
            session.add(asking_for(stream, site.now, kind))
    theirs, organisers = await lines(site), await lines(site, timeline.for_organiser)
    said = [line.words for line in organisers]
    assert "Email about their place: made" in said
    assert "Email about whether they are still coming: made" in said
    assert "Email about a place held for them: made" in said
    assert not [words for words in said if re.search(r"\byou|[{}]", words)]
    assert "Email about a place held for you: made" in [line.words for line in theirs]
    assert not [line for line in theirs if re.search(r"\bthe(ir|m|y)\b|[{}]", line.words)]


@on_sqlite
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("bounced", "came back (550 no such user)"),
        ("dead", "could not be delivered (550 no such user)"),
        ("dropped", "not sent, because it was no longer true"),
    ],
)
async def test_what_became_of_a_message_is_told(site: Site, state: str, words: str) -> None:
    await site.joined("zoe@example.net")
    async with site.database.writing() as session:
        await session.execute(update(OutboxMessage).values(state=state, reply="550 no such user"))
    assert f"Email about your place: {words}" in [line.words for line in await lines(site)]


@on_sqlite
async def test_message_whose_text_is_forgotten_is_still_listed(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    async with site.database.writing() as session:
        await session.execute(update(OutboxMessage).values(content=None))
    assert (await site.json(f"{link}/timeline"))["messages"][0]["content"] is None


@on_sqlite
async def test_somebody_elses_link_shows_nothing(site: Site) -> None:
    link = await site.joined("zoe@example.net")
    assert (await site.open(f"{link[:-2]}aa/timeline")).status == 404


def asking_for(stream: str, now: datetime, kind: str = REMINDER) -> OutboxMessage:
    return OutboxMessage(
        key=f"{kind}:1",
        kind=kind,
        stream=stream,
        recipient="zoe@example.net",
        envelope_from="evenings@example.org",
        message_id=f"<{kind}@example.org>",
        due_at=now,
        created_at=now,
    )
