"""Facts reach their subscribers: all of them, in order within a stream, and one that fails holds up no other."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import Fact, JournalEntry, PendingFact, Subscriber, append, follow
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork


class Spoken(Fact):
    """A word in a stream."""

    subscribers: ClassVar[tuple[str, ...]] = ("listener",)
    to: str
    word: str

    @property
    def stream(self) -> str:
        return self.to


class Listener:
    """Hears words, unless one is unbearable."""

    def __init__(self, unbearable: str = "") -> None:
        self.unbearable = unbearable
        self.heard: list[str] = []

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        if entry.details["word"] == self.unbearable:
            raise ValueError("unbearable")
        self.heard.append(f"{entry.stream}:{entry.details['word']}")

    @property
    def subscribers(self) -> dict[str, Subscriber]:
        return {"listener": Subscriber(self.hear)}


async def speak(unit_of_work: UnitOfWork, now: datetime, *said: str) -> None:
    async def command(session: AsyncSession) -> None:
        for each in said:
            to, word = each.split(":")
            await append(session, Spoken(to=to, word=word), now)

    await unit_of_work.run(command)


async def follow_all(database: Database, works: Sequence[UnitOfWork], listener: Listener, now: datetime) -> None:
    while sum([await follow(database, work, listener.subscribers, now, now) for work in works]):
        pass


async def pending(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(PendingFact)) or 0


async def test_facts_are_heard_once_and_in_order(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    listener = Listener()
    await speak(unit_of_work, now, "a:1", "b:1", "a:2", "b:2", "a:3")
    await follow_all(database, [unit_of_work], listener, now)
    assert [each for each in listener.heard if each.startswith("a")] == ["a:1", "a:2", "a:3"]
    assert [each for each in listener.heard if each.startswith("b")] == ["b:1", "b:2"]
    assert await pending(database) == 0


async def test_a_failing_fact_holds_up_its_own_stream_alone_until_it_is_heard(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    listener = Listener(unbearable="2")
    await speak(unit_of_work, now, "a:1", "a:2", "a:3", "b:1")
    await follow_all(database, [unit_of_work], listener, now)
    assert sorted(listener.heard) == ["a:1", "b:1"]
    async with database.reading() as session:
        failed = (await session.scalars(select(PendingFact).where(PendingFact.failures > 0))).one()
    assert failed.error is not None
    assert "unbearable" in failed.error
    listener.unbearable = ""
    await follow_all(database, [unit_of_work], listener, now)
    assert "a:2" not in listener.heard
    await follow_all(database, [unit_of_work], listener, now + timedelta(minutes=1))
    assert listener.heard[-2:] == ["a:2", "a:3"]


async def test_a_fact_that_is_rolled_back_is_never_heard(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    async def command(session: AsyncSession) -> None:
        await append(session, Spoken(to="a", word="1"), now)
        raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError):
        await unit_of_work.run(command)
    listener = Listener()
    await follow_all(database, [unit_of_work], listener, now)
    assert listener.heard == []


async def test_two_followers_hear_each_fact_once(database: Database, unit_of_work: UnitOfWork, now: datetime) -> None:
    other = Database(database.url)
    listener, works = Listener(), [unit_of_work, UnitOfWork(other)]
    await speak(unit_of_work, now, *(f"{stream}:{word}" for word in range(5) for stream in "abcdefgh"))
    await asyncio.gather(*(follow_all(database, [work], listener, now) for work in works))
    await other.close()
    assert len(listener.heard) == len(set(listener.heard)) == 40


async def test_the_bell_rings_when_facts_are_committed(
    database: Database, unit_of_work: UnitOfWork, now: datetime
) -> None:
    bell = database.bell()
    await unit_of_work.run(lambda session: session.execute(select(1)))
    assert not bell.is_set()
    await speak(unit_of_work, now, "a:1")
    assert bell.is_set()
