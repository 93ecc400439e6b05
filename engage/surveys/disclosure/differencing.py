"""Rule (c), differencing: no combination of released figures isolates fewer people than the threshold. Pure.

Whoever adds and subtracts released figures gets a combination of groups: a number for each respondent, in the row
space of the membership matrix. They isolate somebody where it is 1 for 1 to ``threshold`` - 1 people and 0 for all
others: the differencing attack of statistical disclosure control (A. Hundepool and others, Statistical Disclosure
Control, Wiley 2012), with any number of figures at once.

Such a combination has whole numbers only. All vectors of the row space with whole numbers are a lattice, and their
remainders by 2 a binary code, whose words are found by how light they are. So nothing escapes; and what is found is
checked over the rationals, since a word of the code need not be a combination of figures.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice

from engage.surveys.disclosure.coefficients import Coefficients
from engage.surveys.disclosure.light_words import light_words, systematic
from engage.surveys.disclosure.membership import Membership
from engage.surveys.disclosure.steps import OutOfSteps, Steps

AT_ONCE = 30  # attacks that one search looks for, as each spares another search
LOOKING_ON = 3_000  # steps after each find in which the next has to come


class Differencing:
    """Looks for who can be isolated, for one set of respondents and any groups released beside everyone (the last)."""

    def __init__(self, membership: Membership, threshold: int, steps: Steps) -> None:
        self._membership = membership
        self._most = threshold - 1
        self._steps = steps
        self._positions = positions([min(people, threshold) for people in membership.people])
        self._everyone = 1 << (membership.groups - 1)
        self._seen: dict[int, Coefficients | None] = {}

    def attacks(self, released: int) -> list[int]:
        """Groups that together isolate somebody, so that one has to be withheld: some such sets; none if all is safe.

        Raises OutOfSteps where it does not become known.
        """
        found: list[int] = []
        limit = self._steps.limit
        try:
            for used in islice(self._isolating(released | self._everyone), AT_ONCE):
                found.append(used & ~self._everyone)
                self._steps.limit = min(limit, self._steps.taken + LOOKING_ON)
        except OutOfSteps:
            if not found:
                raise
        finally:
            self._steps.limit = limit
        return found

    def _isolating(self, released: int) -> Iterator[int]:
        """The groups of every combination that isolates somebody."""
        membership = self._membership
        groups = membership.independent(released)
        self._steps.take(len(groups))
        code = [self._word(row) for row in saturated([membership.row(group) for group in groups])]
        for word in light_words(code, sum(self._positions), self._most, self._steps):
            possible = self._combinations(word)
            found = possible and possible.without(membership.all_but(released))
            if found:
                yield found.used()

    def _word(self, row: Iterable[int]) -> int:
        """The remainders of a row by 2, as a word: a column has a position for each of its people."""
        return sum(place for place, value in zip(self._positions, row, strict=True) if value % 2)

    def _combinations(self, word: int) -> Coefficients | None:
        """The combinations of groups that a word is; None where it is none, and its bits are remainders by chance."""
        self._steps.take(1)
        if word not in self._seen:
            self._steps.take(self._membership.groups)
            self._seen[word] = self._membership.combinations([int(bool(word & place)) for place in self._positions])
        return self._seen[word]


def positions(widths: Sequence[int]) -> list[int]:
    """Adjacent places of these widths, as sets of bits."""
    ends = accumulate(widths)
    return [((1 << width) - 1) << (end - width) for width, end in zip(widths, ends, strict=True)]


def saturated(rows: list[list[int]]) -> list[list[int]]:
    """From independent rows a basis whose remainders by 2 are independent too: whole vectors are its whole sums.

    Where some rows add up to even numbers alone, half of their sum takes the place of one of them. That ends, since the
    lattice has only finitely many finer ones with whole numbers.
    """
    while even := _even_sum(rows):
        halved = [sum(values) // 2 for values in zip(*(rows[number] for number in even), strict=True)]
        rows = [*rows[: even[0]], halved, *rows[even[0] + 1 :]]
    return rows


def _even_sum(rows: Sequence[Sequence[int]]) -> list[int]:
    """The numbers of some rows that add up to even numbers alone; empty where no rows do."""
    width = len(rows[0])
    tagged = [
        sum(1 << place for place, value in enumerate(row) if value % 2) | 1 << (width + number)
        for number, row in enumerate(rows)
    ]
    vanishing = systematic(tagged, (1 << width) - 1).others
    return [number for number in range(len(rows)) if vanishing and vanishing[0] >> (width + number) & 1]
