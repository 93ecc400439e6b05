"""Rule (d), banding: figures of near-unanimous groups are given as a band, and what is shown does not undo it. Pure.

Where (almost) all of a group answered alike, its figure says what each of them answered, however many they are: group
disclosure (A. Hundepool and others, Statistical Disclosure Control, Wiley 2012). Bottom and top coding hides how near
to all it was. A figure that fewer than the threshold answered is left out.

A count is a sum over a group's people, whichever answer it counts and however many skipped the question; so one
membership matrix serves all questions. A hidden count is undone where its group's row is a combination of the rows
with exact figures; then a sibling's figure, or else another of that combination, is withheld too. What a family hides
together can still be subtracted from everyone, so it has to be neither near-unanimous nor too few answers.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from engage.surveys.disclosure.groups import FamilyRule, GroupId, Signature, by_worth, respondents
from engage.surveys.disclosure.membership import Membership, bits

Band = Literal["95+", "5-", "withheld"]


class Figure(NamedTuple):
    """What one group answered to one question: how many chose 1 to 5, and how many of them 4 or 5."""

    positive: int
    answered: int


def band(
    figures: Mapping[tuple[GroupId, str], Figure],
    signatures: Mapping[Signature, int],
    families: Sequence[FamilyRule],
    threshold: int,
) -> dict[tuple[GroupId, str], Band | None]:
    """What is shown in place of each figure of the released groups; None where the figure itself is.

    ``figures`` by released group and question, everyone included; ``signatures`` and ``families`` as for ``decide``.
    """
    released = {group for group, _ in figures}
    order = [group for group in reversed(by_worth(families, respondents(signatures, families))) if group in released]
    numbers = {group: number for number, group in enumerate(order)}
    membership = Membership.of(signatures, numbers)
    partitions = [
        sum(1 << numbers[group] for group in family.ids if group in released)
        for family in families
        if family.is_partition
    ]
    bands: dict[tuple[GroupId, str], Band | None] = dict.fromkeys(figures)
    for question in dict.fromkeys(question for _, question in figures):
        table = _Question([figures[group, question] for group in order], partitions, threshold, membership.adding_up_to)
        bands |= {(order[number], question): shown for number, shown in table.bands().items()}
    return bands


def banded(figure: Figure, threshold: int) -> Band | None:
    """The band of a figure by itself."""
    if figure.answered < threshold:
        return "withheld"
    if 100 * figure.positive >= 95 * figure.answered:
        return "95+"
    return "5-" if 100 * figure.positive <= 5 * figure.answered else None


@dataclass(frozen=True)
class _Question:
    """``figures`` by group, those worth more later; sets of groups as bits.

    ``adding_up_to`` tells which of some groups, the second, add up to others, the first; 0 where they do not.
    """

    figures: Sequence[Figure]
    partitions: Sequence[int]
    threshold: int
    adding_up_to: Callable[[int, int], int]

    def bands(self) -> dict[int, Band]:
        """The groups whose figure is not shown."""
        found = ((group, banded(figure, self.threshold)) for group, figure in enumerate(self.figures))
        bands = {group: shown for group, shown in found if shown}
        near = sum(1 << group for group in bands)
        hidden = near
        while undone := self._undone(near, hidden):
            companion = self._companion(*undone, hidden)
            bands[companion] = "withheld"
            hidden |= 1 << companion
        return bands

    def _undone(self, near: int, hidden: int) -> tuple[int, int] | None:
        """Groups whose count must not be known and is, with those from which it is."""
        exact = (1 << len(self.figures)) - 1 & ~hidden
        together = (family & hidden for family in self.partitions)
        secret = [1 << group for group in bits(near)] + [some for some in together if some and self._tells(some)]
        undone = ((groups, self.adding_up_to(groups, exact)) for groups in secret)
        return next(((groups, used) for groups, used in undone if used), None)

    def _tells(self, groups: int) -> bool:
        """Whether the count of groups of a family together says what each of their people answered."""
        figures = [self.figures[group] for group in bits(groups)]
        total = Figure(sum(each.positive for each in figures), sum(each.answered for each in figures))
        return banded(total, self.threshold) is not None

    def _companion(self, groups: int, used: int, hidden: int) -> int:
        """The figure to withhold too: of a sibling rather than another, with which the family tells less, worth least.

        Everyone's figure, the last, comes last.
        """
        family = next((family for family in self.partitions if family & groups == groups), 0)
        everyone = len(self.figures) - 1
        return min(
            bits(used),
            key=lambda group: (
                group == everyone,
                not family >> group & 1,
                self._tells(family & hidden | 1 << group),
                group,
            ),
        )
