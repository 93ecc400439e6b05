"""An evening that lies ahead by any clock, and its books: what the database says of places and turns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.notify.models import OutboxMessage
from engage.storage.database import Database
from tests.factories import make_evening

FAR_AHEAD = datetime(2099, 3, 2, 18, 0, tzinfo=UTC)  # a server that runs has the real clock
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = "sitting-0"


async def open_evening(database: Database, *capacities: int, slug: str = "reviews-team") -> OpenEvening:
    """A published evening with a sitting of each capacity, the first of which is FIRST."""
    evening = make_evening(*capacities, slug=slug)
    for number, slot in enumerate(evening.slots):
        slot.starts_at = FAR_AHEAD + timedelta(hours=number)
        slot.ends_at = slot.starts_at + timedelta(minutes=50)
    async with database.writing() as session:
        session.add(evening)
    return evening


@dataclass(frozen=True, slots=True)
class Books:
    """The first sitting as it is stored: its counters, and who has a place or waits, by address."""

    slot: Slot
    registrations: Sequence[Registration]
    entries: Sequence[QueueEntry]

    @property
    def confirmed(self) -> set[str]:
        return {each.email for each in self.registrations if each.status == "confirmed"}

    @property
    def places(self) -> int:
        return sum(each.party for each in self.registrations if each.status == "confirmed")

    @property
    def line(self) -> list[str]:
        """Who waits, in the order of their turns."""
        return [entry.registration.email for entry in self.entries]

    def check(self) -> None:
        """The counters tell what the rows tell, nobody is over the capacity, and nobody in both or in neither."""
        waiting = {each.email for each in self.registrations if each.status == "waiting"}
        assert self.slot.held == self.places <= self.slot.capacity
        assert self.slot.waiting == len(self.line) == len(waiting)
        assert set(self.line) == waiting
        assert len({each.email_key for each in self.registrations}) == len(self.registrations)
        assert not waiting or self.slot.seats_left == 0


async def let_leases_run_out(database: Database) -> None:
    """What a killed process was sending is sent again when its lease is over: as if that time had passed."""
    leased = update(OutboxMessage).where(OutboxMessage.lease.is_not(None))
    async with database.writing() as session:
        await session.execute(leased.values(leased_until=LONG_AGO))


async def books_of(database: Database) -> Books:
    """The books of the only evening."""
    async with database.reading() as session:
        slot = (await session.scalars(select(Slot).where(Slot.key == FIRST))).one()
        registrations = (await session.scalars(select(Registration).order_by(Registration.id))).all()
        turns = select(QueueEntry).options(joinedload(QueueEntry.registration)).order_by(QueueEntry.turn)
        return Books(slot, registrations, (await session.scalars(turns)).all())
