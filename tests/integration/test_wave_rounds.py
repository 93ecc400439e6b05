"""Messages about a wave to all staff: once each, whoever makes them, and in parts that a crash cannot double."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage import journal
from engage.journal import Subscriber
from engage.notify import rounds
from engage.notify.claims import Truth, claim
from engage.notify.models import OutboxMessage, PlannedRound
from engage.notify.outbox import AT_ONCE
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.mail import reminders
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.messages import WaveMessages, tell_all
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.waves import opening
from tests.outbox import Outbox
from tests.pulse import CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, WAVE, Pulse
from tests.reminding import local
from tests.told import parsed, words

PEOPLE = 2 * rounds.PART + 30
DAY = timedelta(days=1)
WEEK_BEFORE = local("2027-04-23T09:00")


class Staff:
    """A wave that asks more people than fit into two parts, and the workers that tell them."""

    def __init__(self, pulse: Pulse) -> None:
        self.pulse = pulse
        self.letters = WaveLetters(pulse.settings)

    async def follow(self) -> None:
        subscribers = {"wave_messages": Subscriber(WaveMessages(self.letters).hear)}
        args = (self.pulse.database, self.pulse.unit_of_work, subscribers, self.pulse.now)
        while await journal.follow(*args, datetime.now(UTC)):
            pass

    async def tell(self, database: Database | None = None, unit_of_work: UnitOfWork | None = None) -> int:
        pulse = self.pulse
        return await tell_all(database or pulse.database, unit_of_work or pulse.unit_of_work, self.letters, pulse.now)

    async def remind(self, now: datetime) -> int:
        return await reminders.plan(self.pulse.database, self.pulse.unit_of_work, self.letters, now)

    async def outbox(self, kind: str) -> list[OutboxMessage]:
        return [row for row in await self.pulse.every(OutboxMessage) if row.kind == kind]


@pytest.fixture
async def staff(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> Staff:
    """The wave has opened, and nobody is invited yet."""
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.employ(count=PEOPLE)
    await pulse.plan(CONSULTED_AT)
    await pulse.plan(OPENS_AT)
    staff = Staff(pulse)
    await staff.follow()
    return staff


@pytest.fixture
async def other(database_url: str) -> AsyncIterator[tuple[Database, UnitOfWork]]:
    """What another worker's process has of its own."""
    database = Database(database_url)
    unit_of_work = UnitOfWork(database)
    yield database, unit_of_work
    await unit_of_work.close()
    await database.close()


async def recipients(staff: Staff, kind: str = "Invited") -> list[str]:
    return sorted(row.recipient for row in await staff.outbox(kind))


async def everybody(staff: Staff) -> list[str]:
    return sorted(entry.email for entry in await staff.pulse.every(RosterEntry))


async def test_everybody_is_invited_once_and_the_round_ends(staff: Staff) -> None:
    assert await staff.tell() == PEOPLE
    assert await recipients(staff) == await everybody(staff)
    assert await staff.tell() == 0
    assert all(planned.is_done for planned in await staff.pulse.every(PlannedRound))


async def test_two_workers_invite_everybody_once(staff: Staff, other: tuple[Database, UnitOfWork]) -> None:
    made = await asyncio.gather(staff.tell(), staff.tell(*other))
    assert sum(made) == PEOPLE
    assert await recipients(staff) == await everybody(staff)


async def test_two_workers_remind_everybody_once(staff: Staff, other: tuple[Database, UnitOfWork]) -> None:
    plan = partial(reminders.plan, letters=staff.letters, now=WEEK_BEFORE)
    made = await asyncio.gather(staff.remind(WEEK_BEFORE), plan(*other))
    assert sum(made) == PEOPLE
    assert await recipients(staff, "Reminded") == await everybody(staff)
    assert await staff.remind(WEEK_BEFORE + DAY) == 0


async def test_fact_that_is_heard_again_tells_nobody_again(staff: Staff) -> None:
    await staff.tell()
    (entry,) = [each for each in await staff.pulse.every(journal.JournalEntry) if each.kind == "WaveOpened"]

    async def again(session: AsyncSession) -> None:
        await WaveMessages(staff.letters).hear(session, entry, staff.pulse.now)

    await staff.pulse.unit_of_work.run(again)
    assert await staff.tell() == 0
    assert len(await staff.outbox("Invited")) == PEOPLE


async def test_round_goes_on_after_the_part_that_was_put_last(staff: Staff) -> None:
    last = sorted(entry.id for entry in await staff.pulse.every(RosterEntry))[rounds.PART - 1]

    async def one_part_was_put(session: AsyncSession) -> None:
        (planned,) = await session.scalars(select(PlannedRound))
        planned.reached = last

    await staff.pulse.unit_of_work.run(one_part_was_put)
    assert await staff.tell() == PEOPLE - rounds.PART


async def test_two_facts_that_name_the_same_joiner_invite_them_once(staff: Staff) -> None:
    for more in (1, 2):
        await staff.pulse.employ(count=PEOPLE + more)
        await staff.pulse.act(partial(_join, now=staff.pulse.now))
    await staff.follow()
    assert await staff.tell() == PEOPLE + 2
    assert await recipients(staff) == await everybody(staff)


async def test_what_one_person_is_told_is_one_stream(staff: Staff) -> None:
    await staff.tell()
    await staff.remind(WEEK_BEFORE)
    streams = {row.recipient: row.stream for row in await staff.outbox("Invited")}
    assert {row.recipient: row.stream for row in await staff.outbox("Reminded")} == streams
    assert len(set(streams.values())) == PEOPLE


async def test_what_one_person_waits_for_is_sent_before_what_all_are_sent(staff: Staff) -> None:
    await staff.tell()
    real_now, pulse = datetime.now(UTC), staff.pulse
    waited_for = await Outbox(pulse.database, pulse.unit_of_work, AT_ONCE).put()
    command = partial(claim, now=real_now, lease=DAY, limit=1, truth=Truth({}, real_now))
    assert [each.id for each in (await pulse.unit_of_work.run(command)).messages] == [waited_for]


async def test_bodies_are_the_same_for_everybody_until_they_are_delivered(staff: Staff) -> None:
    await staff.tell()
    assert len({words(parsed(row)) for row in await staff.outbox("Invited")}) == 1


async def _join(session: AsyncSession, wave: Wave, now: datetime) -> bool:
    return bool(await opening.add_joiners(session, wave, now))
