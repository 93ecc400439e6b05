"""Who is in which group: the membership matrix, a row for each group and a column for those who are in the same. Pure.

Groups are numbers, and sets of groups integers with a bit for each; everyone is the last. What released figures add up
to is the matrix's row space; whether a vector lies in it is decided exactly, on a basis of the columns.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import lcm

from engage.surveys.disclosure.coefficients import Coefficients
from engage.surveys.disclosure.groups import EVERYONE, GroupId, Signature

Column = tuple[int, ...]


def bits(number: int) -> Iterator[int]:
    """The places of the ones, the lowest first."""
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


@dataclass(frozen=True)
class Membership:
    """``columns``, those in few groups first, each the groups of ``people`` who cannot be told apart."""

    groups: int
    columns: tuple[Column, ...]
    people: tuple[int, ...]

    @classmethod
    def of(cls, signatures: Mapping[Signature, int], numbers: Mapping[GroupId, int]) -> "Membership":
        """From how many people are in exactly these groups, as far as they have a number; everyone has the last."""
        people: Counter[Column] = Counter()
        for signature, count in signatures.items():
            people[tuple(sorted(numbers[group] for group in (signature | {EVERYONE}) & numbers.keys()))] += count
        columns = tuple(sorted(filter(people.get, people), key=lambda groups: (len(groups), groups)))
        return cls(numbers[EVERYONE] + 1, columns, tuple(people[column] for column in columns))

    @cached_property
    def basis(self) -> tuple[int, ...]:
        """The numbers of columns that no other determines: a vector of the row space is known from its values there."""
        unknown, found = Coefficients.free(self.groups), []
        for number, column in enumerate(self.columns):
            form = unknown.sum(column)
            if any(form[1:]):
                unknown = unknown.fixed(form, 0) or unknown
                found.append(number)
        return tuple(found)

    @cached_property
    def dependencies(self) -> Coefficients:
        """All combinations of groups that give 0 for everybody: there are few, such as a family less everyone."""
        return self._giving(dict.fromkeys(self.basis, 0))

    def independent(self, groups: int) -> list[int]:
        """Groups that span what all of ``groups`` span, with none too many; what is worth least is left out."""
        dependencies = self.dependencies.without(self.all_but(groups))
        found = []
        for group in bits(groups):
            if dependencies and any(dependencies.rows[group]):
                dependencies = dependencies.without([group])
            else:
                found.append(group)
        return found

    def adding_up_to(self, wanted: int, groups: int) -> int:
        """Which of ``groups`` are used in a combination that gives the sum of those ``wanted``; 0 without any."""
        unknown = self.dependencies.without(self.all_but(groups | wanted))
        for group in bits(wanted):
            unknown = unknown and unknown.fixed(unknown.rows[group], 1)
        return unknown.used() & ~wanted if unknown else 0

    def combinations(self, values: Sequence[int]) -> Coefficients | None:
        """All combinations of groups that give ``values``, 0 or 1 for each column; None where there are none."""
        units = [self._units(number) for number in self.basis if values[number]]
        scale = lcm(*(unit.scale for unit in units))
        found = [0] * self.groups
        for unit in units:
            for group, (times, *_) in enumerate(unit.rows):
                found[group] += times * (scale // unit.scale)
        for column, value in zip(self.columns, values, strict=True):
            if sum(found[group] for group in column) != value * scale:
                return None
        return Coefficients(scale, tuple((x, *row[1:]) for x, row in zip(found, self.dependencies.rows, strict=True)))

    @cached_property
    def _units(self) -> Callable[[int], Coefficients]:
        """Combinations that give 1 for one column of the basis and 0 for the others."""
        return cache(lambda number: self._giving({each: int(each == number) for each in self.basis}))

    def _giving(self, values: Mapping[int, int]) -> Coefficients:
        """All combinations that give ``values`` for the columns of the basis, which may be any."""
        unknown = Coefficients.free(self.groups)
        for number, value in values.items():
            unknown = unknown.fixed(unknown.sum(self.columns[number]), value) or unknown
        return unknown

    def row(self, group: int) -> list[int]:
        """Whether the people of each column are in the group: 1 or 0."""
        return [int(group in column) for column in self.columns]

    def all_but(self, groups: int) -> Iterator[int]:
        """All groups but these."""
        return bits((1 << self.groups) - 1 & ~groups)
