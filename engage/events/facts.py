"""What can happen at an open evening. Facts carry a snapshot of times, so that a message tells what was true then."""

from datetime import datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from engage.journal import Fact

STREAM = "registration:"


def stream_of(registration_id: int) -> str:
    """What keeps facts and messages about one registration in order."""
    return f"{STREAM}{registration_id}"


def registration_id_of(stream: str) -> int | None:
    """Whose stream it is; None for a stream about something else."""
    number = stream.removeprefix(STREAM)
    return int(number) if number != stream and number.isdigit() else None


class RegistrationFact(Fact):
    """Something that happened to one registration; the person hears of it."""

    subscribers: ClassVar[tuple[str, ...]] = ("messages",)
    registration_id: int

    @property
    def stream(self) -> str:
        return stream_of(self.registration_id)


class PlaceFact(RegistrationFact):
    """A place in a sitting, with the calendar's SEQUENCE where the entry in the calendar changes."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime
    sequence: int


class PlaceConfirmed(PlaceFact):
    """A place is theirs, at once or by taking an offer."""


class PlaceChanged(PlaceFact):
    """Their place is in another sitting now."""


class EveningMoved(PlaceFact):
    """The time or place of the sitting, in which they have a place, changed."""


class PlaceReleased(PlaceFact):
    """Their place, neither confirmed nor accepted, went to somebody who waits; ``is_queued`` for another sitting."""

    is_queued: bool


class RegistrationCancelled(RegistrationFact):
    """They gave up their registration; ``sequence`` is None where no calendar was ever written to."""

    slot_id: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    sequence: int | None
    has_reminders: bool


class EveningCancelled(RegistrationCancelled):
    """The organiser called the evening off."""


class AddressFailed(RegistrationCancelled):
    """Their address refuses mail for good, so the place went back; nobody is left to be told."""

    subscribers: ClassVar[tuple[str, ...]] = ()


class QueueJoined(RegistrationFact):
    """They wait for a sitting; ``is_wish`` where they hold a place in another one meanwhile."""

    slot_id: int
    position: int
    is_wish: bool


class QueuedEveningMoved(RegistrationFact):
    """The time or place of the sitting, for which they queue, changed."""

    slot_id: int
    starts_at: datetime
    ends_at: datetime


class MovedClosing(BaseModel):
    """One post that closes at another instant than before."""

    model_config = ConfigDict(frozen=True)
    vacancy_id: int
    old: datetime
    new: datetime


class ClosingMoved(RegistrationFact):
    """Posts, of whose closing they want to be reminded, close at another instant than before."""

    moved: tuple[MovedClosing, ...]


class PlaceOffered(RegistrationFact):
    """A freed place is held for them until ``expires_at``."""

    slot_id: int
    expires_at: datetime
    is_wish: bool


class OfferLapsed(RegistrationFact):
    """The held place passed on."""

    slot_id: int
    is_wish: bool


class Subscribed(RegistrationFact):
    """They cannot come and want the materials and closing dates."""


class RegisteredAgain(RegistrationFact):
    """Somebody filled in the form with an address that is registered already; ``form`` tells forms apart."""

    form: str


class LinkRequested(RegistrationFact):
    """Somebody asked for the registration's link to be sent to its address."""

    form: str


class DetailsCorrected(RegistrationFact):
    """Name, companion, posts of interest, reminders or needs were corrected; nobody is written to."""

    subscribers: ClassVar[tuple[str, ...]] = ()


class ComingConfirmed(RegistrationFact):
    """They said that they are still coming."""

    subscribers: ClassVar[tuple[str, ...]] = ()


class AttendanceAnswered(RegistrationFact):
    """Their calendar answered that they come, or may come: ``answer`` is accepted or tentative."""

    subscribers: ClassVar[tuple[str, ...]] = ()
    answer: str


class DeclineHeard(RegistrationFact):
    """Their calendar answered that they do not come; the place is held for them until ``held_until``."""

    slot_id: int
    held_until: datetime


class AppliedForVacancy(RegistrationFact):
    """They said that they have applied for a post."""

    subscribers: ClassVar[tuple[str, ...]] = ()
    vacancy_id: int


class RemindersStopped(RegistrationFact):
    """They want no more reminders of closing dates."""

    subscribers: ClassVar[tuple[str, ...]] = ()


class EveningFact(Fact):
    """Something that happened to the evening as a whole."""

    open_evening_id: int

    @property
    def stream(self) -> str:
        return f"open_evening:{self.open_evening_id}"


class EveningLoaded(EveningFact):
    """A file was loaded that added or changed the evening."""

    changes: int


class VacancyClosingMoved(EveningFact):
    """The instant at which a vacancy closes changed."""

    vacancy_id: int
    old: datetime
    new: datetime


class EveningEdited(EveningFact):
    """Somebody edited the evening in the console; ``told`` people hear of it."""

    changes: int
    told: int


class EveningDrafted(EveningFact):
    """A new draft was made, of nothing or as a copy of another evening."""

    copied_from: int | None


class EveningPublished(EveningFact):
    """A draft was published."""


class EveningCalledOff(EveningFact):
    """The evening was called off in the console; ``told`` people hear of it."""

    told: int


class DraftDeleted(EveningFact):
    """A draft, which nobody had seen, was deleted."""


class SittingRemoved(EveningFact):
    """A sitting in which nobody ever had a place, nor waited, was taken away."""

    slot_id: int


class VacancyRemoved(EveningFact):
    """A post of which nobody wanted to hear was taken away."""

    vacancy_id: int


class QuestionAnswered(EveningFact):
    """A question asked beforehand was answered in public, or its answer was edited."""

    question_id: int


class QuestionDeclined(EveningFact):
    """A question asked beforehand was declined."""

    question_id: int
