"""Which groups could have results of their own, as far as anybody can tell before the answers are counted. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engage.surveys.groups import Group
from engage.surveys.questionnaires.questionnaire import Family


@dataclass(frozen=True, slots=True)
class GroupForecast:
    """``is_possible`` where enough people are in the group, if enough of them answer."""

    group: Group
    is_possible: bool


@dataclass(frozen=True, slots=True)
class FamilyForecast:
    """``groups`` of the directory with their sizes; of a declared family only the ``titles`` are known.

    ``has_lone_gap`` where one group alone is too small: what is left of the whole would show it, so that a second one
    has to be withheld. ``is_organisation_only`` where a family never has reports by group.
    """

    key: str
    title: str
    groups: tuple[GroupForecast, ...] = ()
    titles: tuple[str, ...] = ()
    is_organisation_only: bool = False

    @property
    def is_declared(self) -> bool:
        return bool(self.titles)

    @property
    def possible(self) -> int:
        return sum(each.is_possible for each in self.groups)

    @property
    def has_lone_gap(self) -> bool:
        return len(self.groups) - self.possible == 1 < len(self.groups)


def forecast(
    order: Sequence[str], directory: Mapping[str, Sequence[Group]], families: Sequence[Family], threshold: int
) -> list[FamilyForecast]:
    """The families in order of their worth, then those that are declared and have one line for the organisation."""
    declared = {family.key: family for family in families}
    result = [
        FamilyForecast(
            key,
            key.capitalize(),
            groups=tuple(GroupForecast(group, is_possible=group.size >= threshold) for group in directory[key]),
        )
        if key in directory
        else _declared(declared[key])
        for key in order
        if key in directory or key in declared
    ]
    return result + [_declared(family) for family in families if family.level == "organisation"]


def _declared(family: Family) -> FamilyForecast:
    titles = tuple(option.title for option in family.options)
    return FamilyForecast(family.key, family.text, titles=titles, is_organisation_only=family.level == "organisation")
