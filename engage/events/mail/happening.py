"""A fact beside the registration that it is about, as a message needs both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engage.events import facts
from engage.events.mail.calendar_entries import Place
from engage.events.models import Registration, Slot, Vacancy
from engage.journal import JournalEntry


@dataclass(frozen=True, slots=True)
class Moved:
    """A post that closes at another instant than before; ``is_over`` if it had closed when that happened."""

    vacancy: Vacancy
    old: datetime
    new: datetime
    is_over: bool


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

    @property
    def moved(self) -> list[Moved]:
        """The posts whose closing moved, but for those for which they have applied; as the fact has it."""
        if not isinstance(self.fact, facts.ClosingMoved):
            return []
        wanted = {each.vacancy_id: each.vacancy for each in self.registration.interests if each.applied_at is None}
        return [
            Moved(wanted[each.vacancy_id], each.old, each.new, is_over=each.new <= self.entry.occurred_at)
            for each in self.fact.moved
            if each.vacancy_id in wanted
        ]

    @property
    def details(self) -> dict[str, Any]:
        """What has to be true still when the message about it is sent."""
        if isinstance(self.fact, facts.PlaceOffered):
            return {"slot_id": self.fact.slot_id, "until": self.fact.expires_at.isoformat()}
        if isinstance(self.fact, facts.DeclineHeard):
            return {"until": self.fact.held_until.isoformat()}
        closes_at = max((each.new for each in self.moved), default=self.entry.occurred_at)
        told = {"vacancy_ids": [each.vacancy.id for each in self.moved]} if self.moved else {}
        return told | ({"until": closes_at.isoformat()} if closes_at > self.entry.occurred_at else {})

    def is_over(self, now: datetime) -> bool:
        """An offer that can no longer be taken is not made; that it lapsed is told next. Nor does anybody hear of
        closings of which they no longer want to be reminded.
        """
        if isinstance(self.fact, facts.ClosingMoved):
            return not (self.registration.has_reminders and self.moved)
        if isinstance(self.fact, facts.DeclineHeard):
            return self.registration.declined_until != self.fact.held_until  # kept, or given up, meanwhile
        return isinstance(self.fact, facts.PlaceOffered) and self.fact.expires_at <= now


def _slot(registration: Registration, slot_id: int | None) -> Slot | None:
    return next((slot for slot in registration.open_evening.slots if slot.id == slot_id), None)
