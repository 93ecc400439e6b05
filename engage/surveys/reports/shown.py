"""In which order a page shows groups and questions, and which it hides, as its address asks. Pure; computes nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engage.surveys.reports.figures import Answers, Group, Mean
from engage.surveys.reports.report import Report
from engage.values import THEMES

BY_NAME, BY_RESPONSE, BY_INDEX = "name", "response", "index"
AS_ASKED, BEST_FIRST, WORST_FIRST, BY_CHANGE = "asked", "best", "worst", "change"
QUESTION_ORDERS = {
    AS_ASKED: "As they were asked",
    BEST_FIRST: "Most positive first",
    WORST_FIRST: "Least positive first",
    BY_CHANGE: "Largest clear change first",
}
GROUP_ORDERS = {BY_NAME: "Name", BY_RESPONSE: "How many answered", BY_INDEX: "Engagement index"}
ALL = "all"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose to see. What is unknown counts as not chosen."""

    family: str
    groups_by: str
    theme: str
    questions_by: str


def choice_of(query: Mapping[str, str], report: Report) -> Choice:
    """The choice in an address."""
    families = {group.family for group in report.released}
    themes = {theme.key for theme in THEMES}
    return Choice(
        family=_one_of(families, query.get("family"), ALL),
        groups_by=_one_of({*GROUP_ORDERS, *themes}, query.get("groups"), BY_NAME),
        theme=_one_of(themes, query.get("theme"), ALL),
        questions_by=_one_of(set(QUESTION_ORDERS), query.get("questions"), AS_ASKED),
    )


def groups_shown(report: Report, choice: Choice) -> list[Group]:
    """The released groups: by family and name, or the largest figure first."""
    groups = [group for group in report.released if choice.family in (ALL, group.family)]
    if choice.groups_by == BY_NAME:
        return groups
    return sorted(groups, key=_descending(lambda group: _figure(group, choice.groups_by)))


def questions_shown(group: Group, choice: Choice) -> list[Answers]:
    """The questions of the chosen theme in the chosen order; what cannot be ranked comes last."""
    questions = [each for each in group.questions if choice.theme in (ALL, each.question.theme)]
    if choice.questions_by == BEST_FIRST:
        return sorted(questions, key=_descending(lambda each: each.rank))
    if choice.questions_by == WORST_FIRST:
        return sorted(questions, key=_descending(lambda each: None if each.rank is None else -each.rank))
    if choice.questions_by == BY_CHANGE:
        return sorted(questions, key=_descending(lambda each: _size(each) if each.change.is_clear else None))
    return questions


def theme_of(group: Group, key: str) -> Mean | None:
    """The group's figure for a theme."""
    return next((mean for mean in group.themes if mean.key == key), None)


def _figure(group: Group, by: str) -> float | None:
    if by == BY_RESPONSE:
        return group.responded
    if by == BY_INDEX:
        return group.index.score if group.index else None
    theme = theme_of(group, by)
    return theme.positive if theme else None


def _size(question: Answers) -> float:
    return abs(question.change.points or 0)


def _descending(figure: Callable[[Any], float | None]) -> Callable[[Any], tuple[bool, float]]:
    def key(item: Any) -> tuple[bool, float]:
        found = figure(item)
        return found is None, -(found or 0)

    return key


def _one_of(known: set[str], given: str | None, otherwise: str) -> str:
    return given if given is not None and given in known else otherwise
