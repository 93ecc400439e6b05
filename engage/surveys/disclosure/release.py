"""Which groups' figures may be released: disclosure control over everything that is ever published of one wave. Pure.

The rules, one in each file: ``threshold`` (a), ``complement`` (b), ``differencing`` (c), ``banding`` (d);
``suppression`` finds the fewest groups to withhold. Decision 0028 says what is proven, and what is not.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from engage.surveys.disclosure.differencing import Differencing
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature, by_worth, respondents
from engage.surveys.disclosure.membership import Membership
from engage.surveys.disclosure.steps import Steps
from engage.surveys.disclosure.suppression import Suppression
from engage.surveys.disclosure.threshold import primary_suppression

BUDGET = 800_000
BELOW_THRESHOLD = "below the threshold"
PROTECTS_ANOTHER = "protects another group"


@dataclass(frozen=True, slots=True)
class Decision:
    """``released`` in order of worth, everyone first; ``withheld`` groups with their reason, in the same order.

    ``steps`` is what the search took: the same for the same input on any machine.
    """

    released: tuple[GroupId, ...]
    withheld: Mapping[GroupId, str]
    steps: int


def decide(
    signatures: Mapping[Signature, int],
    families: Sequence[FamilyRule],
    invited: Mapping[GroupId, int],
    threshold: int,
    *,
    budget: int = BUDGET,
) -> Decision:
    """Withhold the fewest groups with which nobody can isolate 1 to ``threshold`` - 1 respondents.

    ``signatures`` counts the respondents by all groups that they are in (without everyone); ``families`` stand in
    order of worth; ``invited`` by group where it is known. What ``budget`` steps do not prove safe is withheld.
    """
    sizes = respondents(signatures, families)
    order = by_worth(families, sizes)
    steps = Steps(budget)
    withheld = dict.fromkeys(primary_suppression(sizes, invited, threshold), BELOW_THRESHOLD)
    if EVERYONE not in withheld:
        numbers = {group: number for number, group in enumerate(reversed(order))}
        membership = Membership.of(signatures, {group: numbers[group] for group in order if group not in withheld})
        suppression = Suppression(
            candidates=_bits(numbers, sizes.keys() - withheld.keys() - {EVERYONE}),
            small=_bits(numbers, withheld),
            families=[_bits(numbers, family.ids) for family in families if family.is_partition],
            respondents=[sizes[group] for group in numbers],
            threshold=threshold,
            attacks=Differencing(membership, threshold, steps).attacks,
            steps=steps,
        )
        chosen = suppression.withheld()
        withheld |= {group: PROTECTS_ANOTHER for group in order if chosen >> numbers[group] & 1}
    return Decision(
        tuple(group for group in order if group not in withheld),
        {group: withheld[group] for group in order if group in withheld},
        steps.taken,
    )


def _bits(numbers: Mapping[GroupId, int], groups: Collection[GroupId]) -> int:
    return sum(1 << numbers[group] for group in groups)
