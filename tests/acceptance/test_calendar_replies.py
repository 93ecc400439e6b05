"""What people press in their calendars is heard, and what only looks like it changes nothing."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from engage.settings import Settings
from engage.storage.database import Database
from tests.acceptance.hearing import Heard, hearing
from tests.factories import EVENING_STARTS_AT, make_evening
from tests.replying import ANSWERED_AT, answering, mail, organizer_of, report
from tests.site import on_sqlite, text_of
from tests.told import entry_of

ZOE = "zoe@example.net"
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
async def heard(database: Database, settings: Settings, now: datetime) -> AsyncIterator[Heard]:
    """The site with its inbox open; two places in the first sitting, one in the second."""
    async with database.writing() as session:
        session.add(make_evening(2, 1))
    async with hearing(settings, now) as heard:
        yield heard


async def status_of(heard: Heard, link: str) -> str:
    shown: dict[str, Any] = await heard.site.json(link)
    status: str = shown["status"]
    return status


@on_sqlite
async def test_addresses_tell_replies_and_bounces_apart(heard: Heard) -> None:
    _, invitation = await heard.joined(ZOE)
    _, event = entry_of(invitation)
    envelope = heard.site.relay.messages[-1].sender
    assert event["ATTENDEE"].params["RSVP"] == "TRUE"
    for address, kind in ((organizer_of(invitation), "r"), (envelope, "b")):
        local, _, domain = address.partition("@")
        assert local.startswith(f"evenings+{kind}")
        assert local == local.lower()
        assert len(local) <= 64
        assert domain == "example.org"
    assert invitation["From"].addresses[0].addr_spec == "evenings@example.org"


async def test_declined_place_is_held_for_half_an_hour_and_then_given_to_the_next(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    waiting = await heard.site.joined("next@example.net", "sitting-1")
    (told,) = await heard.answer(invitation, "DECLINED")
    assert told["To"].addresses[0].addr_spec == ZOE
    assert told["Subject"].startswith("Your calendar said no. Keep your place until 12:30pm on")
    assert link in text_of(told)
    assert (await status_of(heard, link), await status_of(heard, waiting)) == ("confirmed", "waiting")
    heard.site.pass_time(HALF_AN_HOUR - timedelta(seconds=1))
    assert await heard.site.mail() == []
    heard.site.pass_time(timedelta(seconds=1))
    cancelled, offered = sorted(await heard.site.mail(), key=lambda message: str(message["To"]), reverse=True)
    assert cancelled["To"].addresses[0].addr_spec == ZOE
    method, event = entry_of(cancelled)
    assert (method, event["SEQUENCE"]) == ("CANCEL", 1)
    assert offered["Subject"].startswith("Take your place")
    assert (await status_of(heard, link), await status_of(heard, waiting)) == ("cancelled", "offered")
    assert await heard.site.mail() == []


@on_sqlite
async def test_declined_place_is_kept_with_one_button(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    await heard.answer(invitation, "DECLINED")
    assert (await heard.site.act(link, "coming", coming="yes")).status_code == 303
    heard.site.pass_time(2 * HALF_AN_HOUR)
    assert await heard.site.mail() == []
    assert await status_of(heard, link) == "confirmed"
    assert (await heard.registration(ZOE)).attendance == "yes"


@on_sqlite
async def test_message_is_not_sent_to_somebody_who_kept_the_place_meanwhile(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    await heard.deliver(answering(invitation, "DECLINED"), organizer_of(invitation))
    await heard.site.worker._follow()
    await heard.site.act(link, "coming", coming="yes")
    assert await heard.site.mail() == []


@on_sqlite
@pytest.mark.parametrize("answer", ["ACCEPTED", "TENTATIVE"])
async def test_other_answers_are_noted_and_keep_a_declined_place(heard: Heard, answer: str) -> None:
    link, invitation = await heard.joined(ZOE)
    assert await heard.answer(invitation, answer) == []
    assert (await heard.registration(ZOE)).attendance == answer.lower()
    await heard.answer(invitation, "DECLINED", at=ANSWERED_AT + timedelta(minutes=1))
    await heard.answer(invitation, answer, at=ANSWERED_AT + timedelta(minutes=2))
    heard.site.pass_time(HALF_AN_HOUR)
    assert await heard.site.mail() == []
    assert await status_of(heard, link) == "confirmed"
    registration = await heard.registration(ZOE)
    assert (registration.attendance, registration.declined_until) == (answer.lower(), None)


@on_sqlite
async def test_calendar_service_may_send_for_its_user(heard: Heard) -> None:
    _, invitation = await heard.joined(ZOE)
    await heard.answer(invitation, "ACCEPTED", headers={"Auto-Submitted": "auto-generated"})
    assert (await heard.registration(ZOE)).attendance == "accepted"


@on_sqlite
@pytest.mark.parametrize(
    "changed",
    [
        {"ATTENDEE": "ATTENDEE;PARTSTAT=DECLINED:mailto:friend@example.net"},
        {"UID": "UID:another"},
        {"SEQUENCE": "SEQUENCE:1"},
        {"METHOD": "METHOD:COUNTER"},
    ],
    ids=["forwarded", "another entry", "another version", "another method"],
)
async def test_answer_about_something_else_changes_nothing(heard: Heard, changed: dict[str, str]) -> None:
    link, invitation = await heard.joined(ZOE)
    content = answering(invitation, "DECLINED", headers={"From": ZOE, "Sender": ZOE}, changed=changed)
    await heard.deliver(content, organizer_of(invitation))
    assert await heard.site.mail() == []
    assert await status_of(heard, link) == "confirmed"
    assert (await heard.registration(ZOE)).attendance is None


@on_sqlite
async def test_answer_with_the_tag_of_somebody_else_changes_nobody(heard: Heard) -> None:
    _, invitation = await heard.joined(ZOE, "sitting-0")
    _, other = await heard.joined("other@example.net", "sitting-0")
    assert (await heard.deliver(answering(invitation, "DECLINED"), organizer_of(other))).startswith("250")
    assert await heard.site.mail() == []
    for email in (ZOE, "other@example.net"):
        assert (await heard.registration(email)).attendance is None


@on_sqlite
async def test_answer_to_what_was_changed_since_is_ignored(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    await heard.site.act(link, "change", slot="sitting-0")
    (changed,) = await heard.site.mail()
    assert await heard.answer(invitation, "DECLINED") == []
    assert (await heard.registration(ZOE)).attendance is None
    assert len(await heard.answer(changed, "DECLINED")) == 1


@on_sqlite
async def test_answer_of_a_responder_changes_nothing(heard: Heard) -> None:
    _, invitation = await heard.joined(ZOE)
    assert await heard.answer(invitation, "DECLINED", headers={"Auto-Submitted": "auto-replied"}) == []
    assert (await heard.registration(ZOE)).attendance is None


async def test_mail_that_comes_late_or_twice_is_ignored(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    assert len(await heard.answer(invitation, "DECLINED")) == 1
    await heard.site.act(link, "coming", coming="yes")
    assert await heard.answer(invitation, "DECLINED") == []
    assert (await heard.registration(ZOE)).declined_until is None
    await heard.answer(invitation, "ACCEPTED", at=ANSWERED_AT + timedelta(hours=2))
    assert await heard.answer(invitation, "DECLINED", at=ANSWERED_AT + timedelta(hours=1)) == []
    assert (await heard.registration(ZOE)).attendance == "accepted"


@on_sqlite
async def test_second_no_does_not_hold_the_place_longer(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    await heard.answer(invitation, "DECLINED")
    heard.site.pass_time(HALF_AN_HOUR / 2)
    assert await heard.answer(invitation, "DECLINED", at=ANSWERED_AT + timedelta(minutes=15)) == []
    heard.site.pass_time(HALF_AN_HOUR / 2)
    assert len(await heard.site.mail()) == 1
    assert await status_of(heard, link) == "cancelled"


@on_sqlite
async def test_answer_when_the_sitting_has_begun_is_too_late(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE, "sitting-0")
    heard.site.pass_time(EVENING_STARTS_AT - heard.site.now)
    await heard.answer(invitation, "DECLINED")
    assert (await heard.registration(ZOE)).declined_until is None
    assert await status_of(heard, link) == "confirmed"


@on_sqlite
async def test_answer_without_a_place_any_more_changes_nothing(heard: Heard) -> None:
    link, invitation = await heard.joined(ZOE)
    await heard.site.act(link, "cancel")
    await heard.site.mail()
    assert await heard.answer(invitation, "ACCEPTED", changed={"SEQUENCE": "SEQUENCE:1"}) == []
    assert await status_of(heard, link) == "cancelled"


async def test_address_that_does_not_exist_gives_its_place_back(heard: Heard) -> None:
    link, _ = await heard.joined(ZOE)
    returned_to = heard.site.relay.messages[-1].sender
    waiting = await heard.site.joined("next@example.net", "sitting-1")
    assert (await heard.deliver(report(ZOE), returned_to.upper())).startswith("250")
    (offered,) = await heard.site.mail()
    assert offered["To"].addresses[0].addr_spec == "next@example.net"
    assert (await status_of(heard, link), await status_of(heard, waiting)) == ("cancelled", "offered")


@on_sqlite
@pytest.mark.parametrize(
    "content",
    [
        report(ZOE, Status="5.7.1", Diagnostic_Code="smtp; 550 5.7.1 Rejected by policy"),
        report(ZOE, Action="delayed", Status="4.4.1"),
        report("elsewhere@example.com"),
        mail("nothing", {"Auto-Submitted": "auto-replied"}),
    ],
    ids=["policy", "delayed", "forwarded", "out of office"],
)
async def test_other_reports_take_no_place_away(heard: Heard, content: bytes) -> None:
    link, _ = await heard.joined(ZOE)
    assert (await heard.deliver(content, heard.site.relay.messages[-1].sender)).startswith("250")
    assert await heard.site.mail() == []
    assert await status_of(heard, link) == "confirmed"


@on_sqlite
async def test_health_of_the_mail_is_told_without_addresses(heard: Heard) -> None:
    await heard.joined(ZOE)
    assert await heard.site.json("/health/mail") == {
        "relay": {"reachable": True, "unreachable_since": None},
        "waiting": 0,
        "dead": 0,
        "oldest_waiting_seconds": None,
        "listener": {"owned": False, "since": None},
    }
    await heard.site.relay.__aexit__()
    await heard.site.register("next@example.net", "sitting-0")
    assert await heard.site.mail() == []
    heard.site.pass_time(timedelta(minutes=2))
    health = await heard.site.json("/health/mail")
    assert health["relay"]["reachable"] is False
    assert (health["waiting"], health["oldest_waiting_seconds"]) == (1, 120.0)
    assert "@" not in str(health)
    assert (await heard.site.browser.get("/health/ready")).status_code == 200
