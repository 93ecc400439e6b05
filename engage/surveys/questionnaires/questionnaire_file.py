"""The table of a questionnaire in a file. Pure.

A questionnaire is what its table says, whole: a question that is left out is left out of its next version.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from engage.files.shapes import Given, Key, Part, Sentence, Table, Title, doubled, shown, tables
from engage.surveys.groups import RESERVED
from engage.values import THEMES, VALUES, Named

NONE = "none"  # what a file may write for no value and no theme
MOST_QUESTIONS, MOST_COMMENTS, MOST_FAMILIES, MOST_OPTIONS = 100, 10, 10, 30
UTC = ZoneInfo("UTC")  # of tables without any time


def _one_of(named: Sequence[Named]) -> AfterValidator:
    keys = [each.key for each in named]

    def check(key: str | None) -> str | None:
        if key not in (None, NONE, *keys):
            raise ValueError(f"must be one of {', '.join(keys)}, or {NONE}")
        return None if key == NONE else key

    return AfterValidator(check)


def _own_family(key: str) -> str:
    if key in RESERVED:
        raise ValueError(f"must not be {key!r}, which stands for groups that nobody declares")
    return key


FamilyKey = Annotated[Key, AfterValidator(_own_family)]


class QuestionPart(Part):
    """[[questionnaire.question]]."""

    required = ("key", "text")

    key: Key | None = None
    text: Sentence | None = None
    value: Annotated[Key | None, _one_of(VALUES)] = None
    theme: Annotated[Key | None, _one_of(THEMES)] = None
    is_index: bool = Field(False, alias="index")


class CommentPart(Part):
    """[[questionnaire.comment]]."""

    required = ("key", "text")

    key: Key | None = None
    text: Sentence | None = None


class OptionPart(Part):
    """One group of a family."""

    required = ("key", "title")

    key: Key | None = None
    title: Title | None = None


class FamilyPart(Part):
    """[[questionnaire.family]] without its options."""

    required = ("key", "text")

    key: FamilyKey | None = None
    text: Sentence | None = None
    level: Literal["group", "organisation"] = "group"


class QuestionnairePart(Part):
    """[[questionnaire]] without what is asked."""

    required = ("key",)

    key: Key | None = None
    title: Title | None = None


@dataclass(frozen=True, slots=True)
class GivenQuestionnaire:
    """One questionnaire of a file; ``content`` is as it is stored, and whole only where there are no ``faults``."""

    head: Given
    content: dict[str, Any]
    faults: list[str]

    @property
    def group_families(self) -> list[str]:
        """The families whose groups may have reports of their own."""
        return [family["key"] for family in self.content["families"] if family["level"] == "group"]


def read_questionnaire(table: Table, place: str, zone: ZoneInfo) -> GivenQuestionnaire:
    """Read one [[questionnaire]]; ``place`` is that of the table ("gptw.toml: questionnaire 1")."""
    place = placed(table, place)
    parts = {"question", "comment", "family"}
    head = QuestionnairePart.read({key: each for key, each in table.items() if key not in parts}, place, zone)
    questions, wrong = _read_each(QuestionPart, table.get("question", []), f"{place}, question", MOST_QUESTIONS)
    comments, wrong_comments = _read_each(CommentPart, table.get("comment", []), f"{place}, comment", MOST_COMMENTS)
    families, wrong_families = _read_families(table.get("family", []), f"{place}, family")
    faults = [*head.faults, *wrong, *wrong_comments, *wrong_families]
    if not questions and not wrong:
        faults.append(f"{place}, question: is missing; a questionnaire asks at least one")
    content = {"questions": _columns(questions), "comments": _columns(comments), "families": families}
    return GivenQuestionnaire(head, content, faults)


def placed(table: Table, place: str) -> str:
    """The place of a table with the key that it gives itself."""
    key = table.get("key")
    return f"{place} ({shown(key)})" if isinstance(key, str) else place


def _read_each(shape: type[Part], value: object, place: str, most: int) -> tuple[list[Given], list[str]]:
    found, faults = tables(value, place)
    if len(found) > most:
        faults.append(f"{place}: must have at most {most} entries")
    parts = [shape.read(table, f"{place} {number}", UTC) for number, table in enumerate(found[:most], start=1)]
    return parts, [*faults, *chain.from_iterable(part.faults for part in parts), *doubled(parts)]


def _read_families(value: object, place: str) -> tuple[list[dict[str, Any]], list[str]]:
    found, _ = tables(value, place)
    bare = [{key: each for key, each in table.items() if key != "options"} for table in found]
    parts, faults = _read_each(FamilyPart, bare if found else value, place, MOST_FAMILIES)
    families = []
    for number, (table, part) in enumerate(zip(found, parts, strict=False), start=1):
        options, wrong = _read_each(OptionPart, table.get("options", []), f"{place} {number}, options", MOST_OPTIONS)
        faults += wrong if options or wrong else [f"{place} {number}, options: is missing; name the groups"]
        families.append({**_columns([part])[0], "options": _columns(options)})
    return families, faults


def _columns(parts: Iterable[Given]) -> list[dict[str, Any]]:
    return [part.shape.defaults() | dict(part.columns) for part in parts]
