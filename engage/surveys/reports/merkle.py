"""The Merkle tree over a release: its root, and the path of each leaf. The hashing is the verifier's own. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engage.surveys.reports.verify_release import leaf, rows


@dataclass(frozen=True, slots=True)
class Tree:
    """``proofs`` in the order of the leaves, each from the leaf's sibling upwards."""

    root: str
    proofs: tuple[tuple[str, ...], ...]


def tree(leaves: Sequence[Mapping[str, Any]]) -> Tree:
    """The tree over at least one leaf."""
    levels = rows([leaf(each) for each in leaves])
    return Tree(levels[-1][0], tuple(_proof(levels, place) for place in range(len(leaves))))


def _proof(levels: Sequence[Sequence[str]], place: int) -> tuple[str, ...]:
    """The siblings on the way up; where there is none, nothing is hashed."""
    siblings = []
    for level in levels[:-1]:
        if place ^ 1 < len(level):
            siblings.append(level[place ^ 1])
        place //= 2
    return tuple(siblings)
