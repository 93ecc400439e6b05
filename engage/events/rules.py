"""What is decided about places, without I/O: who gets one, who is next, and how long an offer is held."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate, takewhile
from typing import Protocol, TypeVar

LONGEST_HOLD = timedelta(hours=24)
SHORTEST_HOLD = timedelta(minutes=15)
SHARE_OF_TIME_LEFT = 4  # an offer is held for at most a quarter of the time that is left to give the place to others
LAST_HOLD_BEFORE_START = timedelta(hours=1)

PLACED = frozenset({"confirmed", "attended"})
QUEUED = frozenset({"waiting", "offered"})
LIVE = PLACED | QUEUED


class Party(Protocol):
    """Somebody, and whom they bring."""

    @property
    def party(self) -> int: ...


class InLine(Party, Protocol):
    """Somebody's place in a queue; ``turn`` rises in the order of commit."""

    turn: int


Anyone = TypeVar("Anyone", bound=InLine)
Placed = TypeVar("Placed", bound=Party)


def seats_left(capacity: int, held: int) -> int:
    """Places neither given nor offered."""
    return capacity - held


def has_room(free: int, waiting: int, party: int) -> bool:
    """Whether a newcomer gets a place at once: nobody overtakes those who wait, even where they need one more."""
    return waiting == 0 and free >= party


def next_in_line(line: Sequence[Anyone], free: int) -> Anyone | None:
    """The first in line, if what is free is enough for them and whom they bring."""
    first = min(line, key=lambda each: each.turn, default=None)
    return first if first is not None and first.party <= free else None


def whom_to_release(line: Sequence[InLine], unconfirmed: Sequence[Placed], free: int) -> list[Placed]:
    """Whose unconfirmed places are needed for those in line, beside the ``free`` ones: the first of ``unconfirmed``.

    Nobody is released for somebody who would have to wait all the same, nor where the others' places are enough.
    """
    most = free + sum(held.party for held in unconfirmed)
    needed = accumulate(each.party for each in sorted(line, key=lambda each: each.turn))
    return _just_enough(unconfirmed, max(takewhile(lambda places: places <= most, needed), default=0) - free)


def offer_expires_at(now: datetime, starts_at: datetime) -> datetime | None:
    """Until when a place offered now is held; None when it is too late to offer one.

    A day where there is time, a quarter of the time left where there is less, and never past one hour before the start.
    """
    end = starts_at - LAST_HOLD_BEFORE_START
    if now >= end:
        return None
    hold = max(SHORTEST_HOLD, min(LONGEST_HOLD, (end - now) / SHARE_OF_TIME_LEFT))
    return min(now + hold, end)


def why_closed(
    status: str, registration_closes_at: datetime | None, last_start: datetime | None, now: datetime
) -> str | None:
    """Why nobody can register for an evening any more, as a sentence; None while they can."""
    if status == "cancelled":
        return "This open evening has been cancelled."
    if last_start is None or now >= last_start:
        return "This open evening is over."
    if registration_closes_at is not None and now >= registration_closes_at:
        return "Registration for this open evening has closed."
    return None


def _just_enough(unconfirmed: Sequence[Placed], need: int) -> list[Placed]:
    """The first whose places are enough; where a pair makes it one too many, the last who is alone is spared."""
    chosen: list[Placed] = []
    for held in unconfirmed:
        if need > 0:
            chosen.append(held)
            need -= held.party
    spared = [held for held in chosen if held.party <= -need][-1:]
    return [held for held in chosen if held not in spared]
