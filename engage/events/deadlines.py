"""What a closing instant means for somebody who wants to apply: planned backwards from it, without I/O."""

import re
from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
INTERVIEW_WEEKS = 2  # reckoned between the closing date and the choice; no source states a time
LONGEST_LOOK_BACK = 28  # days in which an office open at all was open once
DAYS = re.compile(
    r"\b(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b(?:\s*(?:to|-|–|until)\s*(mon|tue|wed|thu|fri|sat|sun)[a-z]*\b)?",
    re.IGNORECASE,
)
HOURS = re.compile(
    r"\b(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?\s*(?:to|-|–|until)\s*(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?\b", re.IGNORECASE
)


def help_until(hours: str | None, closes_at: datetime, zone: ZoneInfo, free_days: Container[date]) -> datetime | None:
    """The end of the last staffed hours before the closing instant; None where the hours say nothing exact.

    ``hours`` is what people read, such as "Monday to Friday, 9am to 5pm"; nobody is there on ``free_days``.
    """
    staffed = _staffed(hours or "")
    if staffed is None:
        return None
    weekdays, opens, shuts = staffed
    for day in _backwards(closes_at.astimezone(zone).date()):
        begin = datetime.combine(day, opens, zone)
        if day.weekday() in weekdays and day not in free_days and begin < closes_at:
            return min(datetime.combine(day, shuts, zone), closes_at)
    return None


def allow_weeks(vetting: Sequence[dict[str, Any]]) -> int | None:
    """Weeks to allow for all checks, which follow one another; None where no length is stated."""
    weeks = [check["allow_weeks"] for check in vetting if check.get("allow_weeks")]
    return sum(weeks) if weeks else None


def earliest_start_on(closes_at: datetime, vetting: Sequence[dict[str, Any]], zone: ZoneInfo) -> date | None:
    """The first Monday on which somebody could start: interviews and vetting after the closing date."""
    weeks = allow_weeks(vetting)
    if weeks is None:
        return None
    ready = closes_at.astimezone(zone).date() + timedelta(weeks=INTERVIEW_WEEKS + weeks)
    return ready + timedelta(days=-ready.weekday() % 7)


def _backwards(day: date) -> Iterator[date]:
    return (day - timedelta(days=number) for number in range(LONGEST_LOOK_BACK))


def _staffed(text: str) -> tuple[frozenset[int], time, time] | None:
    days, hours = list(DAYS.finditer(text)), list(HOURS.finditer(text))
    if not days or len(hours) != 1:
        return None
    weekdays = frozenset(number for match in days for number in _span(match.group(1), match.group(2)))
    opens, shuts = _clock(*hours[0].group(1, 2, 3)), _clock(*hours[0].group(4, 5, 6))
    return (weekdays, opens, shuts) if opens and shuts and opens < shuts else None


def _span(first: str, last: str | None) -> Iterator[int]:
    start, end = WEEKDAYS.index(first.lower()), WEEKDAYS.index((last or first).lower())
    return (number % 7 for number in range(start, start + (end - start) % 7 + 1))


def _clock(hour: str, minute: str | None, half: str | None) -> time | None:
    number = int(hour)
    if half:
        number = number % 12 + (12 if half.lower() == "pm" else 0)
    return time(number, int(minute or 0)) if number < 24 and int(minute or 0) < 60 else None
