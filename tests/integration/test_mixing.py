"""Mixing what was answered: everything is there as before, under other keys, and people go on answering meanwhile."""

import asyncio
from datetime import datetime

from sqlalchemy import select

from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers import mixing
from engage.surveys.answers.answering import submit_all
from engage.surveys.answers.seal import Sheet
from engage.surveys.models import SealedComments, SealedSheet, Wave
from tests.integration.test_answering import submission, submit
from tests.pulses import open_pulse


async def test_mixing_moves_everything_and_loses_nothing(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse, other = await open_pulse(database), await open_pulse(database, key="2027-autumn")
    await submit([unit_of_work], [submission(pulse, person, 1 + person % 5) for person in range(12)], now)
    before, keys = await pulse.stored(database), await _keys(database)
    await mixing.mix_all(database, unit_of_work)
    after = await pulse.stored(database)
    assert sorted(after.sheets, key=repr) == sorted(before.sheets, key=repr)
    assert (sorted(after.comments), after.spent, after.progress) == (sorted(before.comments), before.spent, 12)
    assert len(keys) == 24
    assert not keys & await _keys(database)
    assert (await other.stored(database)).sheets == []


async def test_answers_that_come_while_others_are_mixed_are_kept(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse = await open_pulse(database)
    elsewhere = Database(database.url)
    writer = UnitOfWork(elsewhere)
    answers = (
        unit_of_work.run_together(submit_all, (submission(pulse, person), now), locks=[(Wave, 1)])
        for person in range(12)
    )
    mixed = (mixing.mix_all(elsewhere, writer) for _ in range(3))
    await asyncio.gather(*answers, *mixed)
    stored = await pulse.stored(database)
    assert len(stored.sheets) == len(stored.comments) == len(stored.spent) == stored.progress == 12
    assert stored.sheets == [({}, Sheet({"pride": 5}, {}))] * 12
    await writer.close()
    await elsewhere.close()


async def test_wave_that_takes_several_steps_is_mixed_whole(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse = await open_pulse(database)
    await submit([unit_of_work], [submission(pulse, person) for person in range(12)], now)
    keys = await _keys(database)
    async with database.writing() as session:
        await mixing.mix(session, 1, at_once=5)
    assert len(await _keys(database)) == 24
    assert not keys & await _keys(database)
    assert len((await pulse.stored(database)).spent) == 12


async def _keys(database: Database) -> set[bytes]:
    async with database.reading() as session:
        return {key for model in (SealedSheet, SealedComments) for key in await session.scalars(select(model.key))}
