"""Somebody who wants to know what a few people said.

They have the figures of the released groups, and know who belongs to which group and who answered; nothing else. What
they know they work out here, with code that shares nothing with the disclosure control.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import permutations
from math import lcm
from operator import mul
from typing import NamedTuple, TypeVar

from ortools.sat.python import cp_model

Group = TypeVar("Group")


class Found(NamedTuple):
    """Fewer people than the threshold, and what they said together."""

    people: frozenset[int]
    total: Fraction


def pairs(members: Mapping[Group, frozenset[int]], totals: Mapping[Group, int], threshold: int) -> Iterator[Found]:
    """One group within another: the rest of it."""
    for outer, inner in permutations(members, 2):
        rest = members[outer] - members[inner]
        if members[inner] < members[outer] and len(rest) < threshold:
            yield Found(rest, Fraction(totals[outer] - totals[inner]))


def chains(members: Mapping[Group, frozenset[int]], totals: Mapping[Group, int], threshold: int) -> Iterator[Found]:
    """Groups taken away from one another as long as something fits, the largest that fits first."""
    for outer in members:
        rest, total = members[outer], totals[outer]
        for inner in sorted(members, key=lambda group: -len(members[group])):
            if members[inner] and members[inner] < rest:
                rest, total = rest - members[inner], total - totals[inner]
        if len(rest) < threshold:
            yield Found(rest, Fraction(total))


def span(members: Mapping[Group, frozenset[int]], totals: Mapping[Group, int], threshold: int) -> Iterator[Found]:
    """Every combination there is: one of the ways, if there are any."""
    alike: dict[tuple[bool, ...], list[int]] = {}
    for who in sorted(set().union(*members.values())):
        alike.setdefault(tuple(who in people for people in members.values()), []).append(who)
    rows = [
        [*(Fraction(pattern[number]) for pattern in alike), Fraction(totals[group])]
        for number, group in enumerate(members)
    ]
    echelon = _eliminated(rows)
    values = _isolating(echelon, [len(people) for people in alike.values()], threshold)
    if values is not None:
        total = sum((row[-1] for place, row in echelon.items() if values[place]), Fraction(0))
        chosen = (people for people, value in zip(alike.values(), values, strict=True) if value)
        yield Found(frozenset().union(*chosen), total)


def _eliminated(rows: list[list[Fraction]]) -> dict[int, list[Fraction]]:
    """The reduced echelon form, by pivot."""
    echelon: dict[int, list[Fraction]] = {}
    for given in rows:
        left = given
        for place, other in echelon.items():
            left = _less(left, left[place], other)
        pivot = next((place for place, value in enumerate(left[:-1]) if value), None)
        if pivot is not None:
            row = [value / left[pivot] for value in left]
            echelon = {at: _less(other, other[pivot], row) for at, other in echelon.items()} | {pivot: row}
    return echelon


def _less(row: list[Fraction], times: Fraction, other: list[Fraction]) -> list[Fraction]:
    return [mine - times * theirs for mine, theirs in zip(row, other, strict=True)] if times else row


def _isolating(echelon: Mapping[int, list[Fraction]], people: list[int], threshold: int) -> list[int] | None:
    """A vector of zeros and ones in the row space with 1 to ``threshold`` - 1 people: by integer programming, exact."""
    model = cp_model.CpModel()
    is_one = [model.new_bool_var("") for _ in people]
    for column, variable in enumerate(is_one):
        terms = [(row[column], is_one[place]) for place, row in echelon.items() if row[column]]
        scale = lcm(*(times.denominator for times, _ in terms))
        model.add(sum(int(times * scale) * pivot for times, pivot in terms) == scale * variable)
    model.add_linear_constraint(sum(map(mul, people, is_one)), 1, threshold - 1)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    assert status in (cp_model.OPTIMAL, cp_model.FEASIBLE, cp_model.INFEASIBLE)
    return None if status == cp_model.INFEASIBLE else [solver.value(variable) for variable in is_one]
