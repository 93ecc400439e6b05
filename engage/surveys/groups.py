"""The groups that results are counted by: their families, their keys and how many people they have. Pure."""

import re
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
    """The groups of one family in order of their titles, grade 5 before grade 10, from the title of each person."""
    sizes = Counter(titles)
    return [Group(slug_of(title), title, sizes[title]) for title in sorted(sizes, key=_in_order)]


def _in_order(title: str) -> list[tuple[bool, int, str]]:
    """Numbers by what they are worth, before words."""
    parts = re.split(r"(\d+)", title)
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts if part]
