"""Scores and how sure they are: the engagement index, per cent positive, and their standard errors. Pure.

Answers 1 to 5 count 0, 25, 50, 75 and 100 in the index; a person's score is the mean where they answered all of its
questions, a group's the mean of its people, rounded last. A margin is that of a simple random sample without
replacement (Cochran, Sampling Techniques, 1977, 2.6): where everybody answered there is none. Errors of what is
compared over time leave that correction out: people would not answer alike on another day, all of them or not.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import sqrt
from statistics import NormalDist

STEP = 25  # points of the index between two answers
Z = NormalDist().inv_cdf(0.975)  # of margins and intervals of 95 %


def index_score(index: Mapping[int, int], questions: int) -> float | None:
    """0 to 100 with one decimal, half up. ``index`` counts people by the sum of their answers; None of nobody."""
    people = sum(index.values())
    if not people:
        return None
    mean = Fraction(sum(_points(total, questions) * count for total, count in index.items()), people)
    return int(mean * 10 + Fraction(1, 2)) / 10


def index_margin(index: Mapping[int, int], questions: int, invited: int | None) -> float | None:
    """Half the interval of 95 % in points, with one decimal; None of fewer than two people."""
    people = sum(index.values())
    if people < 2:
        return None
    scores = {_points(total, questions): count for total, count in index.items()}
    mean = sum(score * count for score, count in scores.items()) / people
    variance = sum((score - mean) ** 2 * count for score, count in scores.items()) / (people - 1)
    return round(Z * sqrt(float(variance) * _missed(people, invited) / people), 1)


def share_error(positive: int, answered: int) -> float:
    """The standard error of a share of at least two answers, in points of per cent, of people without number."""
    share = positive / answered
    return 100 * sqrt(share * (1 - share) / (answered - 1))


def mean_error(answers: Mapping[str, int]) -> float:
    """The standard error of the mean of at least two answers to a question of the index, in points, likewise."""
    people = sum(answers.values())
    mean = sum(int(point) * count for point, count in answers.items()) / people
    variance = sum((int(point) - mean) ** 2 * count for point, count in answers.items()) / (people - 1)
    return STEP * sqrt(variance / people)


def _points(total: int, questions: int) -> Fraction:
    return Fraction(STEP * (total - questions), questions)


def _missed(answered: int, invited: int | None) -> float:
    """The finite-population correction: the share of the people who did not answer; 1 where nobody knows it."""
    return 1.0 if not invited else max(1 - answered / invited, 0.0)
