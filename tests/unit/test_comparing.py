"""Changes between two waves: which figures are compared, how sure they are, and when noise is called noise."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.late import library
from engage.surveys.questionnaires.questionnaire import Question, Questionnaire
from engage.surveys.reports.comparing import adjusted, basis, with_changes
from engage.surveys.reports.release import group_of

VALUED = Question("valued", "I am valued.", "respect", "people")
SAFE = Question("safe", "I feel safe.", "respect", "people")
PRIDE = Question("pride", "I am proud.", is_index=True)


def asked(*questions: Question) -> Questionnaire:
    return Questionnaire("gptw", 1, "Our values", questions, (), ())


ASKED = asked(VALUED, SAFE, PRIDE)


def group(positive: int = 50, n: int = 100, *, invited: int | None = None, **changed: Any) -> dict[str, Any]:
    """A released group of which that many answered each question positively, and the rest negatively."""
    counts = {"counts": [0, n - positive, 0, positive, 0], "n": n, "na": 0, "skipped": 0, "band": None}
    counted = {
        "family": "directorate",
        "key": "policy",
        "title": "Policy",
        "level": "group",
        "status": "released",
        "reason": None,
        "invited": invited,
        "responded": n,
        "index": {"2": n - positive, "4": positive},
        "questions": {question.key: counts for question in ASKED.questions},
    }
    return group_of(counted | changed, ASKED)


def changed(now: dict[str, Any], then: dict[str, Any] | None, old: Questionnaire = ASKED) -> dict[str, Any]:
    return with_changes(now, then, basis(old, ASKED))


def test_large_change_is_clear_in_questions_theme_value_and_index() -> None:
    found = changed(group(80), group(50))
    assert found["questions"]["valued"] | {"answers": 0} == {
        "positive": 80,
        "answers": 0,
        "n": 100,
        "na": 0,
        "skipped": 0,
        "band": None,
        "change": 30,
        "change_margin": pytest.approx(1.959964 * 100 * np.sqrt(0.16 / 99 + 0.25 / 99), abs=0.06),
        "clear": True,
    }
    for figure in (found["themes"]["people"], found["values"]["respect"]):
        assert (figure["change"], figure["clear"]) == (30, True)
    assert (found["index"]["change"], found["index"]["clear"]) == (15.0, True)
    assert found["index"]["change_margin"] == pytest.approx(np.hypot(*(found["index"]["margin"], 4.9)), abs=0.1)


def test_noise_is_no_clear_change_though_it_is_shown() -> None:
    found = changed(group(56), group(50))
    assert (found["questions"]["valued"]["change"], found["questions"]["valued"]["clear"]) == (6, False)
    assert found["index"]["change"] == 3.0
    assert not found["index"]["clear"]


def test_sure_but_small_change_is_not_called_clear() -> None:
    found = changed(group(5_400, 10_000), group(5_000, 10_000))["questions"]["valued"]
    assert (found["change"], found["clear"]) == (4, False)
    assert found["change_margin"] < found["change"]
    assert changed(group(5_500, 10_000), group(5_000, 10_000))["questions"]["valued"]["clear"]


def test_group_of_which_everybody_answered_is_as_noisy_as_any() -> None:
    found = changed(group(14, 22, invited=22), group(11, 22, invited=22))
    assert found["index"]["margin"] == 0.0
    assert found["questions"]["valued"]["change"] == 14
    assert not found["questions"]["valued"]["clear"]
    assert not found["index"]["clear"]


@pytest.mark.parametrize(
    "then",
    [
        None,
        group(title="Policy and Strategy"),
        group(key="policy-1"),
        {**{name: group()[name] for name in ("family", "key", "title")}, "status": "withheld", "reason": "…"},
    ],
    ids=["none", "renamed", "split", "withheld"],
)
def test_group_that_was_not_there_as_it_is_has_no_change(then: dict[str, Any] | None) -> None:
    assert changed(group(80), then) == group(80)


def test_reworded_question_is_compared_with_nothing_nor_are_its_theme_and_the_index_it_is_of() -> None:
    old = asked(VALUED, Question("safe", "I feel secure.", "respect", "people"), Question("pride", "I boast."))
    found = changed(group(80), group(50), old)
    assert found["questions"]["valued"]["change"] == 30
    for figure in (found["questions"]["safe"], found["questions"]["pride"], found["themes"]["people"], found["index"]):
        assert (figure["change"], figure["change_margin"], figure["clear"]) == (None, None, False)


def test_theme_of_other_questions_than_before_has_no_change() -> None:
    old = asked(VALUED, Question("safe", "I feel safe.", "respect", "leaders"), PRIDE)
    found = changed(group(80), group(50), old)
    assert found["themes"]["people"]["change"] is None
    assert found["values"]["respect"]["change"] == 30


def test_banded_figure_has_no_change_in_either_wave() -> None:
    hidden = {"counts": None, "n": 100, "na": 0, "skipped": 0, "band": "95+"}
    kept = {"counts": [0, 20, 0, 80, 0], "n": 100, "na": 0, "skipped": 0, "band": None}
    banded = group(questions={"valued": hidden, "safe": kept, "pride": kept})
    for found in (changed(banded, group(50)), changed(group(50), banded)):
        assert found["questions"]["valued"]["change"] is None
        assert found["themes"]["people"]["change"] is None
        assert found["questions"]["safe"]["change"] is not None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_adjusted_probabilities_are_those_of_scipy(chances: list[float]) -> None:
    assert adjusted(chances) == pytest.approx(library("scipy.stats").false_discovery_control(chances).tolist())


def test_adjusted_probabilities_of_nothing_are_none() -> None:
    assert adjusted([]) == []


def test_chance_of_a_change_is_that_of_the_normal_distribution() -> None:
    found = changed(group(62), group(50))["questions"]["valued"]
    error = 100 * np.sqrt(0.62 * 0.38 / 99 + 0.25 / 99)
    assert 2 * library("scipy.stats").norm.sf(12 / error) < 0.1
    assert not found["clear"]


def test_waves_without_any_change_show_clear_ones_in_few_groups() -> None:
    """The false discovery rate where nothing changed: at most one group in twenty, give or take chance."""
    chance = random.Random(1)
    trials = 600
    clear = 0
    for _ in range(trials):
        now, then = (group(sum(chance.random() < 0.6 for _ in range(150)), 150) for _ in range(2))
        found = changed(now, then)
        figures = [found["index"], *found["questions"].values(), *found["themes"].values(), *found["values"].values()]
        clear += any(figure["clear"] for figure in figures)
    assert clear / trials < 0.08
