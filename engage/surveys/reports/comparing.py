"""Change since the last wave: of what, how much, and whether it is more than noise. Pure.

All of it can be computed again from the two published reports. Waves are taken as independent samples; people who
answer both make changes less noisy than that, so that too little is called clear and not too much. A change is clear
where it passes Benjamini and Hochberg's procedure (1995) over all comparisons of its group, and is large enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot
from operator import attrgetter
from statistics import NormalDist
from typing import Any

from engage.surveys.questionnaires.questionnaire import Questionnaire, comparable
from engage.surveys.reports.scoring import Z, mean_error, share_error
from engage.surveys.reports.verify_release import POSITIVE

RATE = 0.05  # the expected share of false ones among the changes that are called clear
LEAST_POINTS = 5  # of per cent positive: a smaller change is never called clear
LEAST_INDEX_POINTS = 3
SECTIONS = {"themes": attrgetter("theme"), "values": attrgetter("value")}  # of a question

Group = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Basis:
    """What of two questionnaires may be compared: questions, and themes and values that are made of the same ones."""

    questions: frozenset[str]
    sections: Mapping[str, Mapping[str, frozenset[str]]]  # "themes" and "values", by key
    index: frozenset[str]  # its questions, none where it is made of others now


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure now and then: the difference in points, and its standard error, None where nobody can tell."""

    difference: float
    error: float | None
    least: float

    @property
    def chance(self) -> float:
        """The two-sided probability of such a difference where nothing changed."""
        if self.error is None:
            return 1.0
        if not self.error:
            return 0.0 if self.difference else 1.0
        return 2 * NormalDist().cdf(-abs(self.difference) / self.error)


def basis(old: Questionnaire, new: Questionnaire) -> Basis:
    """What two versions have in common."""
    same = comparable(old, new)
    then, now = _index(old), _index(new)
    return Basis(
        same,
        {name: _alike(_sections(old, name), _sections(new, name), same) for name in SECTIONS},
        index=now if then == now <= same else frozenset(),
    )


def with_changes(group: Group, earlier: Group | None, based_on: Basis) -> dict[str, Any]:
    """A released group with its changes filled in; as it is where the earlier wave has none to compare it with."""
    if earlier is None or not _is_same(group, earlier):
        return dict(group)
    found = _comparisons(group, earlier, based_on)
    chances = adjusted([comparison.chance for comparison in found.values()])
    changed: dict[str, Any] = {section: dict(group[section]) for section in (*SECTIONS, "questions")}
    for ((section, key), comparison), chance in zip(found.items(), chances, strict=True):
        change = _change(comparison, is_unlikely=chance <= RATE)
        if section == "index":
            changed["index"] = group["index"] | change
        else:
            changed[section][key] = group[section][key] | change
    return {**group, **changed}


def adjusted(chances: Sequence[float]) -> list[float]:
    """Each probability as the smallest rate of false discoveries at which it would pass."""
    order = sorted(range(len(chances)), key=lambda place: chances[place], reverse=True)
    found, smallest = [1.0] * len(chances), 1.0
    for rank, place in zip(range(len(chances), 0, -1), order, strict=True):
        smallest = min(smallest, chances[place] * len(chances) / rank)
        found[place] = smallest
    return found


def _comparisons(group: Group, earlier: Group, based_on: Basis) -> dict[tuple[str, str], Comparison]:
    """By section and key: the index, then what else is shown in both."""
    found = {}
    if based_on.index and group["index"] and earlier["index"]:
        found["index", "index"] = _of_index(based_on.index, group, earlier)
    for section, parts in based_on.sections.items():
        for key, questions in parts.items():
            if all(_is_shown(each["questions"][question]) for each in (group, earlier) for question in questions):
                found[section, key] = _of_section(section, key, questions, group, earlier)
    for key in sorted(based_on.questions):
        if all(_is_shown(each["questions"][key]) for each in (group, earlier)):
            difference = group["questions"][key]["positive"] - earlier["questions"][key]["positive"]
            error = hypot(*(_error(each, key) for each in (group, earlier)))
            found["questions", key] = Comparison(difference, error, LEAST_POINTS)
    return found


def _of_index(questions: frozenset[str], group: Group, earlier: Group) -> Comparison:
    """As if its questions rose and fell together, too; unsure where one of them is banded."""
    difference = round(group["index"]["score"] - earlier["index"]["score"], 1)
    shown = [[each["questions"][key] for key in sorted(questions)] for each in (group, earlier)]
    if not all(_is_shown(question) for each in shown for question in each):
        return Comparison(difference, None, LEAST_INDEX_POINTS)
    errors = (sum(mean_error(question["answers"]) for question in each) / len(questions) for each in shown)
    return Comparison(difference, hypot(*errors), LEAST_INDEX_POINTS)


def _of_section(section: str, key: str, questions: frozenset[str], group: Group, earlier: Group) -> Comparison:
    """As if its questions rose and fell together: the counters do not tell, and that is the most it can be."""
    errors = (sum(_error(each, question) for question in questions) / len(questions) for each in (group, earlier))
    return Comparison(group[section][key]["positive"] - earlier[section][key]["positive"], hypot(*errors), LEAST_POINTS)


def _change(comparison: Comparison, *, is_unlikely: bool) -> dict[str, Any]:
    is_clear = is_unlikely and abs(comparison.difference) >= comparison.least
    return {
        "change": comparison.difference,
        "change_margin": None if comparison.error is None else round(Z * comparison.error, 1),
        "clear": is_clear,
    }


def _error(group: Group, key: str) -> float:
    question = group["questions"][key]
    positive = sum(question["answers"][point] for point in POSITIVE)
    return share_error(positive, question["n"])


def _is_shown(question: Group) -> bool:
    return question["positive"] is not None and question["n"] >= 2


def _is_same(group: Group, earlier: Group) -> bool:
    """A group that was renamed or split is another one; one that is withheld or a line has no figures."""
    has_figures = "questions" in group and "questions" in earlier
    return has_figures and all(group[name] == earlier[name] for name in ("family", "key", "title"))


def _index(version: Questionnaire) -> frozenset[str]:
    return frozenset(question.key for question in version.questions if question.is_index)


def _sections(version: Questionnaire, section: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for question in version.questions:
        if (name := SECTIONS[section](question)) is not None:
            found.setdefault(name, set()).add(question.key)
    return {name: frozenset(questions) for name, questions in found.items()}


def _alike(
    old: Mapping[str, frozenset[str]], new: Mapping[str, frozenset[str]], same: frozenset[str]
) -> dict[str, frozenset[str]]:
    return {name: questions for name, questions in new.items() if old.get(name) == questions <= same}
