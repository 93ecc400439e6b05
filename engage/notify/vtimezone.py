"""A time zone as calendars read it, small: its yearly rules, and not the dates of a century. Pure."""

from bisect import bisect_left
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import icalendar

_YEARS_TO_TELL_RULES_APART = 8  # the last Sunday of a month may be its fourth for years on end
_WEEK = 7 * 24 * 60 * 60
_Observance = tuple[timedelta, timedelta, str]  # UTC offsets before and after its onsets, and its name


def vtimezone(zone: ZoneInfo, first: int, last: int) -> icalendar.Timezone:
    """The zone in these years, as RFC 5545 (3.6.5): a yearly rule as RRULE, other onsets as their dates."""
    years = range(first, max(last, first + _YEARS_TO_TELL_RULES_APART) + 1)
    timezone = icalendar.Timezone()
    timezone.add("TZID", zone.key)
    for (before, after, name), onsets in _observances(zone, years).items():
        part = icalendar.TimezoneDaylight() if after > before else icalendar.TimezoneStandard()
        part.DTSTART, part.TZOFFSETFROM, part.TZOFFSETTO = onsets[0], before, after
        part.add("TZNAME", name)
        if len(onsets) == len(years) and (rule := _yearly_rule(onsets)):
            part.add("RRULE", rule)
        elif onsets[1:]:
            part.add("RDATE", onsets[1:])
        timezone.add_component(part)
    return timezone


@lru_cache(maxsize=64)
def _observances(zone: ZoneInfo, years: range) -> dict[_Observance, list[datetime]]:
    """The onsets, in the wall time before each; the first year begins with one where it has no other."""

    def at(second: int) -> tuple[timedelta, str]:
        local = datetime.fromtimestamp(second, zone)
        return local.utcoffset() or timedelta(0), local.tzname() or ""

    start, stop = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (years[0], years[-1] + 1))
    found: dict[_Observance, list[datetime]] = {}
    for week in range(start, stop, _WEEK):
        if at(week)[0] != at(week + _WEEK)[0]:
            second = week + bisect_left(range(week, week + _WEEK), True, key=lambda it: at(it)[0] != at(week)[0])
            wall = datetime.fromtimestamp(second, UTC).replace(tzinfo=None) + at(week)[0]
            found.setdefault((at(week)[0], *at(second)), []).append(wall)
    if all(onsets[0].year > years[0] for onsets in found.values()):
        offset, name = at(start)
        found = {(offset, offset, name): [datetime.fromtimestamp(start, UTC).replace(tzinfo=None)]} | found
    return found


def _yearly_rule(onsets: Sequence[datetime]) -> icalendar.vRecur | None:
    """The nth or the last such weekday of one month at one time of day, or None where the onsets are not so."""
    weeks = {(onset.day + 6) // 7 for onset in onsets}
    are_last = all(onset.day + 7 > monthrange(onset.year, onset.month)[1] for onset in onsets)
    if len({(onset.month, onset.weekday(), onset.time()) for onset in onsets}) > 1 or (len(weeks) > 1 and not are_last):
        return None
    weekday = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[onsets[0].weekday()]
    return icalendar.vRecur(freq="YEARLY", bymonth=onsets[0].month, byday=f"{-1 if are_last else weeks.pop()}{weekday}")
