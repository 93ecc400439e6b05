"""Nothing that is released tells what fewer people than the threshold said, and hardly anything more is withheld."""

import random
import sys
from collections.abc import Callable, Collection, Mapping
from itertools import combinations

import pytest

from engage.surveys.disclosure.groups import EVERYONE, GroupId
from engage.surveys.disclosure.release import Decision, decide
from tests.proofs import attacker
from tests.proofs.attacker import Found
from tests.proofs.organisations import Organisation, organisation

SMALL = {"largest": 120, "most": 3}
Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Prints a line that is seen although the test passes."""

    def line(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}")

    return line


def decided(org: Organisation) -> Decision:
    return decide(org.signatures, org.families, org.invited, org.threshold)


def large_enough(org: Organisation) -> list[GroupId]:
    """What the plain threshold releases."""
    return [
        group
        for group, people in org.members().items()
        if min(len(people), org.invited.get(group, len(people))) >= org.threshold
    ]


def found(org: Organisation, seed: int, released: Collection[GroupId]) -> list[Found]:
    """What the attacker finds, with proof that they are right."""
    chance = random.Random(seed)
    said = [chance.randint(0, 1) for _ in org.respondents]
    members = {group: people for group, people in org.members().items() if group in released}
    totals = {group: sum(said[who] for who in people) for group, people in members.items()}
    ways = (attacker.pairs, attacker.chains, attacker.span)
    finds = [find for way in ways for find in way(members, totals, org.threshold)] if members else []
    for find in finds:
        assert 0 < len(find.people) < org.threshold
        assert find.total == sum(said[who] for who in find.people)
    return finds


def attack_all(seeds: range, say: Say) -> float:
    """Attacks every organisation; the share of those that the plain threshold would have exposed."""
    exposed = groups = withheld = steps = 0
    for seed in seeds:
        org = organisation(seed)
        decision, plain = decided(org), large_enough(org)
        assert not found(org, seed, decision.released), f"organisation {seed}"
        assert set(decision.released) <= set(plain)
        exposed += bool(found(org, seed, plain))
        groups, withheld, steps = (
            groups + len(plain),
            withheld + len(plain) - len(decision.released),
            max(steps, decision.steps),
        )
    say(f"{len(seeds)} organisations: nothing found; the threshold alone exposes {exposed}")
    say(f"{groups} groups large enough, {withheld} withheld to protect others; at most {steps} steps")
    return exposed / len(seeds)


def test_an_attacker_finds_nothing(say: Say) -> None:
    assert attack_all(range(60), say) > 0.5


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_an_attacker_finds_nothing_in_a_thousand_organisations(say: Say) -> None:
    assert attack_all(range(1_000), say) > 0.6


def is_complemented(org: Organisation, released: Collection[GroupId]) -> bool:
    """Rule (b), told anew."""
    for family in org.families[:2]:
        hidden = [group for group in family.ids if group not in released]
        people = sum(any(group in mine for group in hidden) for mine in org.respondents)
        if 0 < len(hidden) < len(family.ids) and (len(hidden) == 1 or people < org.threshold):
            return False
    return True


def optimum(org: Organisation) -> set[GroupId]:
    """The fewest groups to withhold by trying all, those worth least first."""
    members = org.members()
    place = {family.key: -number for number, family in enumerate(org.families)}
    candidates = [group for group in large_enough(org) if group != EVERYONE]
    candidates.sort(key=lambda group: (place[group[0]], len(members[group]), [-ord(each) for each in group[1]]))
    for number in range(len(candidates) + 1):
        for some in sorted(combinations(reversed(range(len(candidates))), number)):
            released = [EVERYONE, *(group for at, group in enumerate(candidates) if at not in some)]
            if is_complemented(org, released) and not _is_exposed(org, {group: members[group] for group in released}):
                return {candidates[at] for at in some}
    raise AssertionError("everyone by itself is safe")


def _is_exposed(org: Organisation, members: Mapping[GroupId, frozenset[int]]) -> bool:
    nothing = dict.fromkeys(members, 0)
    return any(any(way(members, nothing, org.threshold)) for way in (attacker.pairs, attacker.span))


def compare_all(seeds: range, say: Say) -> float:
    """The share of organisations in which exactly the optimum is released."""
    same = groups = released = people = covered = compared = 0
    for seed in seeds:
        org = organisation(seed, **SMALL)
        if len(org.respondents) < org.threshold:
            continue
        decision, members, plain = decided(org), org.members(), large_enough(org)
        protecting = {group for group, reason in decision.withheld.items() if reason == "protects another group"}
        best = optimum(org)
        assert len(protecting) >= len(best)
        compared, same = compared + 1, same + (protecting == best)
        groups, released = groups + len(plain), released + len(decision.released)
        shown = set().union(*(members[group] for group in decision.released if group != EVERYONE))
        people, covered = people + len(org.respondents), covered + len(shown)
    say(f"{compared} small organisations: the optimum in {same}")
    say(
        f"{released / groups:.0%} of the groups that are large enough released, {covered / people:.0%} of people in one"
    )
    return same / compared


def test_no_more_is_withheld_than_has_to_be(say: Say) -> None:
    assert compare_all(range(20), say) == 1


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_no_more_is_withheld_than_has_to_be_in_two_hundred_organisations(say: Say) -> None:
    assert compare_all(range(230), say) >= 0.95
