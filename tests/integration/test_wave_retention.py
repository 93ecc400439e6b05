"""Who was asked is forgotten a month after the results, or after the wave was voided; what was said stays on record."""

from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.models import OutboxMessage, PlannedRound
from engage.purging import purge
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.mail import reminders
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.models import ConsultationEntry, RosterEntry, Wave
from engage.surveys.reports.report_models import Release
from engage.surveys.waves import closing
from tests.pulse import CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, WAVE, Pulse
from tests.reminding import local

PUBLISHED_AT = datetime.fromisoformat("2027-05-28T12:00:00+00:00")
KEPT, MOMENT = timedelta(days=30), timedelta(seconds=1)
ANNOUNCED_AT, WEEK_BEFORE = local("2027-04-09T09:00"), local("2027-04-23T09:00")


@pytest.fixture
async def pulse(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime
) -> Pulse:
    """A wave that was consulted about, announced to three people, and spoken about."""
    pulse = Pulse(database, unit_of_work, settings, tmp_path, now)
    await pulse.load(QUESTIONNAIRE + WAVE)
    await pulse.employ("Ann,Policy,6", "Bob,Policy,7", "Cem,Audit,7")
    await pulse.plan(CONSULTED_AT)
    await pulse.say("comment")
    await remind(pulse, ANNOUNCED_AT)
    return pulse


async def remind(pulse: Pulse, at: datetime) -> None:
    assert await reminders.plan(pulse.database, pulse.unit_of_work, WaveLetters(pulse.settings), at) == 3


async def opened(pulse: Pulse) -> Pulse:
    await pulse.plan(OPENS_AT)
    await remind(pulse, WEEK_BEFORE)
    return pulse


async def publish(pulse: Pulse, kind: str = "results") -> None:
    wave = await pulse.wave()

    async def command(session: AsyncSession) -> None:
        given = {"wave_id": wave.id, "kind": kind, "published_at": PUBLISHED_AT, "content": {}}
        session.add(Release(root=f"sha256:{kind}", previous_root=f"sha256:before {kind}", **given))

    await pulse.unit_of_work.run(command)


async def void(pulse: Pulse) -> None:
    async def command(session: AsyncSession, wave: Wave) -> bool:
        return await closing.void(session, wave, PUBLISHED_AT)

    assert await pulse.act(command)


async def left(pulse: Pulse, now: datetime) -> tuple[int, int]:
    """How many on the roster, and how many messages, are left after purging."""
    await purge(pulse.database, pulse.unit_of_work, now, pulse.settings.zone)
    return len(await pulse.every(RosterEntry)), len(await pulse.every(OutboxMessage))


async def test_roster_goes_a_month_after_the_results_were_published(pulse: Pulse) -> None:
    await publish(await opened(pulse))
    assert await left(pulse, PUBLISHED_AT + KEPT - MOMENT) == (3, 6)
    assert await left(pulse, PUBLISHED_AT + KEPT) == (0, 0)
    assert len(await pulse.every(ConsultationEntry)) == 1
    assert (await pulse.wave()).invited == 3


async def test_roster_of_a_wave_without_results_stays(pulse: Pulse) -> None:
    await publish(await opened(pulse), "comments")
    assert await left(pulse, PUBLISHED_AT + 2 * KEPT) == (3, 6)


async def test_roster_goes_a_month_after_the_wave_was_voided(pulse: Pulse) -> None:
    await void(await opened(pulse))
    assert await left(pulse, PUBLISHED_AT + KEPT - MOMENT) == (3, 6)
    assert await left(pulse, PUBLISHED_AT + KEPT) == (0, 0)


async def test_whom_a_wave_was_announced_to_that_never_opened_is_forgotten(pulse: Pulse) -> None:
    await void(pulse)
    assert await left(pulse, PUBLISHED_AT + KEPT - MOMENT) == (0, 3)
    assert await left(pulse, PUBLISHED_AT + KEPT) == (0, 0)
    assert await pulse.every(PlannedRound) == []


async def test_other_waves_are_left_alone(pulse: Pulse) -> None:
    await void(await opened(pulse))
    await pulse.load(QUESTIONNAIRE + WAVE.replace("2027-spring", "2028-spring").replace("2027-", "2028-"))
    async with pulse.database.writing() as session:
        other = await session.get_one(Wave, (await pulse.wave("2028-spring")).id)
        kept = partial(RosterEntry, name="D", directorate="Policy", grade="6")
        session.add(kept(wave_id=other.id, staff_id=1, email="d@example.org"))
    assert await left(pulse, PUBLISHED_AT + KEPT) == (1, 0)
