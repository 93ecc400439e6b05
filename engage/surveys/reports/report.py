"""A published report read into figures: what it holds, and what stands out in it. Pure.

``content`` is the contract's JSON of one audience; the texts of the questions are in its ``questionnaire``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engage.surveys.questionnaires.questionnaire import POINTS, Question
from engage.surveys.reports.figures import Answers, Change, Group, Index, Mean
from engage.values import THEMES, VALUES, Named

EVERYONE = ("everyone", "everyone")
STANDING_OUT = 5  # questions that are named as the strongest, and as the weakest


@dataclass(frozen=True, slots=True)
class Report:
    """A wave's report as one audience sees it. ``certificate`` counts links and sheets."""

    wave: str
    title: str
    audience: str
    threshold: int
    published_at: datetime
    root: str
    previous_root: str | None
    comments_root: str | None
    certificate: Mapping[str, int]
    questions: tuple[Question, ...]
    families: Mapping[str, str]
    everyone: Group
    groups: tuple[Group, ...]
    comments: tuple[tuple[str, str], ...]

    @property
    def released(self) -> list[Group]:
        """The groups with figures of their own, beside everyone."""
        return [group for group in self.groups if group.has_figures]

    @property
    def withheld(self) -> list[Group]:
        return [group for group in self.groups if not group.is_released]

    @property
    def lines(self) -> list[Group]:
        """What is counted for the whole organisation alone."""
        return [group for group in self.groups if group.is_released and group.is_line]

    def group(self, family: str, key: str) -> Group | None:
        """The group of that name, released or withheld; lines and everyone are no groups of their own."""
        return next(
            (each for each in self.groups if (each.family, each.key) == (family, key) and not each.is_line), None
        )

    def family_title(self, family: str) -> str:
        """What a family is called: the directory's by their key, a declared one by its question."""
        return self.families.get(family, spelt(family))


def spelt(key: str) -> str:
    """A key in words, where there are none of its own."""
    return key.replace("_", " ").replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Point:
    """One wave of a trend."""

    wave: str
    title: str
    published_at: datetime
    score: float
    rate: int | None


def read(content: Mapping[str, Any]) -> Report:
    """The report that the JSON holds."""
    questionnaire = content.get("questionnaire", {})
    questions = tuple(Question(**each) for each in questionnaire.get("questions", ()))
    groups = [_group(each, questions) for each in content["groups"]]
    everyone = next(group for group in groups if (group.family, group.key) == EVERYONE)
    texts = {each["key"]: each["text"] for each in questionnaire.get("comments", ())}
    return Report(
        wave=content["wave"],
        title=content["title"],
        audience=content["audience"],
        threshold=content["threshold"],
        published_at=datetime.fromisoformat(content["published_at"]),
        root=content["root"],
        previous_root=content["previous_root"],
        comments_root=content["comments_root"],
        certificate=content["certificate"],
        questions=questions,
        families={each["key"]: each["text"] for each in questionnaire.get("families", ())},
        everyone=everyone,
        groups=tuple(group for group in groups if group is not everyone),
        comments=tuple((texts.get(each["question"], each["question"]), each["text"]) for each in content["comments"]),
    )


def strongest(group: Group) -> list[Answers]:
    """The questions that most people answered positively, best first."""
    return _ranked(group, -1)[:STANDING_OUT]


def weakest(group: Group) -> list[Answers]:
    """The questions that fewest people answered positively, worst first; none that is among the strongest too."""
    best = strongest(group)
    return [each for each in _ranked(group, 1)[:STANDING_OUT] if each not in best]


def clear_changes(group: Group) -> list[Answers]:
    """The questions whose change is more than noise, the largest first."""
    clear = [each for each in group.questions if each.change.is_clear]
    return sorted(clear, key=lambda each: -abs(each.change.points or 0))


def trend(report: Report, earlier: Iterable[Report]) -> list[Point]:
    """The index of everyone over the waves that asked its questions in the same words, this one last."""
    asked = _index_texts(report)
    comparable = [each for each in earlier if _index_texts(each) == asked]
    return [
        Point(each.wave, each.title, each.published_at, each.everyone.index.score, each.everyone.rate)
        for each in (*comparable, report)
        if each.everyone.index is not None
    ]


def before(now: Answers, earlier: Group | None) -> Answers | None:
    """The question in the group's last wave; None where the two cannot be compared."""
    if earlier is None or now.change.points is None:
        return None
    return next((each for each in earlier.questions if each.question.key == now.question.key), None)


def _ranked(group: Group, direction: int) -> list[Answers]:
    shown = [each for each in group.questions if each.rank is not None]
    return sorted(shown, key=lambda each: direction * (each.rank or 0))


def _index_texts(report: Report) -> list[tuple[str, str]]:
    return [(question.key, question.text) for question in report.questions if question.is_index]


def _title(family: str, title: str) -> str:
    """A number alone says nothing: "Grade 6"."""
    return f"{family.capitalize()} {title}" if title.isdecimal() else title


def _group(given: Mapping[str, Any], questions: Sequence[Question]) -> Group:
    is_released = given["status"] == "released"
    index = given.get("index")
    figures = given.get("questions", {})
    return Group(
        family=given["family"],
        key=given["key"],
        title=_title(given["family"], given["title"]),
        is_released=is_released,
        reason=given.get("reason"),
        is_line=given.get("level") == "organisation",
        invited=given.get("invited"),
        responded=given.get("responded"),
        index=_index(index) if index and index.get("score") is not None else None,
        themes=_means(THEMES, given.get("themes", {})),
        values=_means(VALUES, given.get("values", {})),
        questions=tuple(_answers(each, figures[each.key]) for each in questions if each.key in figures),
    )


def _index(given: Mapping[str, Any]) -> Index:
    change = Change(given.get("change"), given.get("change_margin"), bool(given.get("clear")))
    return Index(given["score"], given.get("margin"), change)


def _means(names: Sequence[Named], given: Mapping[str, Any]) -> tuple[Mean, ...]:
    return tuple(
        Mean(each.key, each.name, each.meaning, given[each.key]["positive"], _change(given[each.key]))
        for each in names
        if each.key in given
    )


def _answers(question: Question, given: Mapping[str, Any]) -> Answers:
    answers = given.get("answers")
    return Answers(
        question=question,
        positive=given.get("positive"),
        n=given.get("n"),
        answers=tuple(answers[str(point)] for point in POINTS) if answers else None,
        na=given.get("na"),
        skipped=given.get("skipped"),
        band=given.get("band"),
        change=_change(given),
    )


def _change(given: Mapping[str, Any]) -> Change:
    return Change(given.get("change"), given.get("change_margin"), bool(given.get("clear")))
