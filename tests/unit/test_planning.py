"""When waves are prepared, consulted about and opened: by the working days of England and the clock on the wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.bank_holidays import bank_holidays
from engage.surveys.waves.planning import AHEAD, consultation_ends_at, next_dates, opening_at, series_dates

LONDON = ZoneInfo("Europe/London")
FREE = bank_holidays()
instants = st.datetimes(datetime(2025, 1, 1), datetime(2030, 12, 31), timezones=st.just(LONDON))  # noqa: DTZ001


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=LONDON)  # type: ignore[misc, arg-type]


def is_working(day: date) -> bool:
    return day.weekday() < 5 and day not in FREE


def test_ten_working_days_leave_out_weekends_and_easter() -> None:
    assert consultation_ends_at(datetime(2027, 3, 15, 9, tzinfo=UTC), LONDON, FREE) == local(2027, 4, 1)


def test_the_day_on_which_it_begins_does_not_count_even_at_night() -> None:
    late = datetime(2027, 6, 6, 23, 30, tzinfo=UTC)  # half past midnight on Monday, by the clock on the wall
    assert consultation_ends_at(late, LONDON, FREE) == local(2027, 6, 22)


@given(instants)
def test_a_consultation_has_ten_working_days_whole(began_at: datetime) -> None:
    ends_at = consultation_ends_at(began_at, LONDON, FREE)
    span = (ends_at.date() - began_at.date()).days
    days = [began_at.date() + timedelta(days=number) for number in range(1, span)]
    assert sum(map(is_working, days)) == 10
    assert is_working(days[-1])
    assert ends_at.astimezone(LONDON).time() == time()


@given(instants, instants)
def test_a_wave_opens_as_planned_or_on_the_next_working_morning(opens_at: datetime, began_at: datetime) -> None:
    at, ends_at = opening_at(opens_at, began_at, LONDON, FREE), consultation_ends_at(began_at, LONDON, FREE)
    assert at >= max(opens_at, ends_at)
    if at != opens_at:
        assert is_working(at.date())
        assert at.time() == time(9)
        assert at - ends_at < timedelta(days=6)


@pytest.mark.parametrize(
    ("month", "opens", "closes"),
    [
        ((2027, 4), (2027, 4, 12, 9), (2027, 4, 30, 17)),
        ((2026, 10), (2026, 10, 12, 9), (2026, 10, 30, 17)),
        ((2023, 4), (2023, 4, 11, 9), (2023, 4, 28, 17)),  # the second Monday is Easter Monday
    ],
)
def test_a_series_opens_on_a_working_morning_early_in_the_month(
    month: tuple[int, int], opens: tuple[int, ...], closes: tuple[int, ...]
) -> None:
    dates = series_dates(*month, LONDON, FREE)
    assert (dates.opens_at, dates.closes_at) == (local(*opens), local(*closes))
    assert dates.results_by > dates.closes_at.date()


def test_a_wave_is_prepared_four_weeks_ahead_and_not_once_it_should_be_open() -> None:
    opens_at = local(2027, 4, 12, 9)
    ahead = (opens_at.astimezone(UTC) - AHEAD).astimezone(LONDON)
    moment = timedelta(seconds=1)
    assert next_dates([4, 10], ahead - moment, LONDON, FREE) is None
    for now in (ahead, opens_at - moment):
        assert (dates := next_dates([4, 10], now, LONDON, FREE))
        assert dates.opens_at == opens_at
    assert next_dates([4, 10], opens_at, LONDON, FREE) is None


def test_a_wave_of_january_is_prepared_in_december() -> None:
    assert (dates := next_dates([1], local(2026, 12, 20), LONDON, FREE))
    assert dates.opens_at == local(2027, 1, 11, 9)


@given(instants, st.sets(st.integers(1, 12)))
def test_what_is_prepared_lies_ahead_in_a_month_of_the_series(now: datetime, months: set[int]) -> None:
    dates = next_dates(months, now, LONDON, FREE)
    if dates is not None:
        assert dates.opens_at.month in months
        assert now < dates.opens_at < dates.closes_at
        assert dates.opens_at.astimezone(UTC) - now.astimezone(UTC) <= AHEAD
