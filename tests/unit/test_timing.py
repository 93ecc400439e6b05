"""Which reminder is due: each once while anybody ticks, none late, none after the closing."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage.notify.timing import due_at, last_passed

START = datetime(2027, 3, 1, tzinfo=UTC)


def at(hours: int) -> datetime:
    return START + timedelta(hours=hours)


def due(instants: list[int], now: int, *, closes: int = 100, known_from: int | None = None) -> datetime | None:
    set_at = None if known_from is None else at(known_from)
    return due_at([at(hour) for hour in instants], closes_at=at(closes), set_at=set_at, now=at(now))


def test_reminder_is_due_from_its_instant_until_the_closing() -> None:
    found = [due([50], now) for now in (49, 50, 99, 100)]
    assert found == [None, at(50), at(50), None]


def test_of_several_that_have_come_only_the_latest_is_due() -> None:
    assert due([10, 90, 50], 60) == at(50)
    assert last_passed([at(10), at(90), at(50)], at(60)) == at(50)


def test_reminder_whose_time_was_over_when_the_closing_was_set_is_not_made_up_for() -> None:
    assert due([10, 50], 30, known_from=10) is None
    assert due([10, 50], 30, known_from=9) == at(10)
    assert due([10, 50], 50, known_from=30) == at(50)


def test_nothing_is_due_without_reminders() -> None:
    assert due([], 50) is None
    assert last_passed([], at(50)) is None


hours = st.integers(0, 60)


@given(instants=st.lists(hours, max_size=5), closes=hours, known_from=hours, ticks=st.lists(hours, max_size=12))
def test_ticks_at_any_times_find_what_a_plain_model_finds(
    instants: list[int], closes: int, known_from: int, ticks: list[int]
) -> None:
    found = [due(instants, tick, closes=closes, known_from=known_from) for tick in ticks]
    for tick, answer in zip(ticks, found, strict=True):
        passed = [hour for hour in instants if hour <= tick]
        is_due = tick < closes and passed and max(passed) > known_from
        assert answer == (at(max(passed)) if is_due else None)


@given(instants=st.lists(hours, max_size=5), closes=hours, known_from=hours)
def test_ticking_every_hour_finds_each_reminder_and_no_other(instants: list[int], closes: int, known_from: int) -> None:
    found = {due(instants, tick, closes=closes, known_from=known_from) for tick in range(61)} - {None}
    assert found == {at(hour) for hour in instants if known_from < hour < closes}
