"""Scores by hand, and against a second way of reckoning them: people one by one, with numpy."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.reports.scoring import index_margin, index_score, mean_error, share_error
from engage.surveys.reports.verify_release import mean, per_cent

ANSWERS = st.lists(st.integers(1, 5), min_size=5, max_size=5)
PEOPLE = st.lists(ANSWERS, min_size=2, max_size=60)


@pytest.mark.parametrize(
    ("sums", "score"),
    [
        ([5], 0.0),
        ([25], 100.0),
        ([15], 50.0),
        ([5, 25], 50.0),
        ([16], 55.0),
        ([24, 23, 23], 91.7),  # 95, 90 and 90 are 275 in all
        ([16, 15, 15, 15], 51.3),  # 51.25 is half a tenth: up
        ([17, *([15] * 39)], 50.3),  # 50.25
    ],
)
def test_index_is_the_mean_of_people_rounded_last_and_half_up(sums: list[int], score: float) -> None:
    assert index_score(Counter(sums), 5) == score


def test_index_of_nobody_is_none_and_of_one_has_no_margin() -> None:
    assert index_score({}, 5) is None
    assert index_margin({}, 5, 40) is None
    assert index_margin({15: 1}, 5, 40) is None


def test_margin_by_hand() -> None:
    index = {10: 4, 20: 4}  # scores 25 and 75: a mean of 50, a variance of 8 * 625 / 7
    error = math.sqrt(8 * 625 / 7 / 8)
    assert index_margin(index, 5, None) == round(1.959964 * error, 1)
    assert index_margin(index, 5, 16) == round(1.959964 * error * math.sqrt(0.5), 1)
    assert index_margin(index, 5, 8) == 0.0


@given(PEOPLE, st.integers(0, 100))
def test_index_and_margin_agree_with_people_reckoned_one_by_one(people: list[list[int]], silent: int) -> None:
    scores = (np.array(people) - 1).mean(axis=1) * 25
    index, invited = Counter(map(sum, people)), len(people) + silent
    assert index_score(index, 5) == pytest.approx(scores.mean(), abs=0.0501)
    error = math.sqrt(scores.var(ddof=1) / len(people) * (1 - len(people) / invited))
    assert index_margin(index, 5, invited) == pytest.approx(1.959964 * error, abs=0.0501)


@given(st.lists(st.booleans(), min_size=2, max_size=80))
def test_error_of_a_share_agrees_with_people_reckoned_one_by_one(positive: list[bool]) -> None:
    points = np.array(positive) * 100.0
    error = math.sqrt(points.var(ddof=1) / len(points))
    assert share_error(sum(positive), len(positive)) == pytest.approx(error, abs=1e-9)


@given(st.lists(st.integers(1, 5), min_size=2, max_size=80))
def test_error_of_a_mean_agrees_with_people_reckoned_one_by_one(answers: list[int]) -> None:
    points = np.array(answers) * 25.0
    counts = {str(point): answers.count(point) for point in range(1, 6)}
    assert mean_error(counts) == pytest.approx(math.sqrt(points.var(ddof=1) / len(points)), abs=1e-9)


@pytest.mark.parametrize(("part", "whole", "shown"), [(0, 7, 0), (7, 7, 100), (1, 8, 13), (1, 200, 1), (3, 8, 38)])
def test_per_cents_round_half_up(part: int, whole: int, shown: int) -> None:
    assert per_cent(part, whole) == shown


def test_per_cent_and_mean_of_nothing_are_none() -> None:
    assert per_cent(0, 0) is None
    assert mean([]) is None
    assert mean([60, 61]) == 61
    assert mean([60, 60, 61]) == 60
