"""Planning back from a closing instant."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from holidays import country_holidays

from engage.events.deadlines import allow_weeks, earliest_start_on, help_until

LONDON = ZoneInfo("Europe/London")
FREE_DAYS = country_holidays("GB", subdiv="ENG")
WEEKDAYS = "Monday to Friday, 9am to 5pm"


def local(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LONDON)


@pytest.mark.parametrize(
    ("hours", "closes_at", "until"),
    [
        (WEEKDAYS, local(2019, 10, 13, 23, 59), local(2019, 10, 11, 17)),  # a Sunday: the Friday before
        (WEEKDAYS, local(2027, 10, 13, 23, 59), local(2027, 10, 13, 17)),  # a Wednesday
        (WEEKDAYS, local(2027, 10, 13, 12), local(2027, 10, 13, 12)),  # closes while somebody is there
        (WEEKDAYS, local(2027, 10, 13, 9), local(2027, 10, 12, 17)),  # closes as the day begins
        (WEEKDAYS, local(2027, 3, 29, 23, 59), local(2027, 3, 25, 17)),  # Easter Monday, after Good Friday
        ("Tue and Thu 10:30 - 12:15", local(2027, 10, 13, 23, 59), local(2027, 10, 12, 12, 15)),
        ("Saturday to Sunday 10am-4pm", local(2027, 10, 13, 23, 59), local(2027, 10, 10, 16)),
        ("Friday to Monday, 10am to 4pm", local(2027, 10, 13, 23, 59), local(2027, 10, 11, 16)),
    ],
)
def test_last_staffed_hour_is_the_last_one_before_the_closing(hours: str, closes_at: datetime, until: datetime) -> None:
    assert help_until(hours, closes_at, LONDON, FREE_DAYS) == until


@pytest.mark.parametrize(
    "hours",
    [
        None,
        "",
        "Office hours",
        "9am to 5pm",
        "Monday",
        "Mon 9am to 11am and 2pm to 4pm",
        "Mon 5pm to 9am",
        "Mon 29:00 to 30:00",
    ],
)
def test_hours_that_say_nothing_exact_promise_nothing(hours: str | None) -> None:
    assert help_until(hours, local(2027, 10, 13, 23, 59), LONDON, FREE_DAYS) is None


def test_checks_that_follow_one_another_add_up() -> None:
    assert allow_weeks([{"code": "RV", "allow_weeks": 8}, {"code": "CTC", "allow_weeks": 8}]) == 16
    assert allow_weeks([{"code": "RV"}]) is None
    assert allow_weeks([]) is None


def test_earliest_start_is_the_monday_after_interviews_and_vetting() -> None:
    closes_at = datetime(2019, 10, 13, 22, 59, tzinfo=UTC)
    start = earliest_start_on(closes_at, [{"allow_weeks": 8}], LONDON)
    assert start == date(2019, 12, 23)
    assert start.weekday() == 0
    assert earliest_start_on(closes_at, [], LONDON) is None
