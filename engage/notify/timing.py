"""The instants before something, and which of them is due. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


def mornings_before(at: datetime, days_before: Iterable[int], hour: int, zone: ZoneInfo) -> list[datetime]:
    """That hour by the clock on the wall, so many days before the local day of ``at``: those before it, in order."""
    on = at.astimezone(zone).date()
    days = (on - timedelta(days=number) for number in set(days_before))
    local = (datetime.combine(day, time(hour), zone) for day in sorted(days))
    instants = (each.astimezone(UTC) for each in local)  # within one zone Python compares what clocks show
    return [instant for instant in instants if instant < at]


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
