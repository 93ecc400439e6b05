"""Rule (b), the complement: what a family leaves of everyone is never one group, nor too few people. Pure.

Secondary suppression in a table with a margin: where one cell alone is suppressed, the total less the others gives it
away, and so it does with several that are small together (A. Hundepool and others, Statistical Disclosure Control,
Wiley 2012). Rule (c) protects answers on its own. This rule also protects whether people answered at all: a lone
withheld group's respondents could be counted by subtraction, even if there are none; so an empty group counts as one
that is withheld, and another has to be withheld with it.
"""

from collections.abc import Sequence

from engage.surveys.disclosure.membership import bits


def lacks_complement(family: int, withheld: int, respondents: Sequence[int], threshold: int) -> bool:
    """Whether another group of a family that divides everybody has to be withheld; sets of groups as bits.

    Withheld are none of its groups, or all, or at least two that have at least ``threshold`` respondents together.
    """
    hidden = family & withheld
    if hidden in (0, family):
        return False
    return hidden.bit_count() < 2 or sum(respondents[group] for group in bits(hidden)) < threshold
