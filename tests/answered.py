"""Closed waves of known answers: people of known groups, their sheets sealed and stored as the form does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Base, Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.answering import Submission, submit_all
from engage.surveys.answers.seal import Sheet
from engage.surveys.keys import custody
from engage.surveys.models import RosterEntry, Wave
from engage.surveys.questionnaires.questionnaire import Answer
from engage.surveys.reports import publishing
from engage.surveys.tally import tallying
from engage.surveys.waves.rounds import act, find
from tests.conftest import SECRET
from tests.pulses import CLOSES_AT, CONTENT, Pulse, open_pulse

IN_TIME = CLOSES_AT - timedelta(days=1)
COUNTED_AT = CLOSES_AT + timedelta(days=3)
PUBLISHED_AT = CLOSES_AT + timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Voter:
    """Somebody on the roster; ``answers`` None where they did not answer."""

    directorate: str = "Policy"
    grade: str = "6"
    answers: Mapping[str, Answer] | None = field(default_factory=dict)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)


async def closed_wave(
    database: Database, voters: Sequence[Voter], *, content: dict[str, Any] = CONTENT, **changed: Any
) -> Pulse:
    """A wave in which these people answered, closed since."""
    pulse = await open_pulse(database, people=len(voters), content=content, **changed)
    async with database.writing() as session:
        for number, voter in zip(pulse.roster_ids, voters, strict=True):
            entry = await session.get_one(RosterEntry, number)
            entry.directorate, entry.grade = voter.directorate, voter.grade
        wave = (await session.scalars(select(Wave).where(Wave.key == pulse.key))).one()
        sent = [
            submission(pulse, wave, number, voter)
            for number, voter in zip(pulse.roster_ids, voters, strict=True)
            if voter.answers is not None
        ]
        assert not any(await submit_all(session, [(each, IN_TIME) for each in sent]))
        wave.status = "closed"
    return pulse


def submission(pulse: Pulse, wave: Wave, number: int, voter: Voter) -> Submission:
    """What the form stores of one person."""
    sealer = pulse.sealer
    roster = {"directorate": voter.directorate, "grade": voter.grade}
    sheet = sealer.with_groups(roster, sealer.sheet(Sheet(voter.answers or {}, voter.groups)))
    return Submission(wave.id, pulse.links.fingerprint(number), sheet, sealer.comments(voter.comments))


async def tally(
    database: Database,
    unit_of_work: UnitOfWork,
    key: str = "2027-spring",
    now: datetime = COUNTED_AT,
    wave: Wave | None = None,
) -> bool:
    """Count the wave, as it is or as it was found before, with the key that lies under the tests' secret."""
    wave = wave or await find(database, key)
    private_key = custody.unwrap_private_key(SECRET, key, wave.wrapped_private_key or b"")
    return await tallying.tally(database, unit_of_work, wave, private_key, now, say=lambda done, total: None)


async def publish(
    unit_of_work: UnitOfWork, database: Database, zone: Any, key: str = "2027-spring", now: datetime = PUBLISHED_AT
) -> bool:
    """Publish the wave."""

    async def command(session: AsyncSession, wave: Wave) -> bool:
        return await publishing.publish(session, wave, zone, now)

    return await act(unit_of_work, await find(database, key), command)


async def tables(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by column."""
    async with database.reading() as session:
        return {
            table.name: sorted(map(dict, (await session.execute(select(table))).mappings()), key=repr)
            for table in Base.metadata.sorted_tables
        }
