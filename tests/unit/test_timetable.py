"""Instants around an evening: local hours whatever the clocks do, and never at or after what they come before."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.events.timetable import Timetable, timetable_of

LONDON = ZoneInfo("Europe/London")
USUAL = Timetable(zone=LONDON)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LONDON)


@pytest.mark.parametrize(
    ("closes_at", "first", "last"),
    [
        (local("2027-03-14T23:59"), "2027-03-07T09:00Z", "2027-03-13T09:00Z"),
        (local("2028-03-27T23:59"), "2028-03-20T09:00Z", "2028-03-26T08:00Z"),  # the clocks went forward on the 26th
        (local("2028-10-30T23:59"), "2028-10-23T08:00Z", "2028-10-29T09:00Z"),  # and back on the 29th
        (local("2028-07-01T00:30"), "2028-06-24T08:00Z", "2028-06-30T08:00Z"),  # in UTC it closes a day earlier
    ],
    ids=["winter", "spring", "autumn", "after midnight"],
)
def test_reminders_are_at_nine_by_the_clock_on_the_wall(closes_at: datetime, first: str, last: str) -> None:
    instants = USUAL.reminders_at(closes_at, [1, 7])
    assert [f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}" for instant in instants] == [first, last]


def test_hour_that_a_night_skips_or_repeats_comes_once() -> None:
    early = Timetable(zone=LONDON, reminder_hour=1)
    assert early.reminders_at(local("2028-03-27T12:00"), [1]) == [datetime(2028, 3, 26, 1, 0, tzinfo=UTC)]
    assert early.reminders_at(local("2028-10-30T12:00"), [1]) == [datetime(2028, 10, 29, 0, 0, tzinfo=UTC)]


def test_day_of_closing_itself_counts_only_before_the_hour_of_closing() -> None:
    assert USUAL.reminders_at(local("2027-03-14T09:01"), [0]) == [local("2027-03-14T09:00")]
    assert USUAL.reminders_at(local("2027-03-14T09:00"), [0]) == []


def test_instants_around_an_evening_are_hours_of_real_time() -> None:
    starts_at = datetime(2028, 3, 27, 17, 0, tzinfo=UTC)
    assert USUAL.coming_at(starts_at) == datetime(2028, 3, 25, 17, 0, tzinfo=UTC)
    assert USUAL.release_at(starts_at) == datetime(2028, 3, 26, 17, 0, tzinfo=UTC)
    assert USUAL.thanks_at(starts_at) == datetime(2028, 3, 28, 7, 0, tzinfo=UTC)


def test_evening_says_what_differs_from_the_usual() -> None:
    given = timetable_of({"reminder_hour": 7, "thanks_hours_after": 0}, LONDON)
    assert given == Timetable(zone=LONDON, reminder_hour=7, thanks_hours_after=0)
    assert timetable_of({}, LONDON) == USUAL


@given(
    closes_at=st.integers(1_577_836_800, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    days=st.lists(st.integers(0, 365), max_size=6),
    hour=st.integers(0, 23),
)
def test_reminders_are_on_their_days_in_order_and_before_the_closing(
    closes_at: datetime, days: list[int], hour: int
) -> None:
    instants = Timetable(zone=LONDON, reminder_hour=hour).reminders_at(closes_at, days)
    closes_on = closes_at.astimezone(LONDON).date()
    on = [instant.astimezone(UTC).astimezone(LONDON).date() for instant in instants]
    assert instants == sorted(set(instants))
    assert all(instant < closes_at for instant in instants)
    assert set(on) <= {closes_on - timedelta(days=number) for number in days}
    assert {closes_on - timedelta(days=number) for number in days} - set(on) <= {closes_on}
    assert all(_hours(instant, on_day) in (hour, hour + 1) for instant, on_day in zip(instants, on, strict=True))


def _hours(instant: datetime, day: date) -> int:
    """By the clock on the wall; an hour that the night skips shows as the next."""
    shown = instant.astimezone(UTC).astimezone(LONDON)
    assert shown.date() == day
    return shown.hour
