"""Whoever can work later waits while a crowd posts to the same process, and not for ever."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Database
from engage.storage.unit_of_work import CROWD, UnitOfWork

WITHIN = 20.0  # seconds in which whatever does not hang is over


async def post(unit_of_work: UnitOfWork, people: int) -> None:
    async def answer(session: AsyncSession, items: Sequence[int]) -> Sequence[int]:
        return items

    await asyncio.gather(*(unit_of_work.run_together(answer, each) for each in range(people)))


@pytest.mark.parametrize(("people", "is_crowd"), [(0, False), (CROWD - 1, False), (CROWD, True)])
async def test_work_waits_for_a_crowd_alone_and_goes_on_when_it_is_over(
    database: Database, unit_of_work: UnitOfWork, people: int, is_crowd: bool
) -> None:
    await post(unit_of_work, people)
    calm = asyncio.create_task(unit_of_work.calm(longest=WITHIN))
    await asyncio.sleep(0)
    assert calm.done() is not is_crowd
    await asyncio.wait_for(calm, WITHIN)


async def test_work_waits_no_longer_than_it_may(database: Database, unit_of_work: UnitOfWork) -> None:
    await post(unit_of_work, CROWD)
    async with asyncio.timeout(WITHIN):
        calm = asyncio.create_task(unit_of_work.calm(longest=0.5))
        while not calm.done():  # the crowd never ends
            await post(unit_of_work, CROWD)
