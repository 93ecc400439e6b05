"""Dates, times and numbers read as people say them, in the venue's zone; plain text becomes safe HTML."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from engage import wording

LONDON = ZoneInfo("Europe/London")
SUMMER = dt.datetime(2027, 9, 24, 17, 0, tzinfo=dt.UTC)


def test_date_is_that_of_the_venue() -> None:
    assert wording.date(dt.datetime(2027, 9, 23, 23, 30, tzinfo=dt.UTC), LONDON) == "Friday 24 September 2027"
    assert wording.date(dt.date(2027, 9, 4), LONDON) == "Saturday 4 September 2027"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("00:00", "midnight"),
        ("00:05", "12:05am"),
        ("09:00", "9am"),
        ("11:59", "11:59am"),
        ("12:00", "midday"),
        ("12:30", "12:30pm"),
        ("18:00", "6pm"),
        ("18:30", "6:30pm"),
        (dt.time(23, 59), "11:59pm"),
        (SUMMER, "6pm"),
        (SUMMER.replace(month=12), "5pm"),
    ],
)
def test_time_is_said_without_needless_zeros(value: dt.datetime | dt.time | str, said: str) -> None:
    assert wording.time(value, LONDON) == said


def test_instant_says_time_then_day() -> None:
    closes = dt.datetime(2027, 10, 13, 22, 59, tzinfo=dt.UTC)
    assert wording.instant(closes, LONDON) == "11:59pm on Wednesday 13 October 2027"


def test_period_says_its_days_only_over_midnight() -> None:
    assert wording.period(SUMMER, SUMMER + dt.timedelta(hours=1), LONDON) == "6pm to 7pm"
    assert wording.period(SUMMER, SUMMER + dt.timedelta(hours=7), LONDON) == (
        "6pm on Friday 24 September 2027 to 1am on Saturday 25 September 2027"
    )


def test_machine_time_keeps_the_offset() -> None:
    assert wording.iso(SUMMER, LONDON) == "2027-09-24T18:00+01:00"
    assert wording.iso(dt.date(2027, 9, 24), LONDON) == "2027-09-24"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 seconds"),
        (59, "59 seconds"),
        (5_400, "1 hour 30 minutes"),
        (86_400, "1 day"),
        (86_460, "1 day"),
        (200_000, "2 days 7 hours"),
    ],
)
def test_duration_names_its_two_largest_units(seconds: int, said: str) -> None:
    assert wording.duration(dt.timedelta(seconds=seconds)) == said


def test_plural_agrees_with_its_number() -> None:
    counts = [wording.plural(count, "place", "places") for count in (0, 1, 1000)]
    assert counts == ["0 places", "1 place", "1,000 places"]


def test_prose_makes_headings_lists_and_paragraphs() -> None:
    html = wording.prose("## Who\n\nOne line\nand its rest.\n- first\n- second\r\n\r\n### More\nLast.")
    assert html.split("\n") == [
        '<h3 class="govuk-heading-m">Who</h3>',
        '<p class="govuk-body">One line and its rest.</p>',
        '<ul class="govuk-list govuk-list--bullet"><li>first</li><li>second</li></ul>',
        '<h4 class="govuk-heading-s">More</h4>',
        '<p class="govuk-body">Last.</p>',
    ]


@pytest.mark.parametrize("mark", ["", "- ", "## "])
def test_prose_shows_markup_as_typed(mark: str) -> None:
    html = wording.prose(f"{mark}<script>{{0}} & 'x'")
    assert "<script>" not in html
    assert "&lt;script&gt;{0} &amp; &#39;x&#39;" in html


def test_filters_stand_in_the_zone_given() -> None:
    filters = wording.filters(ZoneInfo("America/New_York"))
    assert filters["time"](SUMMER) == "1pm"
    assert filters["period"](SUMMER, SUMMER + dt.timedelta(hours=1)) == "1pm to 2pm"
