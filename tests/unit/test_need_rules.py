"""By when access needs have to be arranged, who is reminded, and what is shown of how many came and applied."""

from datetime import date

import pytest

from engage.events.conversion import Conversion, rounded
from engage.events.need_rules import NEXT, STATES, due_on, is_to_be_reminded

EVENING = date(2027, 2, 24)
ASK_BY = {"bsl": "2027-02-10"}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("bsl", None, date(2027, 2, 10)),
        ("bsl", date(2027, 2, 20), date(2027, 2, 20)),
        ("hearing_loop", None, date(2027, 2, 21)),
        ("hearing_loop", date(2027, 2, 1), date(2027, 2, 1)),
    ],
)
def test_need_is_due_on_the_day_given_or_stated_or_some_days_before(
    kind: str, given: date | None, expected: date
) -> None:
    assert due_on(kind, ASK_BY, given, EVENING) == expected


@pytest.mark.parametrize(
    ("state", "today", "expected"),
    [
        ("asked", 7, False),
        ("asked", 8, True),
        ("arranged", 8, True),
        ("asked", 20, True),
        ("confirmed", 20, False),
        ("refused", 20, False),
    ],
)
def test_reminders_begin_two_days_before_and_end_when_it_is_dealt_with(state: str, today: int, expected: bool) -> None:
    assert is_to_be_reminded(state, date(2027, 2, 10), date(2027, 2, today)) is expected


def test_nobody_hears_that_it_is_confirmed_before_it_is_arranged() -> None:
    assert [state for state, after in NEXT.items() if "confirmed" in after] == ["arranged"]
    assert set(NEXT) == set(STATES)


@pytest.mark.parametrize(
    ("registered", "came", "applied", "expected"),
    [
        (100, 62, 31, Conversion(100, 60, 30)),
        (100, 9, 3, Conversion(100, None, None)),
        (100, 91, 40, Conversion(100, None, None)),
        (100, 62, 9, Conversion(100, 60, None)),
        (100, 62, 53, Conversion(100, 60, None)),
        (0, 0, 0, Conversion(0, None, None)),
    ],
)
def test_conversion_tells_nothing_about_few(registered: int, came: int, applied: int, expected: Conversion) -> None:
    assert rounded(registered, came, applied) == expected
