"""Spending links and storing what came with them: together, by several processes, and against the close."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import LinkSpent, WaveNotOpen
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.answering import Submission, submit_all
from engage.surveys.answers.seal import Sheet
from engage.surveys.models import Wave
from tests.pulses import CLOSES_AT, Pulse, open_pulse


def submission(pulse: Pulse, person: int, answer: int = 5) -> Submission:
    sealer = pulse.sealer
    sheet = sealer.with_groups({}, sealer.sheet(Sheet({"pride": answer}, {})))
    return Submission(1, pulse.links.fingerprint(pulse.roster_ids[person]), sheet, sealer.comments({}))


async def submit(
    writers: Sequence[UnitOfWork], items: Sequence[Submission], now: datetime
) -> list[BaseException | None]:
    """Give the submissions to the writers in turn, all at once."""
    given = [
        writers[place % len(writers)].run_together(submit_all, (item, now), locks=[(Wave, item.wave_id)])
        for place, item in enumerate(items)
    ]
    return await asyncio.gather(*given, return_exceptions=True)


async def test_links_are_spent_once_whichever_processes_are_asked_at_once(database: Database, now: datetime) -> None:
    pulse = await open_pulse(database)
    others = [Database(database.url) for _ in range(2)]
    writers = [UnitOfWork(each) for each in (database, *others)]
    items = [submission(pulse, person, answer) for answer in range(1, 6) for person in range(12)]
    answers = await submit(writers, items, now)
    assert Counter(type(answer) for answer in answers) == {type(None): 12, LinkSpent: 48}
    stored = await pulse.stored(database)
    taken = [item.sheet for item, answer in zip(items, answers, strict=True) if answer is None]
    assert len(stored.sheets) == len(stored.comments) == len(stored.spent) == stored.progress == len(taken) == 12
    for writer in writers:
        await writer.close()
    for other in others:
        await other.close()


async def test_first_of_two_for_one_link_counts_within_one_transaction(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse = await open_pulse(database)
    items = [submission(pulse, 0, 1), submission(pulse, 1, 2), submission(pulse, 0, 3)]

    async def all_at_once(session: AsyncSession) -> Sequence[Exception | None]:
        return await submit_all(session, [(item, now) for item in items])

    answers = await unit_of_work.run(all_at_once, locks=[(Wave, 1)])
    assert [type(answer) for answer in answers] == [type(None), type(None), LinkSpent]
    sheets = [sheet.answers["pride"] for _, sheet in (await pulse.stored(database)).sheets]
    assert sorted(sheets) == [1, 2]


@pytest.mark.parametrize("is_closed_by_hand", [True, False])
async def test_close_decides_which_answers_came_in_time(
    database: Database, unit_of_work: UnitOfWork, now: datetime, is_closed_by_hand: bool
) -> None:
    pulse = await open_pulse(database)

    async def close(session: AsyncSession) -> None:
        if is_closed_by_hand:
            (await session.get_one(Wave, 1)).status = "closed"

    late = now if is_closed_by_hand else CLOSES_AT
    answers = await asyncio.gather(
        unit_of_work.run_together(submit_all, (submission(pulse, 0), now), locks=[(Wave, 1)]),
        unit_of_work.run(close, locks=[(Wave, 1)]),
        unit_of_work.run_together(submit_all, (submission(pulse, 1), late), locks=[(Wave, 1)]),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [type(None), type(None), WaveNotOpen]
    stored = await pulse.stored(database)
    assert (len(stored.sheets), len(stored.spent), stored.progress) == (1, 1, 1)


async def test_whoever_shares_the_commit_sees_how_many_answered(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse = await open_pulse(database)

    async def spent(session: AsyncSession) -> int:
        return (await session.get_one(Wave, 1)).spent

    before, _, after = await asyncio.gather(
        unit_of_work.run(spent, locks=[(Wave, 1)]),
        unit_of_work.run_together(submit_all, (submission(pulse, 0), now), locks=[(Wave, 1)]),
        unit_of_work.run(spent, locks=[(Wave, 1)]),
    )
    assert (before, after) == (0, 1)


async def test_failing_transaction_stores_nothing_and_spends_nothing(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    pulse = await open_pulse(database)

    async def fail(session: AsyncSession) -> None:
        await submit_all(session, [(submission(pulse, 0), now)])
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        await unit_of_work.run(fail, locks=[(Wave, 1)])
    stored = await pulse.stored(database)
    assert (stored.sheets, stored.comments, stored.spent, stored.progress) == ([], [], set(), 0)
    assert await submit([unit_of_work], [submission(pulse, 0)], now) == [None]
