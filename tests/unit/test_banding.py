"""Near-unanimous figures: which are banded, which are withheld with them, and that nothing undoes it."""

import random
from collections import Counter
from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.surveys.disclosure.banding import Figure, band, banded
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature
from engage.surveys.disclosure.release import decide
from tests.proofs.organisations import organisation

DIRECTORATE = FamilyRule("directorate", ("audit", "legal", "policy"), is_partition=True, level="group")
GRADE = FamilyRule("grade", ("six", "seven"), is_partition=True, level="group")


def bands(*families: FamilyRule, **answers: tuple[int, int]) -> dict[str, str]:
    """What is not shown, from (positive, answered) by signature: ``audit_six=(20, 30)``."""
    family = {key: each.key for each in families for key in each.groups}
    signatures: Counter[Signature] = Counter()
    positive, answered = Counter[GroupId](), Counter[GroupId]()
    for name, (yes, total) in answers.items():
        signature = frozenset((family[key], key) for key in name.split("_"))
        signatures[signature] += total
        for group in signature | {EVERYONE}:
            positive[group], answered[group] = positive[group] + yes, answered[group] + total
    figures = {(group, "q"): Figure(positive[group], answered[group]) for group in answered}
    shown = band(figures, signatures, families, 10)
    assert shown.keys() == figures.keys()
    return {key: each for ((_, key), _), each in shown.items() if each}


@pytest.mark.parametrize(
    ("positive", "answered", "expected"),
    [(19, 20, "95+"), (20, 20, "95+"), (18, 20, None), (1, 20, "5-"), (0, 20, "5-"), (2, 20, None), (5, 9, "withheld")],
)
def test_bands_begin_at_exactly_95_and_5_per_cent(positive: int, answered: int, expected: str | None) -> None:
    assert banded(Figure(positive, answered), 10) == expected


def test_ordinary_figures_are_shown() -> None:
    assert bands(DIRECTORATE, audit=(20, 30), legal=(10, 30), policy=(10, 20)) == {}


def test_a_banded_group_takes_its_smallest_sibling_with_it() -> None:
    assert bands(DIRECTORATE, audit=(30, 30), legal=(10, 30), policy=(10, 20)) == {"audit": "95+", "policy": "withheld"}


def test_the_sibling_is_one_with_which_the_rest_says_nothing() -> None:
    found = bands(DIRECTORATE, audit=(200, 200), legal=(10, 30), policy=(10, 20))
    assert found == {"audit": "95+", "legal": "withheld"}


def test_two_that_are_alike_are_not_told_together_either() -> None:
    found = bands(DIRECTORATE, audit=(30, 30), legal=(10, 30), policy=(20, 20))
    assert found == {"audit": "95+", "policy": "95+", "legal": "withheld"}


def test_two_that_differ_hide_one_another() -> None:
    assert bands(DIRECTORATE, audit=(30, 30), legal=(10, 30), policy=(0, 20)) == {"audit": "95+", "policy": "5-"}


def test_everyone_is_banded_and_does_not_come_back_from_a_family() -> None:
    found = bands(DIRECTORATE, audit=(100, 100), legal=(100, 100), policy=(9, 10))
    assert found == {"everyone": "95+", "audit": "95+", "legal": "95+"}
    found = bands(GRADE, six=(94, 100), seven=(97, 100))
    assert found == {"everyone": "95+", "seven": "95+"}


def test_each_family_hides_everyone() -> None:
    answers = {"audit_six": (93, 98), "audit_seven": (94, 100), "legal_six": (98, 100), "legal_seven": (98, 100)}
    two = FamilyRule("directorate", ("audit", "legal"), is_partition=True, level="group")
    found = bands(two, GRADE, **answers)
    assert found["everyone"] == "95+"
    assert {"audit", "legal"} & found.keys()
    assert {"six", "seven"} & found.keys()


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([0.02, 0.5, 0.93, 0.98]))
def test_no_count_that_is_hidden_is_a_combination_of_shown_ones(seed: int, rate: float) -> None:
    org = organisation(seed, largest=100, most=4)
    released = decide(org.signatures, org.families, org.invited, org.threshold).released
    if not released:
        return
    chance = random.Random(seed)
    members = {group: people for group, people in org.members().items() if group in released}
    says = [chance.choices([None, False, True], [0.1, 0.9 * (1 - rate), 0.9 * rate])[0] for _ in org.respondents]
    figures = {(group, "q"): _figure([says[who] for who in people]) for group, people in members.items()}
    shown = band(figures, org.signatures, org.families, org.threshold)
    exact = [members[group] for group in released if shown[group, "q"] is None]
    for group in released:
        own = banded(figures[group, "q"], org.threshold)
        assert shown[group, "q"] in (own or "withheld", own)
        assert own is None or not _is_combination(members[group], exact)
    for key, hidden in _hidden_by_family(org.families, shown).items():
        together = frozenset().union(*(members[group] for group in hidden))
        tells = banded(_figure([says[who] for who in together]), org.threshold)
        assert not tells or not _is_combination(together, exact), key


def _hidden_by_family(
    families: tuple[FamilyRule, ...], shown: Mapping[tuple[GroupId, str], object]
) -> dict[str, list[GroupId]]:
    hidden = {family.key: [group for group in family.ids if shown.get((group, "q"))] for family in families[:2]}
    return {key: groups for key, groups in hidden.items() if groups}


def _figure(answers: list[bool | None]) -> Figure:
    return Figure(answers.count(True), len(answers) - answers.count(None))


def _is_combination(wanted: frozenset[int], rows: list[frozenset[int]]) -> bool:
    """By elimination over fractions: told anew."""
    people = sorted(wanted.union(*rows))
    echelon: list[tuple[int, list[Fraction]]] = []
    for row in [*rows, wanted]:
        left = [Fraction(who in row) for who in people]
        for place, other in echelon:
            left = [mine - left[place] * theirs for mine, theirs in zip(left, other, strict=True)]
        pivot = next((place for place, value in enumerate(left) if value), None)
        if row is wanted and pivot is None:
            return True
        if pivot is not None:
            echelon.append((pivot, [value / left[pivot] for value in left]))
    return False
