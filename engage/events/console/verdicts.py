"""What a door is told about a ticket: big, in few words, and never by colour alone."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engage import wording
from engage.events import rules
from engage.events.models import Admission, OpenEvening, Registration, Slot
from engage.events.picture import Figures

PLACELESS = {
    "waiting": "They are on the waiting list and have no place.",
    "offered": "A place is held for them, and they have not taken it.",
    "lapsed": "They did not take the place that was held for them.",
    "cancelled": "This registration was cancelled.",
    "subscribed": "They said that they cannot come, and have no place.",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``result`` is a word for styles; ``can_insist`` where the ticket can be taken all the same."""

    result: str
    title: str
    words: str = ""
    status: int = 409
    registration: Registration | None = None
    can_insist: bool = False
    can_walk_in: bool = False

    @property
    def is_good(self) -> bool:
        return self.status == 200


def who(registration: Registration) -> str:
    """Whom the ticket lets in."""
    return f"{registration.name} and a companion" if registration.party == 2 else registration.name


def time_of(slot: Slot | None, zone: ZoneInfo) -> str:
    """A sitting, as a door calls it: "the 6:30pm sitting"."""
    return f"the {wording.time(slot.starts_at, zone)} sitting" if slot else "no sitting"


def use_of(admission: Admission, zone: ZoneInfo) -> str:
    """When and where somebody was let in: "6:02pm at door 2"."""
    return f"{wording.time(admission.admitted_at, zone)} at door {admission.door}"


def refusal(
    registration: Registration | None, evening: OpenEvening, slot: Slot | None, zone: ZoneInfo, *, is_insisting: bool
) -> Verdict | None:
    """Why a ticket does not let in at once; None where it does."""
    if registration is None:
        return Verdict("forged", "Not a ticket of ours", "It was altered, or not made by us. Search for the name.", 422)
    if registration.open_evening_id != evening.id:
        title = registration.open_evening.title
        return Verdict("elsewhere", "Ticket for another open evening", f"It is for {title}.", can_walk_in=True)
    if registration.status not in rules.PLACED:
        return Verdict(
            "no_place", f"No place: {who(registration)}", PLACELESS[registration.status], 409, registration, False, True
        )
    if slot is not None and registration.slot_id != slot.id and not is_insisting:
        words = f"The ticket is for {time_of(registration.slot, zone)}, not {time_of(slot, zone)}."
        return Verdict("other_sitting", f"Another sitting: {who(registration)}", words, 409, registration, True)
    return None


def used(registration: Registration, before: Admission, zone: ZoneInfo) -> Verdict:
    """The ticket let somebody in before."""
    return Verdict(
        "used", f"Used already: {who(registration)}", f"Let in at {use_of(before, zone)}.", 409, registration
    )


def of_admission(admission: Admission, figures: list[Figures], zone: ZoneInfo) -> Verdict:
    """What was done, as it now stands."""
    slot, registration = admission.slot, admission.registration
    if admission.undone_at is not None:
        name = who(registration) if registration else "The walk-in"
        return Verdict("undone", "Undone", f"{name} is not counted as in.", 200)
    if registration is not None:
        return Verdict("in", f"In: {who(registration)}", f"For {time_of(slot, zone)}.", 200, registration)
    crowd = next(each for each in figures if each.slot.id == slot.id)
    words = f"Counted in {time_of(slot, zone)}."
    if crowd.is_overfull:
        walked = "1 walk-in" if crowd.walk_ins == 1 else f"{crowd.walk_ins} walk-ins"
        words += (
            f" Take care: the room holds {slot.capacity}, {crowd.booked} are booked, and there "
            f"{'is' if crowd.walk_ins == 1 else 'are'} {walked}."
        )
    return Verdict("walk_in", "In: a walk-in", words, 200)
