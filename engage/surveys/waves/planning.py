"""When things happen to a wave: prepared, consulted about, opened, closed. Pure; ``free_days`` are bank holidays."""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UNOPENED = ("draft", "consulting")  # what a wave is before it has opened
AHEAD = timedelta(weeks=4)  # how long before its opening a wave is prepared and its consultation begins
WORKING_DAYS = 10  # of a consultation
A_MOMENT = timedelta(microseconds=1)  # before the midnight that ends a day
OPENS_AT, CLOSES_AT = time(9), time(17)
OPEN_DAYS = 18  # from a Monday to the Friday of the third week
RESULTS_DAYS = 31  # after the close


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a wave that a series plans; instants are aware, of the venue's zone."""

    opens_at: datetime
    closes_at: datetime
    results_by: date


def consultation_ends_at(began_at: datetime, zone: ZoneInfo, free_days: Container[date]) -> datetime:
    """The midnight that ends the tenth working day after the day on which the consultation began."""
    days = _working_days(began_at.astimezone(zone).date() + timedelta(days=1), free_days)
    last = [next(days) for _ in range(WORKING_DAYS)][-1]
    return datetime.combine(last + timedelta(days=1), time(), zone)


def opening_at(opens_at: datetime, began_at: datetime, zone: ZoneInfo, free_days: Container[date]) -> datetime:
    """When the wave opens by itself if nobody objects: as planned, or on the first working morning after that."""
    ends_at = consultation_ends_at(began_at, zone, free_days)
    if ends_at <= opens_at:
        return opens_at
    morning = datetime.combine(next(_working_days(ends_at.date(), free_days)), OPENS_AT, zone)
    return max(morning, opens_at)


def series_dates(year: int, month: int, zone: ZoneInfo, free_days: Container[date]) -> Dates:
    """A wave of that month: from its second Monday, or the next working day, to the Friday of the third week."""
    first = date(year, month, 1)
    monday = first + timedelta(days=-first.weekday() % 7, weeks=1)
    closes_on = monday + timedelta(days=OPEN_DAYS)
    return Dates(
        datetime.combine(next(_working_days(monday, free_days)), OPENS_AT, zone),
        datetime.combine(closes_on, CLOSES_AT, zone),
        closes_on + timedelta(days=RESULTS_DAYS),
    )


def next_dates(months: Iterable[int], now: datetime, zone: ZoneInfo, free_days: Container[date]) -> Dates | None:
    """The wave that has to be prepared now: the first that opens in the next four weeks. None between the seasons."""
    today, until, wanted = now.astimezone(zone).date(), now.astimezone(UTC) + AHEAD, set(months)
    for months_on in range(2):
        years, month = divmod(today.month - 1 + months_on, 12)
        dates = series_dates(today.year + years, month + 1, zone, free_days)
        if month + 1 in wanted and now < dates.opens_at <= until:
            return dates
    return None


def is_time_to_consult(opens_at: datetime, now: datetime) -> bool:
    """Whether a draft has come near enough to its opening, or past it, for its consultation to begin."""
    return now >= opens_at - AHEAD


def _working_days(first: date, free_days: Container[date]) -> Iterator[date]:
    """The days on which offices are open, from that day on."""
    day = first
    while True:
        if day.weekday() < 5 and day not in free_days:
            yield day
        day += timedelta(days=1)
