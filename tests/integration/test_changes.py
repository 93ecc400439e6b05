"""Whom a changed evening is told to, and what becomes of their places."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import Interest, OpenEvening, QueueEntry
from engage.events.registrations import booking
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.loader import EVENING, Loader

MOVED = ("EveningMoved", "QueuedEveningMoved")
CALLED_OFF = EVENING.replace('"published"', '"cancelled"\ncancel_reason = "The speaker is ill."')
LATER = EVENING.replace("T18:00", "T18:15")


@pytest.fixture
async def loader(database: Database, unit_of_work: UnitOfWork, tmp_path: Path, now: datetime) -> Loader:
    loader = Loader(database, unit_of_work, tmp_path, now)
    await loader.load(EVENING)
    return loader


async def act(loader: Loader, number: int, what: str, key: str | None = None) -> None:
    """Let a registration change to a sitting, or cancel."""
    evening = await loader.evening()

    async def command(session: AsyncSession) -> None:
        registration = await booking.load(session, number)
        if what == "change":
            slot = next(slot for slot in registration.open_evening.slots if slot.key == key)
            await booking.change(session, registration, slot, loader.now)
        else:
            await booking.cancel(session, registration, loader.now, is_stop=what == "cancel and stop")

    await loader.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])


def told_to(facts: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(kind, details["registration_id"]) for kind, details in facts]


async def test_moved_sitting_is_told_to_its_people_and_to_nobody_else(loader: Loader) -> None:
    confirmed = await loader.register("confirmed@example.org", party=2)
    waiting = await loader.register("waiting@example.org")
    other = await loader.register("other@example.org", "1930")
    wishing = await loader.register("wishing@example.org", "1930")
    await act(loader, wishing, "change", "1800")
    gone = await loader.register("gone@example.org", "1800")
    await act(loader, gone, "cancel")
    await loader.register("subscribed@example.org", None)
    report = await loader.load(LATER)
    facts = await loader.facts(*MOVED)
    assert told_to(facts) == [
        ("EveningMoved", confirmed),
        ("QueuedEveningMoved", waiting),
        ("QueuedEveningMoved", wishing),
    ]
    assert report.told == 3
    assert facts[0][1]["starts_at"] == facts[1][1]["starts_at"] == "2027-02-24T18:15:00Z"
    assert facts[0][1]["sequence"] == (await loader.registration(confirmed)).sequence == 1
    assert (await loader.registration(other)).sequence == 0


@pytest.mark.parametrize("key", ["venue", "address", "joining_url"])
async def test_moved_place_is_told_to_every_sitting(loader: Loader, key: str) -> None:
    first, second = await loader.register("a@example.org"), await loader.register("b@example.org", "1930")
    text = EVENING.replace('venue = "City Hall"', f'{key} = "https://example.org/here"')
    assert (await loader.load(text)).told == 2
    assert told_to(await loader.facts(*MOVED)) == [("EveningMoved", first), ("EveningMoved", second)]


async def test_one_who_has_a_place_and_a_wish_is_counted_once(loader: Loader) -> None:
    await loader.register("full@example.org", party=2)
    wishing = await loader.register("wishing@example.org", "1930")
    await act(loader, wishing, "change", "1800")
    assert (await loader.load(EVENING.replace("City Hall", "Palestra"))).told == 2
    assert len(await loader.facts(*MOVED)) == 3


async def test_sitting_that_is_over_is_not_told_of_a_new_place(loader: Loader) -> None:
    await loader.register("early@example.org")
    late = await loader.register("late@example.org", "1930")
    loader.now = datetime(2027, 2, 24, 19, 10, tzinfo=UTC)
    assert (await loader.load(EVENING.replace("City Hall", "Palestra"))).told == 1
    assert told_to(await loader.facts(*MOVED)) == [("EveningMoved", late)]


async def test_what_touches_no_time_or_place_is_told_to_nobody(loader: Loader) -> None:
    await loader.register("a@example.org")
    assert (await loader.load(EVENING.replace('"Reviews Team"', '"Reviews"'))).told == 0
    assert await loader.facts(*MOVED) == []


async def test_draft_tells_nobody(loader: Loader) -> None:
    await loader.register("a@example.org", party=2)
    await loader.register("waiting@example.org")
    draft = LATER.replace("published", "draft").replace("capacity = 2", "capacity = 9").replace("03-14", "03-15")
    assert (await loader.load(draft)).told == 0
    assert await loader.facts(*MOVED, "PlaceOffered", "VacancyClosingMoved") == []


async def test_larger_sitting_is_offered_to_those_who_wait_in_order(loader: Loader) -> None:
    await loader.register("full@example.org", party=2)
    first, _second = await loader.register("first@example.org"), await loader.register("second@example.org")
    assert (await loader.load(EVENING.replace("capacity = 2", "capacity = 3", 1))).told == 1
    assert told_to(await loader.facts("PlaceOffered")) == [("PlaceOffered", first)]
    slot = (await loader.evening()).slots[0]
    assert (slot.held, slot.waiting) == (3, 1)


async def test_offer_does_not_outlast_a_sitting_that_is_moved_nearer(loader: Loader) -> None:
    await loader.register("full@example.org", party=2)
    offered = await loader.register("offered@example.org")
    await loader.load(EVENING.replace("capacity = 2", "capacity = 3", 1))
    nearer = EVENING.replace("capacity = 2", "capacity = 3", 1).replace("02-24T18:00", "02-03T18:00")
    assert (await loader.load(nearer)).told == 2
    entry = (await loader.registration(offered)).entry
    assert entry is not None
    assert entry.offer_expires_at == datetime(2027, 2, 3, 17, tzinfo=UTC)


async def test_evening_called_off_cancels_everybody_and_tells_them(loader: Loader, database: Database) -> None:
    confirmed = await loader.register("confirmed@example.org", party=2)
    waiting = await loader.register("waiting@example.org", has_reminders=False)
    subscribed = await loader.register("subscribed@example.org", None)
    gone = await loader.register("gone@example.org", "1930")
    await act(loader, gone, "cancel")
    report = await loader.load(CALLED_OFF)
    facts = await loader.facts("EveningCancelled")
    assert [(each["registration_id"], each["sequence"], each["has_reminders"]) for _, each in facts] == [
        (confirmed, 1, True),
        (waiting, None, False),
        (subscribed, None, True),
    ]
    assert report.told == 3
    assert facts[0][1]["starts_at"] == "2027-02-24T18:00:00Z"
    assert {(await loader.registration(each)).status for each in (confirmed, waiting, subscribed)} == {"cancelled"}
    assert [(slot.held, slot.waiting) for slot in (await loader.evening()).slots] == [(0, 0), (0, 0)]
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(QueueEntry)) == 0


async def test_evening_moved_and_called_off_at_once_is_called_off_at_the_time_people_know(loader: Loader) -> None:
    await loader.register("a@example.org")
    await loader.load(CALLED_OFF.replace("T18:00", "T18:15"))
    ((_, fact),) = await loader.facts("EveningCancelled", *MOVED)
    assert fact["starts_at"] == "2027-02-24T18:00:00Z"


async def test_evening_called_off_is_told_once(loader: Loader) -> None:
    await loader.register("a@example.org")
    await loader.load(CALLED_OFF)
    assert (await loader.load(CALLED_OFF.replace("ill", "unwell"))).told == 0


async def test_evening_called_off_after_a_sitting_leaves_that_one_alone(loader: Loader) -> None:
    early, late = await loader.register("early@example.org"), await loader.register("late@example.org", "1930")
    loader.now = datetime(2027, 2, 24, 19, 10, tzinfo=UTC)
    assert (await loader.load(CALLED_OFF)).told == 1
    assert (await loader.registration(early)).status == "confirmed"
    assert (await loader.registration(late)).status == "cancelled"
    assert [slot.held for slot in (await loader.evening()).slots] == [1, 0]


async def test_moved_closing_counts_those_who_still_want_its_reminders(loader: Loader) -> None:
    await loader.register("wants@example.org")
    await loader.register("subscribed@example.org", None)
    await loader.register("no-reminders@example.org", has_reminders=False)
    await loader.register("other-posts@example.org", vacancy_ids=frozenset())
    stays = await loader.register("stays@example.org")
    await act(loader, stays, "cancel")
    stops = await loader.register("stops@example.org")
    await act(loader, stops, "cancel and stop")
    applied = await loader.register("applied@example.org")

    async def apply(session: AsyncSession) -> None:
        interest = (await session.scalars(select(Interest).where(Interest.registration_id == applied))).one()
        interest.applied_at = loader.now

    await loader.unit_of_work.run(apply)
    report = await loader.load(EVENING.replace("03-14", "03-15"))
    assert report.told == 3
    evening = await loader.evening()
    (vacancy,) = evening.vacancies
    assert await loader.facts("VacancyClosingMoved") == [
        (
            "VacancyClosingMoved",
            {
                "open_evening_id": evening.id,
                "vacancy_id": vacancy.id,
                "old": "2027-03-14T23:59:00Z",
                "new": "2027-03-15T23:59:00Z",
            },
        )
    ]
    assert vacancy.closes_at - timedelta(days=1) == datetime(2027, 3, 14, 23, 59, tzinfo=UTC)
