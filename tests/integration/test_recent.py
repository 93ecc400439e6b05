"""What many ask for is read once for all of them, and anew once it may have changed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import NotFound
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.web.recent import KEPT, Recent

A_MOMENT = timedelta(milliseconds=1)


class Reader:
    """Counts how often it was asked, at a clock that is moved by hand."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.now = now
        self.readings = 0
        self.recent = Recent(database, lambda: self.now)

    async def read(self) -> int:
        self.readings += 1
        await asyncio.sleep(0)
        return self.readings

    async def get(self, *, is_counted: bool = True) -> int:
        return await self.recent.get("key", self.read, is_counted=is_counted)


@pytest.fixture
def reader(database: Database, now: datetime) -> Reader:
    return Reader(database, now)


async def post(session: AsyncSession, items: Sequence[str]) -> Sequence[str]:
    return items


async def edit(session: AsyncSession) -> None:
    """What it changes makes no difference here."""


async def test_all_who_ask_at_the_same_time_share_one_reading(reader: Reader) -> None:
    assert await asyncio.gather(*(reader.get() for _ in range(5))) == [1] * 5
    reader.now += KEPT - A_MOMENT
    assert await reader.get() == 1


async def test_it_is_read_anew_once_it_is_old_or_the_clock_was_put_back(reader: Reader) -> None:
    assert await reader.get() == 1
    reader.now += KEPT
    assert await reader.get() == 2
    reader.now -= A_MOMENT
    assert await reader.get() == 3


async def test_what_crowds_post_changes_nothing_but_counts(reader: Reader, unit_of_work: UnitOfWork) -> None:
    assert (await reader.get(), await reader.get(is_counted=False)) == (1, 2)
    await asyncio.gather(*(unit_of_work.run_together(post, each) for each in "abc"))
    assert (await reader.get(), await reader.get(is_counted=False)) == (3, 2)
    await asyncio.gather(unit_of_work.run_together(post, "d"), unit_of_work.run(edit))
    assert (await reader.get(), await reader.get(is_counted=False)) == (4, 5)


async def test_a_failure_is_told_to_those_who_asked_and_kept_from_others(reader: Reader) -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise NotFound("No.")

    outcomes = await asyncio.gather(*(reader.recent.get("key", fail) for _ in range(2)), return_exceptions=True)
    assert [type(each) for each in outcomes] == [NotFound, NotFound]
    assert await reader.get() == 1
