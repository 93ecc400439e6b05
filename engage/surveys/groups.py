"""The groups that results are counted by: their families, their keys and how many people they have. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from engage.slugs import slug_of

DIRECTORY_FAMILIES = ("directorate", "grade")
RESERVED = ("everyone", *DIRECTORY_FAMILIES)


@dataclass(frozen=True, slots=True)
class Group:
    """One group of a family of the directory, with the number of its people."""

    key: str
    title: str
    size: int


def groups_of(titles: Iterable[str]) -> list[Group]:
    """The groups of one family in order of their titles, from the title that each person has."""
    sizes = Counter(titles)
    return [Group(slug_of(title), title, sizes[title]) for title in sorted(sizes)]
