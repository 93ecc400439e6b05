"""Rule (a), the threshold: a group of which too few people responded is never released. Pure.

Primary suppression by the threshold rule (minimum frequency rule) of statistical disclosure control: A. Hundepool and
others, Statistical Disclosure Control, Wiley 2012. Sizes alone decide, never the answers, so that being withheld says
nothing about them.
"""

from collections.abc import Mapping

from engage.surveys.disclosure.groups import EVERYONE, GroupId


def primary_suppression(
    respondents: Mapping[GroupId, int], invited: Mapping[GroupId, int], threshold: int
) -> frozenset[GroupId]:
    """The groups with fewer than ``threshold`` respondents, or invited where that is known; all if everyone is one."""
    small = {group for group, people in respondents.items() if min(people, invited.get(group, people)) < threshold}
    return frozenset(respondents if EVERYONE in small else small)
