"""Lists of who is expected and who came: for the evening, and then for nobody, since those who select may run it."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from engage.errors import ListsClosed
from engage.events.models import OpenEvening
from engage.wording import instant

CLOSE_AT = time(12)  # of the day after, by when a list on paper is typed in
CLOSED = (
    "The lists of names for this open evening were closed at {when}. They were for the doors and for safety, "
    "and are no record of who came."
)


def close_at(evening: OpenEvening, zone: ZoneInfo) -> datetime | None:
    """When its lists close: at noon of the day after the last sitting; None while it has no sitting."""
    if not evening.slots:
        return None
    last = max(slot.ends_at for slot in evening.slots).astimezone(zone).date()
    return datetime.combine(last + timedelta(days=1), CLOSE_AT, zone)


def why_closed(evening: OpenEvening, now: datetime, zone: ZoneInfo) -> str | None:
    """Why nobody sees the lists any more, as sentences; None while they are open."""
    closes = close_at(evening, zone)
    return None if closes is None or now < closes else CLOSED.format(when=instant(closes, zone))


def refuse_if_closed(evening: OpenEvening, now: datetime, zone: ZoneInfo) -> None:
    """Raises ListsClosed."""
    if reason := why_closed(evening, now, zone):
        raise ListsClosed(reason)
