"""Which sitting of an evening was asked for, and whether it takes anybody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from engage.errors import NotFound, RegistrationClosed
from engage.events import rules


class Sitting(Protocol):
    """What decides whether a sitting takes anybody."""

    @property
    def id(self) -> int: ...
    @property
    def starts_at(self) -> datetime: ...


SlotType_co = TypeVar("SlotType_co", bound=Sitting, covariant=True)


class Evening(Protocol[SlotType_co]):
    """What decides whether an evening takes anybody."""

    @property
    def status(self) -> str: ...
    @property
    def registration_closes_at(self) -> datetime | None: ...
    @property
    def slots(self) -> Sequence[SlotType_co]: ...


def slot_of(evening: Evening[SlotType_co], slot_id: int) -> SlotType_co:
    """The evening's sitting of that id. Raises NotFound."""
    for slot in evening.slots:
        if slot.id == slot_id:
            return slot
    raise NotFound("This open evening has no such sitting. Choose one from the list.")


def refuse_if_closed(evening: Evening[Sitting], slot: Sitting | None, now: datetime) -> None:
    """Raises RegistrationClosed when the evening, or the sitting, takes nobody any more."""
    last_start = max((each.starts_at for each in evening.slots), default=None)
    reason = rules.why_closed(evening.status, evening.registration_closes_at, last_start, now)
    if reason is None and slot is not None and now >= slot.starts_at:
        reason = "That sitting has begun. Choose another one."
    if reason is not None:
        raise RegistrationClosed(reason)
