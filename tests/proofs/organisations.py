"""Made-up organisations, each from its number: families that nest or nearly nest, groups that overlap."""

import random
from collections import Counter
from dataclasses import dataclass

from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature


@dataclass(frozen=True)
class Organisation:
    """``respondents``: the groups of each person who answered; ``invited``: people by group of the roster."""

    families: tuple[FamilyRule, ...]
    respondents: tuple[Signature, ...]
    invited: dict[GroupId, int]
    threshold: int

    @property
    def signatures(self) -> dict[Signature, int]:
        return dict(Counter(self.respondents))

    def members(self) -> dict[GroupId, frozenset[int]]:
        """The respondents of every group, by their numbers."""
        groups = [EVERYONE, *(group for family in self.families for group in family.ids)]
        return {
            group: frozenset(who for who, mine in enumerate(self.respondents) if group == EVERYONE or group in mine)
            for group in groups
        }


def organisation(seed: int, largest: int = 400, most: int = 9) -> Organisation:
    """At most ``largest`` people, at most ``most`` groups in a family."""
    chance = random.Random(seed)
    people = chance.randint(1, largest)
    families = _families(chance, most)
    roster = [_person(chance, families) for _ in range(people)]
    declared = [family for family in families if not family.is_partition]
    bound = {group: chance.choice(roster) for family in declared for group in family.ids if chance.random() < 0.4}
    everybody = [_declaring(chance, person, declared, bound) for person in roster]
    rate = chance.uniform(0.4, 1)
    invited = Counter(group for person in roster for group in person)
    return Organisation(
        tuple(families),
        tuple(frozenset(person) for person in everybody if chance.random() < rate),
        {EVERYONE: people} | {group: invited[group] for family in families[:2] for group in family.ids},
        chance.choice([5, 10, 10]),
    )


def _families(chance: random.Random, most: int) -> list[FamilyRule]:
    keys = ["directorate", "grade", *(f"declared-{number}" for number in range(chance.randint(0, 3)))]
    return [
        FamilyRule(
            key,
            tuple(f"{key}-{number}" for number in range(chance.randint(2, most))),
            is_partition=key in ("directorate", "grade"),
            level="organisation" if chance.random() < 0.3 and key not in ("directorate", "grade") else "group",
        )
        for key in keys
    ]


def _person(chance: random.Random, families: list[FamilyRule]) -> list[GroupId]:
    """Directorate and grade: the grade mostly goes with the directorate in half of the organisations."""
    directorates, grades = families[0].ids, families[1].ids
    at = min(chance.randrange(len(directorates)), chance.randrange(len(directorates)))
    nests = len(directorates) % 2 and chance.random() < 0.96
    return [directorates[at], grades[at % len(grades)] if nests else chance.choice(grades)]


def _declaring(
    chance: random.Random, person: list[GroupId], declared: list[FamilyRule], bound: dict[GroupId, list[GroupId]]
) -> list[GroupId]:
    """Some groups are those of one directorate or grade, but for a few people."""
    mine = list(person)
    for group in (group for family in declared for group in family.ids):
        like = bound.get(group)
        belongs = 0.15 if like is None else 0.98 if like[0] == person[0] else 0.004
        if chance.random() < belongs:
            mine.append(group)
    return mine
