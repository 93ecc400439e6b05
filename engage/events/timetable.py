"""The instants around an evening and before a closing date, as an evening's ``timing`` sets them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engage.notify.timing import mornings_before

LIMITS: Mapping[str, tuple[int, int]] = {  # hours, the first and the last that make sense
    "reminder_hour": (0, 23),
    "coming_hours_before": (3, 24 * 14),
    "release_hours_before": (2, 24 * 14),
    "thanks_hours_after": (0, 24 * 28),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """When messages about one evening are due; hours before and after are of real time, the reminder's is local."""

    zone: ZoneInfo
    reminder_hour: int = 9
    coming_hours_before: int = 48
    release_hours_before: int = 24
    thanks_hours_after: int = 14

    def reminders_at(self, closes_at: datetime, days_before: Iterable[int]) -> list[datetime]:
        """The instants at which a closing date is reminded of, in order: those days before its local day."""
        return mornings_before(closes_at, days_before, self.reminder_hour, self.zone)

    def coming_at(self, starts_at: datetime) -> datetime:
        """When people with a place in a sitting are asked whether they are still coming."""
        return starts_at - timedelta(hours=self.coming_hours_before)

    def release_at(self, starts_at: datetime) -> datetime:
        """When places that nobody confirmed begin to be offered on, if people wait."""
        return starts_at - timedelta(hours=self.release_hours_before)

    def thanks_at(self, ends_at: datetime) -> datetime:
        """When people are thanked and sent the materials; ``ends_at`` is the end of the last sitting."""
        return ends_at + timedelta(hours=self.thanks_hours_after)


def furthest(key: str) -> timedelta:
    """How far from a sitting what is named so can be for any evening: whoever looks for it looks no further."""
    return timedelta(hours=LIMITS[key][1])


def timetable_of(timing: Mapping[str, int], zone: ZoneInfo) -> Timetable:
    """The timetable of an evening whose ``timing`` names what differs from the usual."""
    return Timetable(zone=zone, **timing)
