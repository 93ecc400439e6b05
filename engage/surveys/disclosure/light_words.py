"""The light words of a binary linear code: all with fewer ones than a bound, without trying every word. Pure.

After the algorithm of Brouwer and Zimmermann for the minimum distance (A. Betten and others, Error-Correcting Linear
Codes, Springer 2006, section 1.8). Words are integers, a bit for each position. Of several disjoint information sets a
light word is light on at least one, and its bits there tell the whole word; with more sets than it has ones, it is 0 on
all their positions. Positions are dealt with in layers, the densest first, since a code is seldom equally dense: what
vanishes on one layer is the code of the next.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from engage.surveys.disclosure.steps import Steps

SLACK = 4  # generators that an information set may leave open: all their sums are tried


class Generators(NamedTuple):
    """``rows`` are each alone 1 at one of ``pivots``, an information set, where ``others`` are 0."""

    rows: list[int]
    pivots: list[int]
    others: list[int]


class Layer(NamedTuple):
    """Positions, and generators of the code on them for each of some disjoint information sets."""

    positions: int
    sets: list[Generators]


def light_words(words: Iterable[int], positions: int, most: int, steps: Steps) -> Iterator[int]:
    """Every word of the code of ``words`` with 1 to ``most`` ones, some more than once.

    Raises OutOfSteps.
    """
    return _lifted(list(_layers(systematic(words, positions).rows, positions, most, steps)), 0, most, steps)


def systematic(words: Iterable[int], within: int) -> Generators:
    """The code of ``words`` with an information set for positions ``within``: the others vanish there."""
    rows: list[int] = []
    pivots: list[int] = []
    others = []
    for word in words:
        cleared = _cleared(word, rows, pivots)
        here = cleared & within
        if here:
            pivot = here & -here
            rows = [row ^ cleared if row & pivot else row for row in rows] + [cleared]
            pivots.append(pivot)
        elif cleared:
            others.append(cleared)
    return Generators(rows, pivots, others)


def _cleared(word: int, rows: Iterable[int], pivots: Iterable[int]) -> int:
    """The word less rows, so that it is 0 at the pivots."""
    for row, pivot in zip(rows, pivots, strict=True):
        if word & pivot:
            word ^= row
    return word


def _layers(words: list[int], positions: int, most: int, steps: Steps) -> Iterator[Layer]:
    sets = most + 1
    while words:
        layer, words = _densest(words, positions, sets, steps)
        yield layer
        positions, sets = positions & ~layer.positions, len(layer.sets)


def _densest(words: list[int], positions: int, sets: int, steps: Steps) -> tuple[Layer, list[int]]:
    """The layer with most information sets, at most ``sets``, and generators of the words that vanish on it."""
    for number in range(sets, 1, -1):
        within = positions
        while (whole := systematic(words, within)).rows:
            found, open_rows = _disjoint(whole.rows, within, number, steps)
            if len(found) == number:
                return Layer(within, found), whole.others
            within &= ~reduce(or_, open_rows)
    return Layer(positions, [systematic(words, positions)]), []


def _disjoint(words: list[int], within: int, number: int, steps: Steps) -> tuple[list[Generators], list[int]]:
    """That many disjoint information sets; or fewer, and the generators that vanish on all that was left."""
    sets: list[Generators] = []
    while len(sets) < number:
        steps.take(len(words))
        found = systematic(words, within)
        if len(found.others) > SLACK:
            return sets, found.others
        sets.append(found)
        within &= ~sum(found.pivots)
        words = found.rows + found.others
    return sets, []


def _lifted(layers: Sequence[Layer], word: int, spare: int, steps: Steps) -> Iterator[int]:
    """The words that agree with ``word`` on the layers before, with at most ``spare`` ones on these."""
    if not layers:
        if word:
            yield word
        return
    layer, *rest = layers
    seen = set()
    for lifted in _candidates(layer, word, spare // len(layer.sets)):
        steps.take(1)
        here = lifted & layer.positions
        ones = here.bit_count()
        if ones <= spare and here not in seen:
            seen.add(here)
            yield from _lifted(rest, lifted, spare - ones, steps)


def _candidates(layer: Layer, word: int, most: int) -> Iterator[int]:
    """The word with every change of the layer that leaves at most so many ones on one of its information sets."""
    for rows, pivots, others in layer.sets:
        cleared = _cleared(word, rows, pivots)
        for some in _sums(others, len(others)):
            for more in _sums(rows, most):
                yield cleared ^ some ^ more


def _sums(rows: Sequence[int], most: int) -> Iterator[int]:
    """The sums of at most ``most`` rows."""
    yield 0
    if most:
        for number, row in enumerate(rows):
            for some in _sums(rows[:number], most - 1):
                yield row ^ some
