"""Linear equations over the rationals, decided in integers: which coefficients of groups give what is asked. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import gcd

Form = tuple[int, ...]  # a constant, then one term for each number that is still free


@dataclass(frozen=True, slots=True)
class Coefficients:
    """All choices of one coefficient per group that keep what is fixed: (constant + terms · free numbers) / ``scale``.

    ``rows`` has the constant and the terms of each group. Gaussian elimination without fractions: Python's integers
    are exact whatever their size, and stay small here because memberships are 0 or 1.
    """

    scale: int
    rows: tuple[Form, ...]

    @classmethod
    def free(cls, groups: int) -> "Coefficients":
        """Nothing is fixed yet."""
        return cls(1, tuple((0, *(int(row == term) for term in range(groups))) for row in range(groups)))

    def sum(self, groups: Iterable[int]) -> Form:
        """The sum of the coefficients of some groups, at least one."""
        return tuple(map(sum, zip(*(self.rows[group] for group in groups), strict=True)))

    def fixed(self, form: Form, value: int) -> "Coefficients | None":
        """With ``form`` equal to ``value``; None where that contradicts what is fixed already.

        Of equally simple terms the last is solved for: coefficients of later groups are the last to be 0.
        """
        equation = (form[0] - value * self.scale, *form[1:])
        at = min((at for at in range(1, len(form)) if form[at]), key=lambda at: (abs(form[at]), -at), default=0)
        if at == 0:
            return None if equation[0] else self
        if form[at] < 0:
            equation = tuple(-term for term in equation)
        pivot = equation[at]
        solved = Coefficients(self.scale * pivot, tuple(_without(row, equation, at) for row in self.rows))
        return solved if pivot == 1 else solved._reduced()

    def without(self, groups: Iterable[int]) -> "Coefficients | None":
        """With 0 for some groups; None where that contradicts what is fixed already."""
        unknown: Coefficients | None = self
        for group in groups:
            unknown = unknown and unknown.fixed(unknown.rows[group], 0)
        return unknown

    def used(self) -> int:
        """The groups, as bits, that one choice needs: that where every free number is 0."""
        return sum(1 << group for group, row in enumerate(self.rows) if row[0])

    def _reduced(self) -> "Coefficients":
        """Free numbers have no unit of their own, so that what divides all of a column goes out."""
        columns: Sequence[Form] = list(zip(*self.rows, strict=True))
        divisors = [gcd(self.scale, *columns[0]), *(gcd(*column) or 1 for column in columns[1:])]
        rows = (tuple(term // by for term, by in zip(row, divisors, strict=True)) for row in self.rows)
        return Coefficients(self.scale // divisors[0], tuple(rows))


def _without(row: Form, equation: Form, at: int) -> Form:
    """A row after the free number ``at`` was solved for."""
    pivot, factor = equation[at], row[at]
    if factor:
        row = tuple(pivot * ours - factor * theirs for ours, theirs in zip(row, equation, strict=True))
    elif pivot != 1:
        row = tuple(pivot * ours for ours in row)
    return row[:at] + row[at + 1 :]
