"""Pages that update by themselves: one look for all, promptly after a commit, and nothing left when all have gone."""

import asyncio
from contextlib import aclosing

import pytest

from engage.errors import Overloaded
from engage.events import live as module
from engage.events.live import Live
from engage.storage.database import Database, ring

EVENING = 7


class Looks:
    """What is to be seen, and how often somebody looked."""

    def __init__(self) -> None:
        self.shown: str | None = "first"
        self.count = 0
        self.is_broken = False
        self.began = asyncio.Event()

    async def __call__(self, evening_id: int) -> str | None:
        self.count += 1
        self.began.set()
        if self.is_broken:
            raise ConnectionError
        return self.shown


async def heard(live: Live, number: int, all_here: asyncio.Barrier | None = None) -> list[str | None]:
    """The first so many that one watcher hears, who after the first one waits for the others."""
    found: list[str | None] = []
    async with aclosing(live.follow(EVENING)) as stream:
        async for shown in stream:
            found.append(shown)
            if len(found) == 1 and all_here is not None:
                await all_here.wait()
            if len(found) == number:
                break
    return found


async def commit(database: Database) -> None:
    async with database.writing() as session:
        ring(session)


async def test_all_who_watch_hear_of_a_commit_and_it_is_looked_up_once(database: Database) -> None:
    looks = Looks()
    live = Live(database, looks, pause=0)
    all_here = asyncio.Barrier(2_001)
    watchers = [asyncio.create_task(heard(live, 2, all_here)) for _ in range(2_000)]
    await all_here.wait()
    before = looks.count
    looks.shown = "second"
    await commit(database)
    async with asyncio.timeout(30):
        assert await asyncio.gather(*watchers) == [["first", "second"]] * len(watchers)
    assert looks.count - before <= 2
    assert live.watchers == 0
    await live.close()


async def test_watchers_who_wait_hold_no_connection(database: Database) -> None:
    live = Live(database, Looks(), pause=0)
    all_here = asyncio.Barrier(101)
    watchers = [asyncio.create_task(heard(live, 2, all_here)) for _ in range(100)]
    await all_here.wait()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    for each in watchers:
        each.cancel()
    await asyncio.gather(*watchers, return_exceptions=True)
    assert live.watchers == 0
    await live.close()


async def test_who_hears_nothing_new_hears_a_beat_and_is_let_go_in_the_end(database: Database) -> None:
    live = Live(database, Looks(), pause=0, beat=0.01, life=0.1)
    found = [shown async for shown in live.follow(EVENING)]
    assert found[0] == "first"
    assert set(found[1:]) == {None}
    assert live.watchers == 0
    await live.close()


async def test_database_that_fails_is_looked_at_again(database: Database) -> None:
    looks = Looks()
    looks.is_broken = True
    live = Live(database, looks, pause=0)
    watcher = asyncio.create_task(heard(live, 1))
    await looks.began.wait()
    looks.is_broken = False
    await commit(database)
    async with asyncio.timeout(30):
        assert await watcher == ["first"]
    await live.close()


async def test_bell_is_given_back(database: Database) -> None:
    live = Live(database, Looks(), pause=0)
    assert await heard(live, 1) == ["first"]
    await live.close()
    assert database._bells == []


async def test_too_many_are_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WATCHERS", 0)
    with pytest.raises(Overloaded):
        Live(database, Looks()).refuse_too_many()
