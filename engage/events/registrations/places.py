"""Places and turns of an evening, while many are served under its lock: read once, counted here, written back once."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ClauseElement, FromClause, Table, select

from engage.events.models import OpenEvening, Slot
from engage.storage.bare import Answer, instant_of
from engage.storage.many import Asked, updating


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


def asking(evening_ids: Iterable[int]) -> Asked:
    """What asks for the evenings as they are now."""
    return Asked(_counted, OpenEvening, [{"id": each} for each in sorted(set(evening_ids))])


def counted(rows: Answer) -> dict[int, CountedEvening]:
    """The evenings, by id, as they were answered."""
    found: dict[int, CountedEvening] = {}
    for evening_id, status, closes_at, last_turn, slot_id, starts_at, ends_at, *counters in rows:
        evening = found.get(evening_id)
        if evening is None:
            evening = found[evening_id] = CountedEvening(evening_id, status, instant_of(closes_at), last_turn)
        if slot_id is not None:
            evening.slots.append(CountedSlot(slot_id, instant_of(starts_at), instant_of(ends_at), *counters))
    return found


def writing(evenings: Iterable[CountedEvening]) -> list[Asked]:
    """What writes back what was counted."""
    counted = list(evenings)
    slots = [slot for evening in counted for slot in evening.slots if slot.is_changed]
    turned = [evening for evening in counted if evening.is_changed]
    return [
        updating(Slot, [{"id": each.id, "held": each.held, "waiting": each.waiting} for each in slots]),
        updating(OpenEvening, [{"id": each.id, "last_turn": each.last_turn} for each in turned]),
    ]


def _counted(given: FromClause, table: Table) -> ClauseElement:
    slot = table.metadata.tables[Slot.__tablename__]
    return (
        select(*(table.c[name] for name in ("id", "status", "registration_closes_at", "last_turn")))
        .add_columns(*(slot.c[name] for name in ("id", "starts_at", "ends_at", "capacity", "held", "waiting")))
        .select_from(given.join(table, table.c.id == given.c.id).outerjoin(slot, slot.c.open_evening_id == table.c.id))
    )
