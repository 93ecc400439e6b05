"""Which groups are released: by the threshold, the complement and the proof against differencing."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.surveys.disclosure.complement import lacks_complement
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature
from engage.surveys.disclosure.release import Decision, decide
from tests.proofs import attacker
from tests.proofs.organisations import organisation

SMALL, PROTECTS = "below the threshold", "protects another group"
DIRECTORATE = FamilyRule("directorate", ("audit", "legal", "policy"), is_partition=True, level="group")
NETWORK = FamilyRule("network", ("carers", "allies", "parents"), is_partition=False, level="group")
LINES = FamilyRule("network", ("carers", "allies", "parents"), is_partition=False, level="organisation")


def people(**counts: int) -> dict[Signature, int]:
    """Respondents by directorate and networks: ``legal_carers=7``."""
    families = {key: family.key for family in (DIRECTORATE, NETWORK) for key in family.groups}
    return {frozenset((families[key], key) for key in name.split("_")): count for name, count in counts.items()}


def reasons(
    signatures: Mapping[Signature, int], *families: FamilyRule, invited: Mapping[GroupId, int] | None = None
) -> dict[str, str]:
    return {key: why for (_, key), why in decide(signatures, families, invited or {}, 10).withheld.items()}


def test_groups_are_released_from_the_threshold_on() -> None:
    counts = people(audit=10, legal=10, policy=10)
    assert reasons(counts, DIRECTORATE) == {}
    assert reasons(people(audit=20, legal=9, policy=9), DIRECTORATE) == {"legal": SMALL, "policy": SMALL}


def test_fewer_invited_than_the_threshold_are_too_few() -> None:
    counts = people(audit=30, legal=10, policy=10)
    assert reasons(counts, DIRECTORATE, invited={("directorate", "legal"): 9}) == {"legal": SMALL, "policy": PROTECTS}


def test_nothing_is_released_of_too_few_people() -> None:
    decision = decide(people(audit=9), [DIRECTORATE], {}, 10)
    assert decision.released == ()
    assert set(decision.withheld.values()) == {SMALL}
    assert decide({}, [DIRECTORATE], {}, 10).released == ()


def test_a_lone_small_group_takes_the_smallest_sibling_with_it() -> None:
    assert reasons(people(audit=30, legal=4, policy=20), DIRECTORATE) == {"legal": SMALL, "policy": PROTECTS}


def test_that_a_whole_group_kept_silent_is_not_told() -> None:
    assert reasons(people(audit=30, policy=20), DIRECTORATE) == {"legal": SMALL, "policy": PROTECTS}


def test_a_family_may_be_withheld_whole() -> None:
    two = FamilyRule("directorate", ("audit", "legal"), is_partition=True, level="group")
    assert reasons(people(audit=30, legal=4), two) == {"audit": PROTECTS, "legal": SMALL}
    assert not lacks_complement(0b11, 0b11, [1, 1], 10)


def test_a_group_within_another_but_for_a_few_is_withheld() -> None:
    counts = people(audit=30, legal_carers=25, legal=3, policy=20)
    assert reasons(counts, DIRECTORATE, NETWORK) == {"carers": PROTECTS} | dict.fromkeys(["allies", "parents"], SMALL)


def test_of_equally_many_groups_the_smaller_is_withheld() -> None:
    counts = people(audit_carers_allies=22, audit_carers=3, legal=20)
    assert reasons(counts, NETWORK) == {"allies": PROTECTS, "parents": SMALL}


def test_of_equally_many_groups_one_of_the_last_family_is_withheld() -> None:
    counts = people(audit_carers=22, audit=3, legal=20)
    site = FamilyRule("directorate", ("audit",), is_partition=False, level="group")
    carers = FamilyRule("network", ("carers",), is_partition=False, level="group")
    assert reasons(counts, site, carers) == {"carers": PROTECTS}
    assert reasons(counts, carers, site) == {"audit": PROTECTS}


@pytest.mark.parametrize("family", [NETWORK, LINES])
def test_fewer_groups_come_before_their_worth(family: FamilyRule) -> None:
    counts = people(audit=30, legal_carers=25, legal=3, policy=20)
    for families in ([DIRECTORATE, family], [family, DIRECTORATE]):
        assert reasons(counts, *families)["carers"] == PROTECTS


def test_a_combination_by_halves_is_seen() -> None:
    """Carers, allies and parents less everyone is twice those who are all three."""
    counts = people(audit_carers=40, audit_allies=40, legal_parents=40, legal_carers_allies_parents=2)
    assert [*reasons(counts, NETWORK).values()] == [PROTECTS]


def test_what_is_not_proven_is_withheld() -> None:
    counts = people(audit=30, legal=30, policy=30, audit_carers=20)
    decision = decide(counts, [DIRECTORATE, NETWORK], {}, 10, budget=0)
    assert decision.released == (EVERYONE,)
    assert decision.steps == 0
    assert len(decide(counts, [DIRECTORATE, NETWORK], {}, 10).released) == 5


def test_a_little_budget_releases_less_but_nothing_else() -> None:
    org = organisation(75)
    whole = decide(org.signatures, org.families, org.invited, org.threshold)
    some = decide(org.signatures, org.families, org.invited, org.threshold, budget=whole.steps // 2)
    assert some.steps <= whole.steps // 2
    assert 1 < len(some.released) < len(whole.released)
    members = {group: people for group, people in org.members().items() if group in some.released}
    assert not any(attacker.span(members, dict.fromkeys(members, 0), org.threshold))


def renamed(group: GroupId) -> GroupId:
    return group if group == EVERYONE else (f"f-{group[0]}", f"g-{group[1]}")


def shuffled(signatures: dict[Signature, int]) -> dict[Signature, int]:
    return {frozenset(map(renamed, sorted(each, reverse=True))): signatures[each] for each in reversed(signatures)}


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_neither_names_nor_order_decide(seed: int) -> None:
    org = organisation(seed, largest=150, most=4)
    first = decide(org.signatures, org.families, org.invited, org.threshold)
    families = [
        FamilyRule(
            f"f-{family.key}",
            tuple(f"g-{group}" for group in reversed(family.groups)),
            is_partition=family.is_partition,
            level=family.level,
        )
        for family in org.families
    ]
    invited = {renamed(group): org.invited[group] for group in reversed(org.invited)}
    second = decide(shuffled(org.signatures), families, invited, org.threshold)
    withheld = {renamed(group): why for group, why in first.withheld.items()}
    assert second == Decision(tuple(map(renamed, first.released)), withheld, first.steps)


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_people_in_no_known_group_count_for_everyone_alone(seed: int) -> None:
    org = organisation(seed, largest=150, most=4)
    other = frozenset({("nowhere", "nobody")})
    known = decide({**org.signatures, frozenset(): 3}, org.families, {}, org.threshold)
    assert decide({**org.signatures, other: 3}, org.families, {}, org.threshold) == known
