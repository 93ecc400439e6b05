"""The demo's waves: two that are published, and one to which everybody is invited and some have answered."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from engage.demo.past import COMMENTS, NOTICED, set_past
from engage.demo.stage import Stage
from engage.demo.waves import ANSWERED_EARLY, latest_monday, set_open_wave, set_staff
from engage.journal import PendingFact
from engage.notify.models import OutboxMessage
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers import answering
from engage.surveys.answers.links import Links
from engage.surveys.keys import custody
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.reminders import plan
from engage.surveys.models import RosterEntry, SpentLink
from engage.surveys.reports.report_models import Release
from engage.tokens import Tokens
from tests.site import on_sqlite


def stage_at(database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime) -> Stage:
    return Stage(settings, database, unit_of_work, Tokens(settings.secret_key), now)


@on_sqlite
async def test_open_wave_waits_to_be_answered(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime
) -> None:
    stage = stage_at(database, unit_of_work, settings, now)
    await set_staff(stage)
    await set_open_wave(stage)
    async with database.reading() as session:
        wave = await answering.find_wave(session, f"{latest_monday(stage):%Y-%m}")
        roster = (await session.scalars(select(RosterEntry.id).order_by(RosterEntry.id))).all()
        kinds = (await session.scalars(select(OutboxMessage.kind))).all()
        link_key = custody.unwrap_link_key(settings.secret_key, wave.key, wave.wrapped_link_key or b"")
        spent = set(await session.scalars(select(SpentLink.fingerprint)))
    links = Links(link_key, wave.key)
    assert (wave.status, wave.invited, wave.spent) == ("open", 240, ANSWERED_EARLY)
    assert kinds.count("Invited") == 240
    assert spent == {links.fingerprint(number) for number in roster[:ANSWERED_EARLY]}
    assert answering.takes_answers(wave, now)
    assert await plan(database, unit_of_work, WaveLetters(settings), now) == 0


@on_sqlite
async def test_published_waves_tell_of_one_thing_that_was_done_and_of_nothing_else(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, now: datetime
) -> None:
    stage = stage_at(database, unit_of_work, settings, now)
    await set_staff(stage)
    await set_past(stage)
    async with database.reading() as session:
        releases = (await session.scalars(select(Release).order_by(Release.id))).all()
        waiting = (await session.scalars(select(PendingFact).where(PendingFact.stream.startswith("wave:")))).all()
    first, comments, second = releases
    assert [each.previous_root for each in releases] == ["", first.root, comments.root]
    assert len(comments.content["comments"]) == len(COMMENTS)
    assert not any("Priya" in comment["text"] for comment in comments.content["comments"])
    groups = {(group["family"], group["key"]): group for group in second.content["groups"]}
    assert groups["directorate", "private-office"]["reason"] == "below the threshold"
    assert groups["directorate", "audit"]["reason"] == "protects another group"
    assert groups["grade", "auditor"]["status"] == "released"
    changes = {key: each["clear"] for key, each in groups["everyone", "everyone"]["questions"].items()}
    assert {key for key, is_clear in changes.items() if is_clear} == NOTICED
    assert not [each for each in waiting if each.stream != "wave:1"]  # but for the draft of the next wave


@on_sqlite
@pytest.mark.parametrize("days", range(7))
async def test_wave_opened_in_the_last_week_at_most(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, days: int
) -> None:
    for hour in (0, 8, 10, 23):
        now = datetime(2027, 2, 1, hour, tzinfo=UTC) + timedelta(days=days)
        stage = stage_at(database, unit_of_work, settings, now)
        monday = latest_monday(stage)
        assert monday.weekday() == 0
        assert timedelta() <= now.date() - monday <= timedelta(days=7)
        assert monday != now.date() or hour >= 10
