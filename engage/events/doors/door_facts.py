"""What doors tell of an evening: who was let in, with a ticket or without."""

from typing import ClassVar

from engage.events.facts import EveningFact, RegistrationFact


class DoorFact(RegistrationFact):
    """What a door told of a ticket; the person was there, so nobody is written to."""

    subscribers: ClassVar[tuple[str, ...]] = ()
    slot_id: int
    door: int


class CheckedIn(DoorFact):
    """They were let in; ``is_again`` where their ticket had been used already, at a door that could not know."""

    is_again: bool


class CheckInUndone(DoorFact):
    """They were let in by mistake."""


class WalkedIn(EveningFact):
    """Somebody without a registration was let in."""

    slot_id: int
    door: int


class WalkInUndone(EveningFact):
    """A walk-in was counted by mistake."""

    slot_id: int
    door: int
