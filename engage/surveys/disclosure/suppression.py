"""Secondary suppression: the fewest groups to withhold so that rules (b) and (c) hold, of those worth least. Pure.

A best-first search over sets of withheld groups (implicit hitting sets: E. Moreno-Centeno and R. M. Karp, Operations
Research 61, 2013). Each attack found, and each family that lacks a complement, is a demand: one of these groups has to
be withheld too. Demands without a group in common need one each, which tells how many more it takes at least.

Groups are bits, those worth more higher, so that of equally many groups the lesser number is worth less.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from engage.surveys.disclosure.complement import lacks_complement
from engage.surveys.disclosure.membership import bits
from engage.surveys.disclosure.steps import OutOfSteps, Steps


class State(NamedTuple):
    """The groups chosen to be withheld and to be released, after what it costs at least.

    Any end of it withholds at least ``number`` groups, of at least the ``worth`` of these bits.
    """

    number: int
    worth: int
    withheld: int
    kept: int


@dataclass
class Suppression:
    """``attacks`` finds sets of groups that together isolate somebody, among those released (rule c).

    ``candidates`` may be released, ``small`` may not; ``families`` are those that divide everybody.
    """

    candidates: int
    small: int
    families: Sequence[int]
    respondents: Sequence[int]
    threshold: int
    attacks: Callable[[int], list[int]]
    steps: Steps
    _found: list[int] = field(default_factory=list)

    def withheld(self) -> int:
        """The candidates to withhold: the fewest; where steps do not suffice, all that is not proven safe."""
        states = [State(0, 0, 0, 0)]
        self.steps.share(2)
        try:
            while (demand := self._demand((state := heappop(states)).withheld)) is not None:
                for branch in self._answers(state, demand):
                    heappush(states, branch)
        except OutOfSteps:
            return self._unproven()
        return state.withheld

    def _demand(self, withheld: int) -> int | None:
        """Groups of which one has to be withheld too, as few as is known; None where it is safe without."""
        demands = self._demands(withheld)
        if not demands:
            demands = self._proof(self.candidates & ~withheld)
        return min(demands, key=int.bit_count, default=None)

    def _demands(self, withheld: int) -> list[int]:
        """Sets of groups of each of which one has to be withheld too."""
        self.steps.take(1)
        return [attack for attack in self._found if not attack & withheld] + [
            family & ~withheld & self.candidates for family in self.families if self._lacks(family, withheld)
        ]

    def _lacks(self, family: int, withheld: int) -> bool:
        return lacks_complement(family, withheld | self.small, self.respondents, self.threshold)

    def _answers(self, state: State, demand: int) -> Iterator[State]:
        """The states that withhold one group of a demand each, and release those before it."""
        kept = state.kept
        for group in bits(demand & ~kept):
            withheld = state.withheld | 1 << group
            more = self._more(withheld, kept)
            if more is not None:
                worth = withheld | more
                yield State(worth.bit_count(), worth, withheld, kept)
            kept |= 1 << group

    def _more(self, withheld: int, kept: int) -> int | None:
        """The least to withhold for demands without a group in common; None where one cannot be met any more."""
        demands = [demand & ~kept for demand in self._demands(withheld)]
        if not all(demands):
            return None
        more = met = 0
        for demand in sorted(demands, key=int.bit_count):
            if not demand & met:
                met |= demand
                more |= demand & -demand
        return more

    def _unproven(self) -> int:
        """What is left when groups are released one by one, each after its proof, beside some proven at once."""
        self.steps.share(2)
        released = self.candidates & ~self._hurried()
        order = sorted(bits(self.candidates & ~released), reverse=True)
        for number, group in enumerate(order):
            self.steps.share(len(order) - number)
            if self._is_safe(released | 1 << group):
                released |= 1 << group
        withheld = self.candidates & ~released
        for family in self.families:
            while self._lacks(family, withheld):
                withheld |= self._complement(family, withheld)
        return withheld

    def _hurried(self) -> int:
        """Groups to withhold, each the one that most demands name, until it is safe; all where steps do not suffice."""
        withheld = 0
        try:
            while demands := self._demands(withheld) or self._proof(self.candidates & ~withheld):
                named = Counter(group for demand in demands for group in bits(demand))
                withheld |= 1 << min(named, key=lambda group: (-named[group], group))
        except OutOfSteps:
            return self.candidates
        return withheld

    def _is_safe(self, released: int) -> bool:
        if any(attack & released == attack for attack in self._found):
            return False
        try:
            return not self._proof(released)
        except OutOfSteps:
            return False

    def _proof(self, released: int) -> list[int]:
        """The attacks found where these groups are released: none if that is safe."""
        found = self.attacks(released)
        self._found += found
        return found

    def _complement(self, family: int, withheld: int) -> int:
        """The group worth least that is enough of a complement, or else the largest."""
        groups = [1 << group for group in bits(family & self.candidates & ~withheld)]
        enough = (group for group in groups if not self._lacks(family, withheld | group))
        return next(enough, groups[-1])
