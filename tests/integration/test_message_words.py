"""What people read: the right words for the right person, safe from whatever was typed."""

from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from engage.events import facts
from engage.events.facts import RegistrationFact
from engage.events.mail.messages import EveningMessages
from engage.notify.letters import Letters
from engage.settings import Settings
from engage.storage.database import Database
from engage.tokens import Tokens
from tests.told import HOSTILE, Scene, entry_of, make_scene, part, words


@pytest.fixture
async def scene(database: Database, settings: Settings, tokens: Tokens, now: datetime) -> AsyncIterator[Scene]:
    async with database.writing() as session:
        yield await make_scene(session, EveningMessages(settings, tokens), now)


async def test_confirmation_tells_all_that_is_needed_on_the_way(scene: Scene) -> None:
    message = await scene.told(facts.PlaceConfirmed)
    said = words(message)
    assert said.startswith("You have a place at this open evening: Reviews Team open evening")
    assert message["Subject"] == "You have a place: Reviews Team open evening, Thursday 1 July 2027"
    assert "When: Thursday 1 July 2027, 6:30pm to 7:20pm" in said
    assert "Where: Example House, 1 Example Street, London" in said
    assert "Your ticket code: ABCD2345" in said
    assert "Step-free" in said
    assert "Caseworker (grade 7): applications close at 11:59pm on Sunday 14 March 2027" in said
    assert "Post long closed" not in said


async def test_name_is_shown_as_typed(scene: Scene) -> None:
    message = await scene.told(facts.PlaceConfirmed)
    _, event = entry_of(message)
    assert message["To"].addresses[0].display_name == HOSTILE
    assert f"Name: {HOSTILE}" in words(message)
    assert "&lt;b&gt;&#34;Zoë&#34; &amp; \\ ,;:O&#39;Neil{{ 7 * 7 }}&lt;/b&gt;" in part(message, "html")
    assert event["ATTENDEE"].params["CN"] == HOSTILE.replace("\\", "/")


async def test_offer_says_until_when_and_that_looking_is_not_taking(scene: Scene) -> None:
    message = await scene.told(facts.PlaceOffered)
    assert "we hold it for you until 5pm on Wednesday 3 February 2027" in words(message)
    assert "Opening the page is not enough" in words(message)
    assert message["Subject"] == "Take your place by 5pm on Wednesday 3 February 2027: Reviews Team open evening"


async def test_offer_to_two_is_of_both_places(scene: Scene) -> None:
    scene.registration.party = 2
    message = await scene.told(facts.PlaceOffered)
    assert words(message).startswith("Two places have come free, and we hold them for you until")
    assert 'choose "Take both places"' in words(message)


@pytest.mark.parametrize("kind", [facts.QueueJoined, facts.PlaceOffered, facts.OfferLapsed, facts.QueuedEveningMoved])
async def test_somebody_with_a_wish_reads_that_their_place_is_kept(scene: Scene, kind: type[RegistrationFact]) -> None:
    kept = "You keep your place meanwhile: Wednesday 24 February 2027, 6pm to 6:50pm."
    assert kept in words(await scene.told(kind, is_wish=True))
    scene.registration.status = "waiting"
    assert kept not in words(await scene.told(kind, is_wish=False))


@pytest.mark.parametrize("has_reminders", [True, False])
async def test_cancellation_says_whether_reminders_go_on(scene: Scene, tokens: Tokens, *, has_reminders: bool) -> None:
    message = await scene.told(facts.RegistrationCancelled, has_reminders=has_reminders)
    link = f"http://engage.example.org/unsubscribe/{tokens.issue('unsubscribe', scene.registration.id)}"
    assert (link in words(message)) is has_reminders
    assert ("We send you no reminders" in words(message)) is not has_reminders


async def test_evening_called_off_gives_its_reason(scene: Scene) -> None:
    scene.evening.cancel_reason = "The building has no power.\nWe are sorry."
    assert "The reason: The building has no power. We are sorry." in words(await scene.told(facts.EveningCancelled))


async def test_title_of_two_lines_is_one_line_in_the_subject(scene: Scene) -> None:
    scene.evening.title = "Reviews Team\r\nBcc: all@example.com"
    message = await scene.told(facts.PlaceConfirmed)
    assert message["Subject"] == "You have a place: Reviews Team Bcc: all@example.com, Thursday 1 July 2027"
    assert message["Bcc"] is None


async def test_posts_applied_for_are_told_no_more(scene: Scene) -> None:
    for interest in scene.registration.interests:
        interest.applied_at = scene.now
    assert "Caseworker" not in words(await scene.told(facts.PlaceConfirmed))


async def test_times_of_a_queue_come_from_the_sitting(scene: Scene) -> None:
    message = await scene.told(facts.QueueJoined)
    assert "You are number 4 in the queue for a place" in words(message)
    assert "When: Wednesday 24 February 2027, 7pm to 7:50pm" in words(message)


def test_sign_in_letter_says_how_long_its_link_works(settings: Settings) -> None:
    letter = Letters(settings).render("sign_in", link="https://engage.example.org/sign-in/" + "a" * 60, minutes=1)
    assert letter.subject == "Your link to sign in"
    assert "https://engage.example.org/sign-in/" + "a" * 60 in letter.text.split()
    assert "It works once, within 1 minute." in letter.text
    assert "register" not in letter.text + letter.html
