"""Somebody who gave up registers again amid a burst: rows are loaded in its midst, and all else goes on as before."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import event, select, update

from engage.events.models import OpenEvening, Registration, Slot
from engage.events.registrations.registering import register_all
from engage.journal import JournalEntry, PendingFact
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.factories import make_application, make_evening


@pytest.fixture
async def evening(database: Database) -> OpenEvening:
    evening = make_evening(3)
    async with database.writing() as session:
        session.add(evening)
    return evening


async def post(unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime, *forms: tuple[str, str]) -> None:
    """Forms of these people, at once."""
    posted = [make_application(evening, evening.slots[0], f"{name}@example.org", form=form) for name, form in forms]
    locks = [(OpenEvening, evening.id)]
    await asyncio.gather(
        *(unit_of_work.run_together(register_all, (each, now), locks=locks, locks_itself=True) for each in posted)
    )


async def test_burst_with_somebody_who_comes_back_gives_each_place_once_and_tells_all_in_order(
    database: Database, unit_of_work: UnitOfWork, evening: OpenEvening, now: datetime
) -> None:
    await post(unit_of_work, evening, now, ("ada", "first"))
    async with database.writing() as session:
        await session.execute(update(Registration).values(status="cancelled"))
        await session.execute(update(Slot).values(held=0))
    ends: list[str] = []
    for end in ("commit", "rollback"):
        event.listen(database.writer.sync_engine, end, lambda connection, end=end: ends.append(end))
    forms = [("bob", "1"), ("ada", "2"), ("cy", "3"), ("ada", "4"), ("bob", "5"), ("dee", "6")]
    await post(unit_of_work, evening, now, *forms)
    async with database.reading() as session:
        people = {each.email[:3]: each for each in await session.scalars(select(Registration))}
        slot = (await session.scalars(select(Slot))).one()
        entries = (await session.scalars(select(JournalEntry).order_by(JournalEntry.id))).all()
        pending = set(await session.scalars(select(PendingFact.entry_id)))
    names = {f"registration:{each.id}": name for name, each in people.items()}
    assert {name: each.status for name, each in people.items()} == {
        "ada": "confirmed",
        "bob": "confirmed",
        "cy@": "confirmed",
        "dee": "waiting",
    }
    assert (slot.held, slot.waiting, ends) == (3, 1, ["commit"])
    assert [(names[each.stream], each.kind) for each in entries] == [
        ("ada", "PlaceConfirmed"),
        ("bob", "PlaceConfirmed"),
        ("ada", "PlaceConfirmed"),
        ("cy@", "PlaceConfirmed"),
        ("ada", "RegisteredAgain"),
        ("bob", "RegisteredAgain"),
        ("dee", "QueueJoined"),
    ]
    assert pending == {each.id for each in entries}
