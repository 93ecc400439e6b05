"""Every fact becomes one message in the outbox, with its entry for the calendar, and never twice."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from engage.events import facts
from engage.events.facts import RegistrationFact
from engage.events.mail.messages import TOLD, EveningMessages
from engage.events.models import Registration
from engage.journal import JournalEntry, append
from engage.settings import Settings
from engage.storage.database import Database
from engage.tokens import Tokens
from tests.told import THEN, Scene, entry_of, has_calendar, make_scene, part, words

STATUSES = ["confirmed", "waiting", "offered", "lapsed", "cancelled", "attended", "subscribed"]


@pytest.fixture
async def scene(database: Database, settings: Settings, tokens: Tokens, now: datetime) -> AsyncIterator[Scene]:
    async with database.writing() as session:
        yield await make_scene(session, EveningMessages(settings, tokens), now)


def facts_of(kind: type[RegistrationFact]) -> list[type[RegistrationFact]]:
    return [each for child in kind.__subclasses__() for each in (child, *facts_of(child))]


def test_every_fact_that_asks_to_be_told_is_told() -> None:
    concrete = [kind for kind in facts_of(RegistrationFact) if kind is not facts.PlaceFact]
    assert {kind.__name__ for kind in concrete if "messages" in kind.subscribers} == set(TOLD)


@pytest.mark.parametrize("kind", [told.fact for told in TOLD.values()], ids=list(TOLD))
async def test_every_kind_is_worded_for_every_status(
    scene: Scene, kind: type[RegistrationFact], tokens: Tokens
) -> None:
    link = f"http://engage.example.org/registrations/{tokens.issue('registration', scene.registration.id)}"
    for number, status in enumerate(STATUSES):
        scene.registration.status = status
        scene.registration.slot_id = None if status == "subscribed" else scene.evening.slots[0].id
        scene.registration.party = 1 + number % 2
        message = await scene.told(kind, form=status, is_wish=status == "confirmed")
        assert link in part(message, "plain").split()
        assert f'href="{link}"' in part(message, "html")
        assert "<b>" not in part(message, "html")
        assert "Questions? Write to recruitment@example.org" in words(message)
        assert (message["List-Unsubscribe"] is not None) is (kind in (facts.Subscribed, facts.ClosingMoved))


@pytest.mark.parametrize("kind", [facts.RegistrationCancelled, facts.EveningCancelled])
async def test_somebody_who_never_had_a_place_gets_no_calendar_part(scene: Scene, kind: type[RegistrationFact]) -> None:
    scene.registration.slot_id, scene.registration.status = None, "cancelled"
    none = dict.fromkeys(("slot_id", "starts_at", "ends_at", "sequence"))
    assert not has_calendar(await scene.told(kind, **none, has_reminders=False))


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        (facts.PlaceConfirmed, "REQUEST"),
        (facts.PlaceChanged, "REQUEST"),
        (facts.EveningMoved, "REQUEST"),
        (facts.RegistrationCancelled, "CANCEL"),
        (facts.EveningCancelled, "CANCEL"),
    ],
)
async def test_calendar_part_says_what_was_true_when_it_happened(
    scene: Scene, kind: type[RegistrationFact], method: str
) -> None:
    message = await scene.told(kind)
    said, event = entry_of(message)
    (calendar_part,) = [each for each in message.walk() if each.get_content_type() == "text/calendar"]
    assert (said, calendar_part["Content-Type"].params["method"]) == (method, method)
    assert (event["UID"], event["SEQUENCE"]) == (scene.registration.uid, 3)
    assert (event.start, event.end, event.stamp) == (THEN["starts_at"], THEN["ends_at"], scene.now)
    assert event["DTSTART"].params["TZID"] == "Europe/London"
    assert event["ATTENDEE"] == "mailto:Zoe@example.net"
    assert event["ORGANIZER"] == "mailto:evenings@example.org"
    assert event["LOCATION"] == "Example House, 1 Example Street, London"
    assert len(event.alarms.times) == (2 if method == "REQUEST" else 0)


async def test_own_address_of_a_registration_stands_in_no_calendar(scene: Scene, tokens: Tokens) -> None:
    message = await scene.told(facts.PlaceConfirmed)
    _, event = entry_of(message)
    calendar = part(message, "calendar").replace("\r\n ", "")
    assert "http://engage.example.org/open-evenings/reviews-team" in str(event["DESCRIPTION"])
    assert tokens.issue("registration", scene.registration.id) not in calendar
    assert scene.registration.ticket_code not in calendar
    assert "/registrations/" not in calendar


async def test_answers_go_to_the_registrations_tag_where_somebody_listens(
    scene: Scene, settings: Settings, tokens: Tokens
) -> None:
    listening = replace(settings, mail_inbound="smtp://127.0.0.1:2525")
    scene.messages = EveningMessages(listening, tokens)
    _, event = entry_of(await scene.told(facts.PlaceConfirmed))
    tag = tokens.issue("reply", scene.registration.id)
    assert event["ORGANIZER"] == f"mailto:evenings+r{tag}@example.org"
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"


async def test_same_fact_heard_twice_is_one_message(scene: Scene) -> None:
    await scene.tell(scene.fact(facts.PlaceConfirmed))
    await scene.hear_last(now=scene.now + timedelta(minutes=1))
    (row,) = await scene.outbox()
    assert (row.kind, row.stream) == ("PlaceConfirmed", f"registration:{scene.registration.id}")
    assert (row.recipient, row.envelope_from) == ("Zoe@example.net", "evenings@example.org")
    assert (row.state, row.attempts, row.created_at) == ("waiting", 0, scene.now)


async def test_message_put_into_the_outbox_wakes_the_worker(
    database: Database, settings: Settings, tokens: Tokens, now: datetime
) -> None:
    messages = EveningMessages(settings, tokens)
    async with database.writing() as session:
        scene = await make_scene(session, messages, now)
        await append(session, scene.fact(facts.Subscribed), now)
        entry_id = await session.scalar(select(func.max(JournalEntry.id)))
    bell = database.bell()
    async with database.writing() as session:
        await messages.hear(session, await session.get_one(JournalEntry, entry_id), now)
    assert bell.is_set()


@pytest.mark.parametrize("kind", [facts.RegisteredAgain, facts.LinkRequested])
async def test_form_posted_twice_is_one_message(scene: Scene, kind: type[RegistrationFact]) -> None:
    await scene.tell(*(scene.fact(kind, form=form) for form in ("one", "one", "two")))
    assert len(await scene.outbox()) == 2


async def test_stranger_can_have_no_more_than_six_messages_sent_in_a_day(scene: Scene) -> None:
    kinds = [facts.RegisteredAgain, facts.LinkRequested] * 5
    await scene.tell(*(scene.fact(kind, form=str(number)) for number, kind in enumerate(kinds)))
    assert len(await scene.outbox()) == 6
    await scene.tell(scene.fact(facts.PlaceConfirmed))
    assert len(await scene.outbox()) == 7
    await scene.tell(scene.fact(facts.LinkRequested, form="next day"), now=scene.now + timedelta(hours=24))
    assert len(await scene.outbox()) == 8


async def test_nobody_is_written_to_once_the_registration_is_gone(scene: Scene) -> None:
    await append(scene.session, scene.fact(facts.PlaceConfirmed), scene.now)
    await scene.session.execute(delete(Registration))
    await scene.hear_last()
    assert not await scene.outbox()


async def test_offer_that_is_over_is_not_made_any_more(scene: Scene) -> None:
    offer = scene.fact(facts.PlaceOffered)
    await scene.tell(offer, now=scene.now + timedelta(hours=5))
    assert not await scene.outbox()
    await scene.tell(offer, now=scene.now + timedelta(hours=4))
    assert len(await scene.outbox()) == 1
