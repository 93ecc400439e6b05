"""What can become of an access need, and by when. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta

ANSWERED = "NeedAnswered"  # the kind of message by which the person hears
STATES = {
    "asked": "Asked for",
    "arranged": "Arranged",
    "confirmed": "Confirmed to the person",
    "refused": "Cannot be met",
}
ARRANGING = "We have your request and are arranging it. We will email you when it is certain."
TO_THE_PERSON = {
    "asked": ARRANGING,
    "arranged": ARRANGING,
    "confirmed": "Confirmed.",
    "refused": "Sorry, we cannot do this.",
}
NEXT: Mapping[str, tuple[str, ...]] = {
    "asked": ("arranged", "refused"),
    "arranged": ("confirmed", "asked", "refused"),
    "confirmed": ("arranged", "refused"),
    "refused": ("arranged",),
}
LEFT_TO_DO = ("asked", "arranged")
TOLD = ("confirmed", "refused")  # of these the person hears
USUAL_DAYS_BEFORE = 3
REMINDED_DAYS_BEFORE = 2


def due_on(kind: str, ask_by: Mapping[str, str], given: date | None, evening_on: date) -> date:
    """The day by which it has to be arranged: the one given, the last day on which it can be promised, or the usual."""
    stated = ask_by.get(kind)
    return given or (date.fromisoformat(stated) if stated else evening_on - timedelta(days=USUAL_DAYS_BEFORE))


def is_to_be_reminded(state: str, due: date, today: date) -> bool:
    """Every morning from two days before until it is confirmed or refused."""
    return state in LEFT_TO_DO and today >= due - timedelta(days=REMINDED_DAYS_BEFORE)
