"""Where people wait, unconfirmed places are offered on: as few as will do, and nobody’s who was not asked in time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import OpenEvening, Registration
from engage.events.registrations import attending, booking
from engage.events.registrations.releasing import release_due
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_asking
from tests.loader import EVENING, Loader
from tests.site import on_sqlite

LONDON = ZoneInfo("Europe/London")
STARTS_AT = datetime(2027, 2, 24, 18, 0, tzinfo=UTC)
DAY_BEFORE = STARTS_AT - timedelta(hours=24)


@pytest.fixture
async def loader(database: Database, unit_of_work: UnitOfWork, tmp_path: Path, now: datetime) -> Loader:
    """Two sittings of two places each."""
    loader = Loader(database, unit_of_work, tmp_path, now)
    await loader.load(EVENING)
    return loader


async def ask_everybody(loader: Loader, state: str = "sent") -> None:
    """Put it to all who have a place whether they are still coming."""

    async def command(session: AsyncSession) -> None:
        for registration in await session.scalars(select(Registration).where(Registration.status == "confirmed")):
            registration.asked_at = loader.now
            session.add(make_asking(registration.id, loader.now, key=str(registration.id), state=state))

    await loader.unit_of_work.run(command)


async def say(loader: Loader, number: int, **columns: Any) -> None:
    """Let a registration's columns be what its person said."""

    async def command(session: AsyncSession) -> None:
        registration = await session.get_one(Registration, number)
        for name, value in columns.items():
            setattr(registration, name, value)

    await loader.unit_of_work.run(command)


async def act(loader: Loader, number: int, what: str, key: str | None = None) -> None:
    evening = await loader.evening()

    async def command(session: AsyncSession) -> None:
        registration = await booking.load(session, number)
        if what == "yes":
            await attending.say_coming(session, registration, True, loader.now)
        elif what == "change":
            slot = next(slot for slot in registration.open_evening.slots if slot.key == key)
            await booking.change(session, registration, slot, loader.now)
        else:
            await booking.take(session, registration, loader.now)

    await loader.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


async def release(loader: Loader, at: datetime = DAY_BEFORE) -> int:
    return await release_due(loader.database, loader.unit_of_work, LONDON, at)


async def statuses(loader: Loader, *numbers: int) -> list[str]:
    return [(await loader.registration(number)).status for number in numbers]


async def test_last_to_register_is_released_and_only_as_many_as_wait(loader: Loader) -> None:
    first, last = await loader.register("first@example.org"), await loader.register("last@example.org")
    await ask_everybody(loader)
    waiting = await loader.register("waiting@example.org")
    assert await release(loader) == 1
    assert await statuses(loader, first, last, waiting) == ["confirmed", "lapsed", "offered"]
    assert await release(loader) == 0
    slot = (await loader.evening()).slots[0]
    assert (slot.held, slot.waiting) == (2, 0)


async def test_released_place_is_told_with_the_next_sequence(loader: Loader) -> None:
    first, last = await loader.register("first@example.org"), await loader.register("last@example.org")
    await ask_everybody(loader)
    await loader.register("waiting@example.org")
    await release(loader)
    ((_, told),) = await loader.facts("PlaceReleased")
    released = await loader.registration(last)
    assert (told["registration_id"], told["sequence"], told["is_queued"]) == (last, 1, False)
    assert told["starts_at"] == "2027-02-24T18:00:00Z"
    assert (released.sequence, released.asked_at, released.attendance) == (1, None, None)
    assert (await loader.registration(first)).sequence == 0


@on_sqlite
async def test_nobody_is_released_where_nobody_waits(loader: Loader) -> None:
    registered = [await loader.register("a@example.org"), await loader.register("b@example.org")]
    await ask_everybody(loader)
    await loader.register("elsewhere@example.org", "1930")
    assert await release(loader) == 0
    assert await statuses(loader, *registered) == ["confirmed", "confirmed"]


@on_sqlite
@pytest.mark.parametrize(
    "said",
    [{"attendance": "yes"}, {"attendance": "accepted"}, {"asked_at": None}],
    ids=["said yes", "accepted in the calendar", "took the place after the asking"],
)
async def test_confirmed_place_is_kept(loader: Loader, said: dict[str, Any]) -> None:
    first, kept = await loader.register("first@example.org"), await loader.register("kept@example.org")
    await ask_everybody(loader)
    await say(loader, kept, **said)
    await loader.register("waiting@example.org")
    await loader.register("also-waiting@example.org")
    assert await release(loader) == 1
    assert await statuses(loader, first, kept) == ["lapsed", "confirmed"]


@on_sqlite
async def test_tentative_answer_confirms_nothing(loader: Loader) -> None:
    only = await loader.register("only@example.org", party=2)
    await ask_everybody(loader)
    await say(loader, only, attendance="tentative")
    await loader.register("waiting@example.org")
    assert await release(loader) == 1


@on_sqlite
@pytest.mark.parametrize("state", ["waiting", "dead", "bounced", "dropped"])
async def test_nobody_whom_the_question_did_not_reach_is_released(loader: Loader, state: str) -> None:
    await loader.register("full@example.org", party=2)
    await ask_everybody(loader, state)
    await loader.register("waiting@example.org")
    assert await release(loader) == 0


@on_sqlite
async def test_offered_place_is_confirmed_by_taking_it(loader: Loader) -> None:
    await loader.register("full@example.org", party=2)
    await ask_everybody(loader)
    taker = await loader.register("taker@example.org")
    assert await release(loader) == 1
    loader.now = DAY_BEFORE
    await act(loader, taker, "take")
    await loader.register("pair@example.org", party=2)
    assert await release(loader, DAY_BEFORE + timedelta(hours=1)) == 0
    assert await statuses(loader, taker) == ["confirmed"]


@on_sqlite
async def test_place_in_another_sitting_is_confirmed_by_choosing_it(loader: Loader) -> None:
    moving = await loader.register("moving@example.org", party=2)
    await ask_everybody(loader)
    await act(loader, moving, "change", "1930")
    await loader.register("waiting@example.org", "1930")
    assert await release(loader, DAY_BEFORE + timedelta(hours=2)) == 0
    assert await statuses(loader, moving) == ["confirmed"]


@on_sqlite
async def test_declined_place_that_comes_free_by_itself_is_counted(loader: Loader) -> None:
    first, declined = await loader.register("first@example.org"), await loader.register("declined@example.org")
    await ask_everybody(loader)
    await say(loader, declined, attendance="declined", declined_until=DAY_BEFORE + timedelta(minutes=30))
    await loader.register("waiting@example.org")
    assert await release(loader) == 0
    await act(loader, declined, "yes")
    assert (await loader.registration(declined)).declined_until is None
    assert await release(loader) == 1
    assert await statuses(loader, first, declined) == ["lapsed", "confirmed"]


async def test_pair_in_the_queue_gets_two_places_or_nobody_is_released(loader: Loader) -> None:
    first, last = await loader.register("first@example.org"), await loader.register("last@example.org")
    await ask_everybody(loader)
    await act(loader, first, "yes")
    pair, single = await loader.register("pair@example.org", party=2), await loader.register("single@example.org")
    assert await release(loader) == 0
    assert await statuses(loader, last, pair, single) == ["confirmed", "waiting", "waiting"]
    await say(loader, first, attendance=None)
    assert await release(loader) == 2
    assert await statuses(loader, first, last, pair, single) == ["lapsed", "lapsed", "offered", "waiting"]


@on_sqlite
async def test_released_pair_makes_place_for_two_who_wait(loader: Loader) -> None:
    pair = await loader.register("pair@example.org", party=2)
    await ask_everybody(loader)
    waiting = [await loader.register(f"{number}@example.org") for number in range(3)]
    assert await release(loader) == 1
    assert await statuses(loader, pair, *waiting) == ["lapsed", "offered", "offered", "waiting"]


async def test_released_person_keeps_their_turn_for_another_sitting(loader: Loader) -> None:
    await loader.register("full@example.org", "1930", party=2)
    wishing = await loader.register("wishing@example.org", party=2)
    await act(loader, wishing, "change", "1930")
    await ask_everybody(loader)
    await act(loader, 1, "yes")
    waiting = await loader.register("waiting@example.org")
    late = await loader.register("late@example.org", "1930")
    assert await release(loader) == 1
    assert await statuses(loader, wishing, waiting, late) == ["waiting", "offered", "waiting"]
    released = await loader.registration(wishing)
    assert released.slot_id == (await loader.evening()).slots[1].id
    assert released.entry is not None
    ((_, told),) = await loader.facts("PlaceReleased")
    assert (told["is_queued"], told["slot_id"]) == (True, (await loader.evening()).slots[0].id)


async def test_wish_of_somebody_with_a_place_is_a_need_like_any_other(loader: Loader) -> None:
    full = await loader.register("full@example.org", party=2)
    wishing = await loader.register("wishing@example.org", "1930")
    await act(loader, wishing, "change", "1800")
    await ask_everybody(loader)
    await act(loader, wishing, "yes")
    assert await release(loader) == 1
    assert await statuses(loader, full, wishing) == ["lapsed", "confirmed"]
    entry = (await loader.registration(wishing)).entry
    assert entry is not None
    assert entry.offer_expires_at is not None


async def test_released_person_can_queue_again_at_the_end(loader: Loader) -> None:
    released = await loader.register("released@example.org", party=2)
    await ask_everybody(loader)
    waiting = [await loader.register(f"{number}@example.org") for number in range(3)]
    await release(loader)
    loader.now = DAY_BEFORE
    await act(loader, released, "change", "1800")
    assert await statuses(loader, *waiting, released) == ["offered", "offered", "waiting", "waiting"]
    entries = [(await loader.registration(number)).entry for number in (waiting[2], released)]
    assert [entry.turn for entry in entries if entry] == [3, 4]


@on_sqlite
@pytest.mark.parametrize(
    ("at", "released"),
    [
        (DAY_BEFORE - timedelta(seconds=1), 0),
        (DAY_BEFORE, 1),
        (STARTS_AT - timedelta(minutes=61), 1),
        (STARTS_AT - timedelta(hours=1), 0),
        (STARTS_AT + timedelta(hours=1), 0),
    ],
)
async def test_places_are_released_from_a_day_until_an_hour_before(loader: Loader, at: datetime, released: int) -> None:
    await loader.register("full@example.org", party=2)
    await ask_everybody(loader)
    await loader.register("waiting@example.org")
    assert await release(loader, at) == released


@on_sqlite
async def test_evening_sets_its_own_hours(loader: Loader) -> None:
    await loader.edit(timing={"release_hours_before": 48})
    await loader.register("full@example.org", party=2)
    await ask_everybody(loader)
    await loader.register("waiting@example.org")
    assert await release(loader, STARTS_AT - timedelta(hours=48)) == 1


@on_sqlite
async def test_evening_that_is_not_published_releases_nobody(loader: Loader) -> None:
    await loader.register("full@example.org", party=2)
    await ask_everybody(loader)
    await loader.register("waiting@example.org")
    await loader.edit(status="draft")
    assert await release(loader) == 0


async def test_workers_at_once_release_nobody_twice(loader: Loader, database_url: str) -> None:
    registered = [await loader.register("a@example.org"), await loader.register("b@example.org")]
    await ask_everybody(loader)
    await loader.register("waiting@example.org")
    async with another_process(database_url) as one, another_process(database_url) as two:
        counts = await asyncio.gather(*(release_due(*process, LONDON, DAY_BEFORE) for process in (one, two)))
    assert sum(counts) == 1
    assert await statuses(loader, *registered) == ["confirmed", "lapsed"]
    assert len(await loader.facts("PlaceReleased")) == 1


@asynccontextmanager
async def another_process(url: str) -> AsyncIterator[tuple[Database, UnitOfWork]]:
    database = Database(url)
    unit_of_work = UnitOfWork(database)
    yield database, unit_of_work
    await unit_of_work.close()
    await database.close()
