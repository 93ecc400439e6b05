"""A burst that has a commit for itself, on PostgreSQL: it locks its evening on the way in, and rings on the way out."""

import asyncio
from datetime import datetime
from functools import partial

import psycopg
import pytest
from sqlalchemy import func, select, text

from engage.events.models import OpenEvening, Registration, Slot
from engage.events.registrations.registering import register_all
from engage.storage.database import BELL, Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application, make_evening

PLACES = 5
WITHIN = 20.0  # seconds in which whatever does not hang is over
BLOCKED = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
    pytest.mark.parametrize("people", [1, 3]),
]


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening(PLACES)
    async with database.writing() as session:
        session.add(evening)
    return evening


async def burst(unit_of_work: UnitOfWork, evening: OpenEvening, people: int, now: datetime) -> None:
    """So many register at once, as the page has them do."""
    posted = [make_application(evening, evening.slots[0], f"{place}@example.org") for place in range(people)]
    sent = partial(unit_of_work.run_together, register_all, locks=[(OpenEvening, evening.id)], locks_itself=True)
    await asyncio.gather(*(sent((each, now)) for each in posted))


async def test_burst_sees_what_whoever_has_the_evening_does_with_its_places(
    people: int, database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    async with database.writing() as session:
        held = await session.get_one(OpenEvening, evening.id, with_for_update=True)
        registering = asyncio.create_task(burst(unit_of_work, evening, people, now))
        async with asyncio.timeout(WITHIN):
            while not await _blocked(database):
                pass
        (slot,) = held.slots
        slot.held = PLACES
    await registering
    async with database.reading() as session:
        statuses = (await session.scalars(select(Registration.status))).all()
        counted = (await session.execute(select(func.sum(Slot.held), func.sum(Slot.waiting)))).one()
    assert (statuses, tuple(counted)) == (["waiting"] * people, (PLACES, people))


async def test_other_processes_are_woken_by_a_burst(
    people: int, database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    async with await psycopg.AsyncConnection.connect(database.url, autocommit=True) as connection:
        await connection.execute(f"LISTEN {BELL}")
        await burst(unit_of_work, evening, people, now)
        heard = [notice async for notice in connection.notifies(timeout=WITHIN, stop_after=1)]
    assert len(heard) == 1


async def _blocked(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(text(BLOCKED)) or 0
