"""Which of the instants before a closing is due. Pure."""

from collections.abc import Iterable
from datetime import datetime


def last_passed(instants: Iterable[datetime], now: datetime) -> datetime | None:
    """The latest instant that has come, None before the first."""
    return max((instant for instant in instants if instant <= now), default=None)


def due_at(
    instants: Iterable[datetime], *, closes_at: datetime, set_at: datetime | None, now: datetime
) -> datetime | None:
    """The instant whose reminder is due, None where none is.

    Of several that have come only the latest counts. One that had come when the closing was set (``set_at``, None:
    always known) is not made up for, and nothing is due once it is closed.
    """
    latest = last_passed(instants, now)
    if latest is None or closes_at <= now or (set_at is not None and latest <= set_at):
        return None
    return latest
