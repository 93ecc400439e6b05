"""Who gets a place, who is next, how long an offer is held."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from engage.events import rules

STARTS_AT = datetime(2027, 2, 24, 18, tzinfo=UTC)


@dataclass
class Waiting:
    turn: int
    party: int


LINES = st.lists(st.builds(Waiting, st.integers(1, 1000), st.integers(1, 2)), unique_by=lambda each: each.turn)


@given(LINES, st.integers(0, 5))
def test_only_the_first_in_line_is_ever_next(line: list[Waiting], free: int) -> None:
    found = rules.next_in_line(line, free)
    first = sorted(line, key=lambda each: each.turn)[:1]
    assert found is None or [found] == first
    assert (found is not None) == (bool(first) and first[0].party <= free)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(1, 2))
def test_a_newcomer_overtakes_nobody(free: int, waiting: int, party: int) -> None:
    assert rules.has_room(free, waiting, party) == (waiting == 0 and free >= party)


@given(st.integers(0, 60 * 24 * 30))
def test_an_offer_is_held_shorter_as_the_evening_nears_and_never_past_an_hour_before(minutes: int) -> None:
    now = STARTS_AT - timedelta(minutes=minutes)
    until, later = rules.offer_expires_at(now, STARTS_AT), rules.offer_expires_at(now + timedelta(minutes=1), STARTS_AT)
    if until is None:
        assert minutes <= 60
        return
    assert now < until <= min(now + timedelta(hours=24), STARTS_AT - timedelta(hours=1))
    if later is not None:
        assert later - (now + timedelta(minutes=1)) <= until - now


def test_an_offer_is_held_for_a_day_where_there_is_time() -> None:
    now = STARTS_AT - timedelta(days=10)
    assert rules.offer_expires_at(now, STARTS_AT) == now + timedelta(hours=24)


def test_an_evening_closes_by_its_status_its_date_or_its_end() -> None:
    now = STARTS_AT - timedelta(days=1)
    assert rules.why_closed("published", None, STARTS_AT, now) is None
    assert "cancelled" in (rules.why_closed("cancelled", None, STARTS_AT, now) or "")
    assert "closed" in (rules.why_closed("published", now, STARTS_AT, now) or "")
    assert "over" in (rules.why_closed("published", None, STARTS_AT, STARTS_AT) or "")
    assert "over" in (rules.why_closed("published", None, None, now) or "")
