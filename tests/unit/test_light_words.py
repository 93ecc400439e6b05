"""The search behind the disclosure proof against trying everything, and its linear algebra against fractions."""

from fractions import Fraction
from functools import reduce
from itertools import combinations
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.surveys.disclosure.coefficients import Coefficients
from engage.surveys.disclosure.differencing import saturated
from engage.surveys.disclosure.light_words import light_words
from engage.surveys.disclosure.steps import OutOfSteps, Steps

ALL = (1 << 40) - 1


def steps(budget: int = 1_000_000) -> Steps:
    found = Steps(budget)
    found.share(1)
    return found


@settings(max_examples=50)
@given(st.lists(st.integers(0, ALL), max_size=7), st.integers(1, 12))
def test_every_light_word_is_found_and_no_other(words: list[int], most: int) -> None:
    sums = {reduce(xor, some, 0) for number in range(len(words) + 1) for some in combinations(words, number)}
    assert set(light_words(words, ALL, most, steps())) == {each for each in sums if 0 < each.bit_count() <= most}


@settings(max_examples=50)
@given(st.lists(st.integers(0, 255), max_size=8), st.integers(1, 5))
def test_every_light_word_is_found_where_positions_are_few(words: list[int], most: int) -> None:
    sums = {reduce(xor, some, 0) for number in range(len(words) + 1) for some in combinations(words, number)}
    assert set(light_words(words, 255, most, steps())) == {each for each in sums if 0 < each.bit_count() <= most}


def test_a_search_ends_with_its_steps() -> None:
    with pytest.raises(OutOfSteps):
        list(light_words([1 << place for place in range(30)], ALL, 9, steps(100)))


EQUATIONS = st.lists(st.tuples(st.lists(st.integers(-3, 3), min_size=4, max_size=4), st.integers(-2, 2)), max_size=5)


@given(EQUATIONS)
def test_a_solution_solves_every_equation(equations: list[tuple[list[int], int]]) -> None:
    unknown = Coefficients.free(4)
    kept = []
    for factors, value in equations:
        groups = [group for group, times in enumerate(factors) for _ in range(abs(times))]
        if groups and (fixed := unknown.fixed(unknown.sum(groups), value)):
            unknown = fixed
            kept.append((groups, value))
    solution = [Fraction(row[0], unknown.scale) for row in unknown.rows]
    assert all(sum(solution[group] for group in groups) == value for groups, value in kept)


def test_a_contradiction_is_seen() -> None:
    unknown = Coefficients.free(2).fixed((0, 2, 2), 1)
    assert unknown is not None
    assert unknown.fixed(unknown.sum([0, 1]), 1) is None
    assert unknown.fixed(unknown.sum([0, 0, 1, 1]), 1) is unknown


def test_halves_of_even_sums_belong_to_the_lattice() -> None:
    rows = saturated([[1, 1, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]])
    words = [sum(value % 2 << place for place, value in enumerate(row)) for row in rows]
    assert 0b1000 in light_words(words, 0b1111, 1, steps())
