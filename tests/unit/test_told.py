"""What may still be said of a wave: no link after the close, and nothing that has changed since it was written."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from engage.surveys.mail.told import (
    ANNOUNCED,
    CLOSED,
    EXTENDED,
    INVITED,
    POSTPONED,
    PUBLISHED,
    REMINDED,
    TO_ALL,
    VOIDED,
    Told,
    announcement,
    closing,
    is_true,
    results,
)

OPENS_AT, CLOSES_AT = datetime(2027, 4, 12, 8, tzinfo=UTC), datetime(2027, 4, 30, 16, tzinfo=UTC)
RESULTS_BY = date(2027, 5, 31)
MOMENT = timedelta(microseconds=1)
DETAILS = announcement(OPENS_AT, OPENS_AT) | closing(CLOSES_AT) | results(RESULTS_BY)


@dataclass
class Wave:
    status: str
    opens_at: datetime = OPENS_AT
    closes_at: datetime = CLOSES_AT
    results_by: date | None = RESULTS_BY


@pytest.mark.parametrize(
    ("told", "statuses"),
    [
        (ANNOUNCED, {"draft", "consulting"}),
        (INVITED, {"open"}),
        (REMINDED, {"open"}),
        (EXTENDED, {"open"}),
        (POSTPONED, {"closed", "tallied"}),
        (CLOSED, {"closed", "tallied"}),
        (PUBLISHED, {"published"}),
        (VOIDED, {"void"}),
    ],
    ids=lambda given: given.kind if isinstance(given, Told) else "",
)
def test_each_kind_is_true_while_the_wave_is_what_it_says(told: Told, statuses: set[str]) -> None:
    every = ("draft", "consulting", "open", "closed", "tallied", "published", "void")
    assert {status for status in every if is_true(told, Wave(status), DETAILS, OPENS_AT)} == statuses


@pytest.mark.parametrize("told", [told for told in TO_ALL if told.has_link], ids=lambda told: told.kind)
def test_no_link_is_sent_from_the_closing_instant_on(told: Told) -> None:
    assert is_true(told, Wave("open"), DETAILS, CLOSES_AT - MOMENT)
    assert not is_true(told, Wave("open"), DETAILS, CLOSES_AT)


@pytest.mark.parametrize("told", [told for told in TO_ALL if told.has_link], ids=lambda told: told.kind)
def test_a_moved_close_overtakes_all_but_the_invitation(told: Told) -> None:
    moved = Wave("open", closes_at=CLOSES_AT + timedelta(days=1))
    assert is_true(told, moved, DETAILS, OPENS_AT) is (told is INVITED)


def test_moved_opening_and_moved_results_overtake_what_named_them() -> None:
    assert not is_true(ANNOUNCED, Wave("consulting", opens_at=OPENS_AT + MOMENT), DETAILS, OPENS_AT)
    for told in (CLOSED, POSTPONED):
        assert not is_true(told, Wave("closed", results_by=None), DETAILS, CLOSES_AT)
        assert is_true(told, Wave("closed", results_by=None), results(None), CLOSES_AT)
