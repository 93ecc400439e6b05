"""What happened to that which an action was for, from the wave in which it was promised to the next one. Pure."""

from dataclasses import dataclass

from engage.surveys.reports.figures import Answers, Change, Group, Mean
from engage.surveys.reports.report import EVERYONE, Report


@dataclass(frozen=True, slots=True)
class About:
    """What an action is for: a theme or a question, of a group or, without one, of everyone."""

    theme: str | None = None
    question: str | None = None
    family: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """The figure ``then`` and ``now`` in words, and the change between them."""

    name: str
    then: str
    now: str
    change: Change


def follow(about: About, then: Report, now: Report) -> Followed | None:
    """None where the figure is not to be seen in both, or the two cannot be compared."""
    before, after = _figure(about, then), _figure(about, now)
    if before is None or after is None or after.change.points is None:
        return None
    return Followed(_name(after), before.words, after.words, after.change)


def _figure(about: About, report: Report) -> Answers | Mean | None:
    group = _group(about, report)
    if group is None:
        return None
    if about.question is not None:
        return next((each for each in group.questions if each.question.key == about.question), None)
    return next((each for each in group.themes if each.key == about.theme), None)


def _group(about: About, report: Report) -> Group | None:
    if about.family is None or about.group is None or (about.family, about.group) == EVERYONE:
        return report.everyone
    return report.group(about.family, about.group)


def _name(figure: Answers | Mean) -> str:
    return figure.question.text if isinstance(figure, Answers) else figure.name
