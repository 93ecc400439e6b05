"""Places and turns of an evening, while many are served under its lock: read once, counted here, written back once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.util import identity_key

from engage.events.models import OpenEvening, Slot
from engage.many import update_all

COUNTERS = (
    select(OpenEvening.id, OpenEvening.status, OpenEvening.registration_closes_at, OpenEvening.last_turn)
    .add_columns(Slot.id, Slot.starts_at, Slot.ends_at, Slot.capacity, Slot.held, Slot.waiting)
    .outerjoin(Slot, Slot.open_evening_id == OpenEvening.id)
    .where(OpenEvening.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(slots=True)
class CountedSlot:
    """A sitting's counters, and what decides about them."""

    id: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    held: int
    waiting: int
    is_changed: bool = False

    @property
    def seats_left(self) -> int:
        return self.capacity - self.held


@dataclass(slots=True)
class CountedEvening:
    """An evening's last turn, its sittings, and what decides about them."""

    id: int
    status: str
    registration_closes_at: datetime | None
    last_turn: int
    slots: list[CountedSlot] = field(default_factory=list)
    is_changed: bool = False

    def place(self, slot: CountedSlot, party: int) -> None:
        """Give places."""
        slot.held += party
        slot.is_changed = True

    def queue(self, slot: CountedSlot) -> tuple[int, int]:
        """The next position in the sitting's queue, and its turn."""
        slot.waiting += 1
        self.last_turn += 1
        slot.is_changed = self.is_changed = True
        return slot.waiting, self.last_turn


async def read(session: AsyncSession, evening_ids: Iterable[int]) -> dict[int, CountedEvening]:
    """The evenings as they are now, by id."""
    found: dict[int, CountedEvening] = {}
    for evening_id, *row in await session.execute(COUNTERS, {"ids": list(set(evening_ids))}):
        evening = found.setdefault(evening_id, CountedEvening(evening_id, *row[:3]))
        if row[3] is not None:
            evening.slots.append(CountedSlot(*row[3:]))
    return found


async def write(session: AsyncSession, evenings: Iterable[CountedEvening]) -> None:
    """Write back what was counted."""
    counted = list(evenings)
    slots = [slot for evening in counted for slot in evening.slots if slot.is_changed]
    turned = [evening for evening in counted if evening.is_changed]
    await update_all(session, Slot, [{"id": each.id, "held": each.held, "waiting": each.waiting} for each in slots])
    await update_all(session, OpenEvening, [{"id": each.id, "last_turn": each.last_turn} for each in turned])
    for slot in slots:
        slot.is_changed = False
    for evening in turned:
        evening.is_changed = False
    await _show(session, [evening.id for evening in counted])


async def _show(session: AsyncSession, evening_ids: Sequence[int]) -> None:
    """Let those who loaded the evenings for the same commit see what was written."""
    loaded = [each for each in evening_ids if identity_key(OpenEvening, each) in session.sync_session.identity_map]
    if loaded:
        anew = select(OpenEvening).where(OpenEvening.id.in_(loaded)).execution_options(populate_existing=True)
        await session.scalars(anew)
