"""A fact beside the registration that it is about, as a message needs both."""

from dataclasses import dataclass
from datetime import datetime

from engage.events import facts
from engage.events.calendar_entries import Place
from engage.events.models import Registration, Slot
from engage.journal import JournalEntry


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact beside the registration that it is about. Times are as they were then, where the fact carries them."""

    entry: JournalEntry
    fact: facts.RegistrationFact
    registration: Registration

    @property
    def key(self) -> str:
        if isinstance(self.fact, facts.RegisteredAgain | facts.LinkRequested):
            return f"{self.entry.kind}:{self.registration.id}:{self.fact.form}"
        return f"{self.entry.kind}:{self.entry.id}"

    @property
    def slot(self) -> Slot | None:
        """The sitting that the fact is about."""
        return _slot(self.registration, getattr(self.fact, "slot_id", None) or self.registration.slot_id)

    @property
    def starts_at(self) -> datetime | None:
        return getattr(self.fact, "starts_at", None) or (self.slot.starts_at if self.slot else None)

    @property
    def ends_at(self) -> datetime | None:
        return getattr(self.fact, "ends_at", None) or (self.slot.ends_at if self.slot else None)

    @property
    def kept(self) -> Slot | None:
        """Another sitting, in which the person has a place meanwhile."""
        own = _slot(self.registration, self.registration.slot_id)
        return own if self.registration.status == "confirmed" and own is not self.slot else None

    @property
    def has_reminders(self) -> bool:
        """Whether reminders of closing dates go on."""
        wanted: bool = getattr(self.fact, "has_reminders", self.registration.has_reminders)
        return wanted

    @property
    def place(self) -> Place | None:
        """The place as calendars show it; None where the fact changes no calendar."""
        sequence, starts_at, ends_at = getattr(self.fact, "sequence", None), self.starts_at, self.ends_at
        if sequence is None or starts_at is None or ends_at is None:
            return None
        return Place(
            starts_at=starts_at,
            ends_at=ends_at,
            sequence=sequence,
            stamped_at=self.entry.occurred_at,
            title=self.slot.title if self.slot else None,
        )

    def is_over(self, now: datetime) -> bool:
        """An offer that can no longer be taken is not made; that it lapsed is told next."""
        return isinstance(self.fact, facts.PlaceOffered) and self.fact.expires_at <= now


def _slot(registration: Registration, slot_id: int | None) -> Slot | None:
    return next((slot for slot in registration.open_evening.slots if slot.id == slot_id), None)
