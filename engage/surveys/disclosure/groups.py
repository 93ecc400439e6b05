"""The groups that figures are released for: their families, how many people responded, and what each is worth. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

GroupId = tuple[str, str]  # (family, key)
Signature = frozenset[GroupId]  # all groups that a respondent is in, but for everyone

EVERYONE: GroupId = ("everyone", "everyone")


@dataclass(frozen=True, slots=True)
class FamilyRule:
    """A family of groups; ``is_partition`` where everybody is in exactly one of them (directorate, grade).

    ``groups`` are the keys of all of them, those without respondents too. A family of ``level`` "organisation" gives
    one line for each group in the organisation's report: a figure like any other, and so suppressed like any other.
    """

    key: str
    groups: tuple[str, ...]
    is_partition: bool
    level: Literal["group", "organisation"]

    @property
    def ids(self) -> tuple[GroupId, ...]:
        return tuple((self.key, group) for group in self.groups)


def respondents(signatures: Mapping[Signature, int], families: Sequence[FamilyRule]) -> dict[GroupId, int]:
    """How many people responded in each group, everyone included."""
    sizes = {EVERYONE: sum(signatures.values())} | {group: 0 for family in families for group in family.ids}
    for signature, people in signatures.items():
        for group in signature & sizes.keys():
            sizes[group] += people
    return sizes


def by_worth(families: Sequence[FamilyRule], sizes: Mapping[GroupId, int]) -> list[GroupId]:
    """Everyone, then families in the order agreed, in each the larger group first, then by key: most worth first."""
    groups = (sorted(family.ids, key=lambda group: (-sizes[group], group)) for family in families)
    return [EVERYONE, *(group for some in groups for group in some)]
