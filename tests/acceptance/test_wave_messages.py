"""What staff are sent about a wave, from its announcement to its end, at a real SMTP server: everybody alike."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from engage.notify.models import OutboxMessage
from engage.notify.outbox import AT_ONCE
from engage.people.models import Staff
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.worker import Worker
from tests.pulse import CLOSES_AT, CONSULTED_AT, OPENS_AT
from tests.reminding import local
from tests.site import Site, text_of
from tests.telling import (
    REASON,
    Telling,
    closed,
    extended,
    joined,
    make_telling,
    opened,
    subjects,
    to,
    tokens_in,
    voided,
    words,
)

ANNOUNCED_AT = local("2027-04-09T09:00")  # the Friday before the Monday of the opening
WEEK_BEFORE, TWO_DAYS_BEFORE = local("2027-04-23T09:00"), local("2027-04-28T09:00")
MOMENT, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
PEOPLE = ["person0@example.org", "person1@example.org", "person2@example.org"]


@pytest.fixture
async def telling(site: Site, tmp_path: Path) -> Telling:
    return await make_telling(site, tmp_path)


@pytest.fixture
async def wave(telling: Telling) -> Telling:
    """The same, once the wave has opened and everybody is invited."""
    await telling.at(CONSULTED_AT)
    assert len(await telling.at(OPENS_AT)) == 3
    return telling


async def test_a_wave_is_announced_opened_reminded_of_and_closed_to_everybody_alike(telling: Telling) -> None:
    await telling.at(CONSULTED_AT)
    assert await telling.at(ANNOUNCED_AT - MOMENT) == []
    told = {}
    for instant in (ANNOUNCED_AT, OPENS_AT, WEEK_BEFORE, TWO_DAYS_BEFORE, CLOSES_AT):
        assert await telling.at(instant - MOMENT) == []
        messages = await telling.at(instant)
        assert [to(message) for message in messages] == PEOPLE
        assert len(subjects(messages)) == len({words(message) for message in messages}) == 1
        told[instant] = messages[0]
    assert [message["Subject"] for message in told.values()] == [
        "Coming soon, a survey of all staff: Spring 2027",
        "How is it to work here? Spring 2027",
        "Closes on Friday 30 April 2027: Spring 2027",
        "Closes on Friday 30 April 2027: Spring 2027",
        "Closed, and what comes next: Spring 2027",
    ]
    assert await telling.at(CLOSES_AT + 30 * DAY) == []


async def test_announcement_says_how_to_tell_a_true_message_from_a_false_one(telling: Telling) -> None:
    await telling.at(CONSULTED_AT)
    for message in await telling.at(ANNOUNCED_AT):
        assert "it comes from evenings@example.org" in words(message)
        assert "its link begins with http://engage.example.org/pulse/2027-spring/" in words(message)
        assert "On Monday 12 April 2027 we plan to ask" in words(message)
        assert tokens_in(message) == set()


async def test_announced_is_only_what_will_open_by_itself(telling: Telling) -> None:
    await telling.at(CONSULTED_AT)
    await telling.pulse.say("objection")
    assert await telling.at(ANNOUNCED_AT) == []
    await telling.pulse.say("withdrawal")
    assert len(await telling.at(ANNOUNCED_AT + HOUR)) == 3


async def test_everybody_has_a_link_of_their_own_in_both_parts_and_it_opens_the_survey(wave: Telling) -> None:
    links = await wave.links()
    for received in wave.site.relay.messages:
        message = received.parsed
        assert not message.defects
        assert not any(part.defects for part in message.walk())
        assert tokens_in(message) == {links[to(message)]}
        assert all(len(line) <= 76 for line in received.content.partition(b"\r\n\r\n")[2].splitlines())
        page = await wave.site.open(f"/pulse/2027-spring/{links[to(message)]}")
        assert page.status == 200
    assert len(set(links.values())) == 3


async def test_reminder_thanks_whoever_may_have_answered_and_has_the_same_link(wave: Telling) -> None:
    links = await wave.links()
    for message in await wave.at(WEEK_BEFORE):
        assert "If you have answered, thank you: we cannot tell" in words(message)
        assert tokens_in(message) == {links[to(message)]}


async def test_whoever_has_answered_is_sent_what_everybody_is_sent(wave: Telling) -> None:
    path = f"/pulse/2027-spring/{(await wave.links())[PEOPLE[0]]}"
    answer = await wave.site.send((await wave.site.open(path)).forms[0], **{"q-valued": "5"})
    assert answer.status_code == 303
    reminders = await wave.at(WEEK_BEFORE)
    assert [to(message) for message in reminders] == PEOPLE
    assert len({words(message) for message in reminders}) == 1


async def test_opening_by_hand_invites_at_once_and_publishes_the_reason(telling: Telling) -> None:
    early = OPENS_AT - 14 * DAY
    invitations = await telling.act(opened(telling, early), early)
    assert [to(message) for message in invitations] == PEOPLE
    assert all(REASON in words(message) for message in invitations)
    assert all("&lt;b&gt;PCS&lt;/b&gt;" in text_of(message, "html") for message in invitations)
    assert await telling.at(ANNOUNCED_AT) == []


async def test_who_joins_later_is_invited_alone_and_then_told_like_everybody(wave: Telling) -> None:
    first = (await wave.links())[PEOPLE[0]]
    assert (await wave.site.open(f"/pulse/2027-spring/{first}")).status == 200
    await wave.pulse.employ("Ann,Policy,6", "Bob,Policy,7", "Zoë O’Hara,Audit,7", "Dee,Audit,6")
    (invitation,) = await wave.act(joined(OPENS_AT + DAY), OPENS_AT + DAY)
    assert to(invitation) == "person3@example.org"
    link = (await wave.links())["person3@example.org"]
    assert tokens_in(invitation) == {link}
    assert (await wave.site.open(f"/pulse/2027-spring/{link}")).status == 200
    assert len(await wave.at(WEEK_BEFORE)) == 4


async def test_who_is_on_the_roster_and_leaves_is_told_like_everybody(wave: Telling) -> None:
    await wave.pulse.employ("Ann,Policy,6")
    assert [to(message) for message in await wave.at(WEEK_BEFORE)] == PEOPLE


async def test_extension_is_told_and_reminded_of_anew(wave: Telling) -> None:
    await wave.at(TWO_DAYS_BEFORE)
    later = CLOSES_AT + 7 * DAY
    told = await wave.act(extended(wave, later, CLOSES_AT - HOUR), CLOSES_AT - HOUR)
    assert subjects(told) == {"More time to answer, until Friday 7 May 2027: Spring 2027"}
    links = await wave.links()
    assert all(tokens_in(message) == {links[to(message)]} for message in told)
    assert await wave.at(local("2027-05-05T08:59")) == []
    assert subjects(await wave.at(local("2027-05-05T09:00"))) == {"Closes on Friday 7 May 2027: Spring 2027"}
    assert subjects(await wave.at(later)) == {"Closed, and what comes next: Spring 2027"}


async def test_results_that_come_later_are_told_without_a_link(wave: Telling) -> None:
    await wave.at(CLOSES_AT)
    told = await wave.act(extended(wave, local("2027-06-30T12:00"), CLOSES_AT + DAY), CLOSES_AT + DAY)
    assert subjects(told) == {"Results come later: Spring 2027"}
    assert all("by Wednesday 30 June 2027" in words(message) and not tokens_in(message) for message in told)


async def test_nobody_is_reminded_of_a_wave_that_has_closed(wave: Telling) -> None:
    assert len(await wave.act(closed(OPENS_AT + DAY), OPENS_AT + DAY)) == 3
    assert await wave.at(WEEK_BEFORE) == []
    assert await wave.at(CLOSES_AT + DAY) == []


async def test_voided_wave_is_told_to_everybody_with_its_reason(wave: Telling) -> None:
    told = await wave.act(voided(WEEK_BEFORE, "Too few\nshares <fit>"), WEEK_BEFORE)
    assert [to(message) for message in told] == PEOPLE
    assert subjects(told) == {"Called off: Spring 2027"}
    assert all("Too few shares <fit>" in words(message) and not tokens_in(message) for message in told)


async def test_wave_given_up_unopened_is_told_to_those_consulted_alone(telling: Telling) -> None:
    await telling.pulse.grant("pcs")
    await telling.at(CONSULTED_AT)
    (told,) = await telling.act(voided(OPENS_AT - DAY, "Not now"), OPENS_AT - DAY)
    assert (to(told), told["Subject"]) == ("pcs@example.org", "Will not open: Spring 2027")
    assert "Not now" in words(told)


async def test_invitation_that_the_relay_takes_too_late_is_never_sent(telling: Telling) -> None:
    site = telling.site
    await telling.at(CONSULTED_AT)
    site.relay.script("RCPT", *["451 4.2.0 Busy"] * 3)
    assert await telling.at(OPENS_AT) == []
    await due_now(site)
    assert subjects(await telling.at(CLOSES_AT)) == {"Closed, and what comes next: Spring 2027"}
    states = {(row.kind, row.state) for row in await telling.pulse.every(OutboxMessage)}
    assert ("Invited", "dropped") in states
    assert ("Invited", "sent") not in states


async def test_invitations_under_another_secret_wait_until_it_is_put_back(telling: Telling) -> None:
    site = telling.site
    await telling.at(CONSULTED_AT)
    await telling.pulse.plan(OPENS_AT)
    site.now = OPENS_AT
    given = replace(
        site.settings, secret_key="another secret, and long enough for one", smtp_url=f"{site.relay.url}?starttls=never"
    )
    stranger = Worker(given, site.database, telling.pulse.unit_of_work, lambda: OPENS_AT)
    await stranger.open()
    await stranger.work_off()
    await stranger.close()
    assert site.relay.messages == []
    await due_now(site)
    assert len(await telling.at(OPENS_AT)) == 3


async def test_two_workers_send_everybody_one_message_of_each(telling: Telling) -> None:
    site = telling.site
    await telling.pulse.employ(count=150)
    await telling.at(CONSULTED_AT)
    database = Database(site.settings.database_url)
    unit_of_work = UnitOfWork(database)
    given = replace(site.settings, smtp_url=f"{site.relay.url}?starttls=never")
    other = Worker(given, database, unit_of_work, lambda: site.now)
    await other.open()
    for now in (ANNOUNCED_AT, OPENS_AT, WEEK_BEFORE):
        site.now = now
        known = len(site.relay.messages)
        await asyncio.gather(site.worker.work_off(), other.work_off())
        reached = [received.recipients[0] for received in site.relay.messages[known:]]
        assert len(reached) == len(set(reached)) == 150
    await other.close()
    await unit_of_work.close()
    await database.close()


async def test_name_that_would_break_a_header_is_a_dead_letter_and_the_others_go_on(telling: Telling) -> None:
    await telling.at(CONSULTED_AT)
    async with telling.site.database.writing() as session:
        await session.execute(update(Staff).where(Staff.email == PEOPLE[1]).values(name="Bob\r\nBcc: all@example.org"))
    invitations = await telling.at(OPENS_AT)
    assert [to(message) for message in invitations] == [PEOPLE[0], PEOPLE[2]]
    assert not any(message["Bcc"] for message in invitations)
    (dead,) = [row for row in await telling.pulse.every(OutboxMessage) if row.state == "dead"]
    assert (dead.recipient, dead.content) == (PEOPLE[1], None)


async def test_names_arrive_as_they_are_written(wave: Telling) -> None:
    names = {received.parsed["To"].addresses[0].display_name for received in wave.site.relay.messages}
    assert names == {"Ann", "Bob", "Zoë O’Hara"}


async def due_now(site: Site) -> None:
    """What was put off is due again."""
    async with site.database.writing() as session:
        await session.execute(update(OutboxMessage).values(due_at=AT_ONCE))
