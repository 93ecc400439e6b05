"""How dates, times, numbers and plain texts are worded in pages and messages: British, for people, in the venue's zone.

Pure: instants are aware, and ``zone`` is that of the venue. ``filters`` gives the same functions to templates.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

UNITS = (("day", "days", 86_400), ("hour", "hours", 3_600), ("minute", "minutes", 60), ("second", "seconds", 1))


def date(value: dt.date | dt.datetime, zone: ZoneInfo) -> str:
    """ "Friday 24 September 2027": the day of an instant at the venue, or a date as it is."""
    day = value.astimezone(zone) if isinstance(value, dt.datetime) else value
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def time(value: dt.datetime | dt.time | str, zone: ZoneInfo) -> str:
    """ "6pm", "6:30pm", "midday" or "midnight" (the first minute of a day); a string is a local "18:30"."""
    clock = _clock(value, zone)
    if clock.minute == 0 and clock.hour in (0, 12):
        return "midday" if clock.hour else "midnight"
    minutes = f":{clock.minute:02}" if clock.minute else ""
    return f"{(clock.hour - 1) % 12 + 1}{minutes}{'pm' if clock.hour >= 12 else 'am'}"


def instant(value: dt.datetime, zone: ZoneInfo) -> str:
    """ "11:59pm on Wednesday 13 October 2027"."""
    return f"{time(value, zone)} on {date(value, zone)}"


def period(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> str:
    """ "6pm to 7pm"; over midnight both ends say their day."""
    if start.astimezone(zone).date() == end.astimezone(zone).date():
        return f"{time(start, zone)} to {time(end, zone)}"
    return f"{instant(start, zone)} to {instant(end, zone)}"


def iso(value: dt.date | dt.datetime, zone: ZoneInfo) -> str:
    """What stands in the ``datetime`` attribute of ``<time>``: local time with its offset, or a date."""
    if isinstance(value, dt.datetime):
        return value.astimezone(zone).isoformat(timespec="minutes")
    return value.isoformat()


def duration(value: dt.timedelta) -> str:
    """ "2 hours", "1 hour 30 minutes": the two largest units, rounded down; nothing is below a second."""
    seconds = max(int(value.total_seconds()), 0)
    parts = []
    for one, many, size in UNITS:
        count, seconds = divmod(seconds, size)
        parts.append(plural(count, one, many) if count else "")
    first = next((number for number, part in enumerate(parts) if part), len(parts) - 1)
    return " ".join(part for part in parts[first : first + 2] if part) or "0 seconds"


def plural(count: int, one: str, many: str) -> str:
    """ "1 place", "3 places", "1,000 places"."""
    return f"{count:,} {one if count == 1 else many}"


def prose(text: str) -> Markup:
    """Plain text as HTML: "## " and "### " begin headings (h3, h4), "- " items of a list."""
    blocks = (block.strip("\n") for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n")))
    return Markup("\n").join(_element(*run) for block in blocks if block.strip() for run in _runs(block))


def filters(zone: ZoneInfo) -> Mapping[str, Callable[..., Any]]:
    """The functions of this file by name, for a template environment of that zone."""
    zoned: tuple[Callable[..., str], ...] = (date, time, instant, period, iso)
    return {each.__name__: partial(each, zone=zone) for each in zoned} | {
        "duration": duration,
        "plural": plural,
        "prose": prose,
    }


def _clock(value: dt.datetime | dt.time | str, zone: ZoneInfo) -> dt.time:
    if isinstance(value, str):
        return dt.time.fromisoformat(value)
    return value.astimezone(zone).time() if isinstance(value, dt.datetime) else value


def _mark(line: str) -> str:
    return next((mark for mark in ("### ", "## ", "- ") if line.startswith(mark)), "")


def _runs(block: str) -> list[tuple[str, list[str]]]:
    """Neighbouring lines of one kind, without their marks; each heading by itself."""
    runs: list[tuple[str, list[str]]] = []
    for mark, lines in groupby(block.split("\n"), key=_mark):
        bare = [line.removeprefix(mark).strip() for line in lines]
        runs.extend([(mark, [line]) for line in bare] if mark.startswith("#") else [(mark, bare)])
    return runs


def _element(mark: str, lines: list[str]) -> Markup:
    if mark == "- ":
        items = Markup("").join(Markup("<li>{}</li>").format(line) for line in lines)
        return Markup('<ul class="govuk-list govuk-list--bullet">{}</ul>').format(items)
    if mark:
        level, size = (3, "m") if mark == "## " else (4, "s")
        return Markup('<h{0} class="govuk-heading-{1}">{2}</h{0}>').format(level, size, lines[0])
    return Markup('<p class="govuk-body">{}</p>').format(escape(" ".join(lines)))
