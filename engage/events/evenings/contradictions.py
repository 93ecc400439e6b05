"""What of an open evening cannot be true together, looked at after a file is laid over what is stored. Pure.

Each function yields faults, one line each. What is faulty in itself is missing here (None), and nothing is said of it.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from engage.files.merging import Merged
from engage.files.shapes import shown


def of_sitting(slot: Merged, held: int, *, is_draft: bool, now: datetime) -> Iterator[str]:
    """``held`` are the places given or offered in it; in a draft, which nobody has seen, it may be at any time."""
    starts_at, ends_at, capacity = (slot.after[column] for column in ("starts_at", "ends_at", "capacity"))
    place = slot.given.place
    if starts_at and ends_at and ends_at <= starts_at:
        yield f"{place}, ends: must be after starts"
    if capacity and capacity < held:
        yield f"{place}, capacity: {capacity} is fewer than the {held} places already given or offered"
    is_timed = not slot.before or slot.is_changed("starts_at", "ends_at")
    if starts_at and ends_at and is_timed and not is_draft:
        if slot.before and slot.before["ends_at"] <= now:
            yield f"{place}, starts: this sitting is over, so its time cannot be changed; give a new one its own key"
        elif ends_at <= now:
            yield f"{place}, starts: {'would move' if slot.before else 'would put'} the sitting into the past"


def of_evening(evening: Merged, ends: Sequence[datetime], needs: Collection[str], zone: ZoneInfo) -> Iterator[str]:
    """``ends`` are those of all its sittings, ``needs`` the access needs that there are."""
    place = evening.given.place
    is_unexplained = not evening.after["cancel_reason"] and "cancel_reason" not in evening.given.faulty
    if evening.after["status"] == "cancelled" and is_unexplained:
        yield f"{place}, cancel_reason: is missing; say why, for everybody who is told"
    for need in evening.after["ask_by"]:
        if need not in needs:
            yield f"{place}, ask_by, {shown(need)}: is not an access need; write one of {', '.join(needs)}"
    if ends:
        yield from _too_late(evening, max(ends), zone)


def _too_late(evening: Merged, end: datetime, zone: ZoneInfo) -> Iterator[str]:
    place, shape = evening.given.place, evening.given.shape
    for column in ("registration_closes_at", "questions_close_at"):
        if evening.after[column] and evening.after[column] > end:
            yield f"{place}, {shape.key_of(column)}: must not be after the end of the last sitting"
    last_day = end.astimezone(zone).date().isoformat()
    for need, day in evening.after["ask_by"].items():
        if day > last_day:
            yield f"{place}, ask_by, {shown(need)}: must not be after the day of the last sitting"
