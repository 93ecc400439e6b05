"""A questionnaire: what is asked, how long it takes, how two versions differ, and whether an answered sheet fits. Pure.

``content``, as it is stored, is {"questions": [{"key", "text", "value", "theme", "is_index"}], "comments": [{"key",
"text"}], "families": [{"key", "text", "options": [{"key", "title"}], "level"}]}.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

POINTS = {1: "Strongly disagree", 2: "Disagree", 3: "Neither agree nor disagree", 4: "Agree", 5: "Strongly agree"}
NOT_APPLICABLE: Literal["na"] = "na"
COMMENT_BYTES = 1_000  # the most of UTF-8 in each comment
SECONDS = {"question": 10, "comment": 45, "family": 15}  # reckoned for whoever answers everything

Answer = int | Literal["na"]


@dataclass(frozen=True, slots=True)
class Question:
    """A statement to agree or disagree with; ``is_index`` where it counts into the engagement index."""

    key: str
    text: str
    value: str | None = None
    theme: str | None = None
    is_index: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A question that is answered in own words."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Option:
    """One group of a family."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Family:
    """Groups that people declare for themselves; ``level`` is group where each may have a report of its own."""

    key: str
    text: str
    options: tuple[Option, ...]
    level: str


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """One version of a questionnaire."""

    key: str
    version: int
    title: str
    questions: tuple[Question, ...]
    comments: tuple[Comment, ...]
    families: tuple[Family, ...]

    @property
    def minutes(self) -> int:
        """How long it takes who answers everything, rounded up."""
        parts = {"question": self.questions, "comment": self.comments, "family": self.families}
        return ceil(sum(SECONDS[name] * len(each) for name, each in parts.items()) / 60)

    @property
    def group_families(self) -> tuple[str, ...]:
        """The families whose groups may have reports of their own."""
        return tuple(family.key for family in self.families if family.level == "group")


def read(key: str, version: int, title: str, content: Mapping[str, Any]) -> Questionnaire:
    """The questionnaire whose content is stored."""
    families = (
        Family(each["key"], each["text"], tuple(Option(**option) for option in each["options"]), each["level"])
        for each in content["families"]
    )
    return Questionnaire(
        key,
        version,
        title,
        tuple(Question(**each) for each in content["questions"]),
        tuple(Comment(**each) for each in content["comments"]),
        tuple(families),
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """What one version has otherwise than the other: ``before`` is None for what is new, ``after`` for what is gone."""

    what: str  # "question pride"
    before: str | None
    after: str | None


def differences(old: Questionnaire, new: Questionnaire) -> list[Difference]:
    """What became different, in the order of the new version; then what is gone. Order alone is no difference."""
    before, after = dict(_parts(old)), dict(_parts(new))
    changed = [Difference(what, before.get(what), text) for what, text in after.items() if before.get(what) != text]
    return changed + [Difference(what, text, None) for what, text in before.items() if what not in after]


def comparable(old: Questionnaire, new: Questionnaire) -> frozenset[str]:
    """The keys of the questions that may be compared over time: the same key and the same wording."""
    wordings = {question.key: question.text for question in old.questions}
    return frozenset(question.key for question in new.questions if wordings.get(question.key) == question.text)


def sheet_faults(
    questionnaire: Questionnaire, answers: Mapping[str, object], groups: Mapping[str, Sequence[object]]
) -> list[str]:
    """What of a sheet does not fit: ``answers`` by question, ``groups`` ticked by family. All may be left out."""
    known = {question.key for question in questionnaire.questions}
    options = {family.key: {option.key for option in family.options} for family in questionnaire.families}
    faults = [f"{key!r} is not a question" for key in answers if key not in known]
    faults += [f"{key}: {answer!r} is not an answer" for key, answer in answers.items() if not _is_answer(answer)]
    faults += [f"{family!r} is not a family of groups" for family in groups if family not in options]
    for family, ticked in groups.items():
        known_here = options.get(family, set())
        faults += [f"{family}: {each!r} is not a group" for each in ticked if each not in known_here]
        if len(ticked) != len(set(ticked)):
            faults.append(f"{family}: a group is ticked twice")
    return faults


def _is_answer(answer: object) -> bool:
    return answer == NOT_APPLICABLE or (type(answer) is int and answer in POINTS)


def _parts(questionnaire: Questionnaire) -> Iterator[tuple[str, str]]:
    """Everything that one version can have otherwise than another, by name, in words."""
    yield "title", questionnaire.title
    for question in questionnaire.questions:
        yield f"question {question.key}", _worded(question)
    for comment in questionnaire.comments:
        yield f"comment {comment.key}", comment.text
    for family in questionnaire.families:
        yield f"family {family.key}", f"{family.text} ({_level(family)})"
        for option in family.options:
            yield f"group {option.key} of {family.key}", option.title


def _worded(question: Question) -> str:
    counts = [name for name in (question.value, question.theme, "index" if question.is_index else None) if name]
    return f"{question.text} ({', '.join(counts) or 'counts for nothing else'})"


def _level(family: Family) -> str:
    return "reports by group" if family.level == "group" else "one line in the organisation’s report"
