"""The form of a wave as it was posted: open answers, or the boxes that a browser sealed. It keeps what was typed."""

import base64
import binascii
import re
from collections import defaultdict

from starlette.datastructures import FormData

from engage.errors import EngageError
from engage.surveys.answers.seal import Sealer, Sheet
from engage.surveys.questionnaires.questionnaire import COMMENT_BYTES, NOT_APPLICABLE, POINTS, Answer, Questionnaire

QUESTION, GROUP, COMMENT = "q-", "group-", "comment-"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all of Unicode's category Cc but tabs and ends of lines
SHEET_BOX, COMMENTS_BOX = "sealed-sheet", "sealed-comments"
CHOICES = {str(point): title for point, title in POINTS.items()} | {NOT_APPLICABLE: "Not applicable"}
NOT_ASKED = "The form had a question or a group that this survey does not have. Check your answers and send them again."


class BoxBroken(EngageError):
    """What a browser sealed did not arrive as it was sealed."""

    status = 422


class AnswerForm:
    """What was chosen by question, ticked by family and said by comment; ``errors`` by the field's name."""

    def __init__(self, questionnaire: Questionnaire, posted: FormData | None = None) -> None:
        self.chosen: dict[str, str] = {}
        self.ticked: dict[str, list[str]] = defaultdict(list)
        self.said: dict[str, str] = {}
        self.errors: dict[str, str] = {}
        self.problem: str | None = None
        self._questionnaire = questionnaire
        for name, value in posted.multi_items() if posted else ():
            self._take(name, str(value))

    def _take(self, name: str, value: str) -> None:
        if name.startswith(QUESTION) and value:
            self.chosen[name.removeprefix(QUESTION)] = value
        elif name.startswith(GROUP) and value not in self.ticked[name.removeprefix(GROUP)]:
            self.ticked[name.removeprefix(GROUP)].append(value)
        elif name.startswith(COMMENT):
            self.said[name.removeprefix(COMMENT)] = tidied(value)

    @property
    def error_summary(self) -> list[dict[str, str]]:
        faults = [{"text": text, "href": f"#{name}"} for name, text in self.errors.items()]
        return [{"text": self.problem}, *faults] if self.problem else faults

    def validate(self) -> bool:
        """Whether everything that was posted is asked for and fits."""
        questions = {question.key for question in self._questionnaire.questions}
        families = {family.key: {each.key for each in family.options} for family in self._questionnaire.families}
        comments = {comment.key for comment in self._questionnaire.comments}
        if not (self.chosen.keys() <= questions and self.said.keys() <= comments and self._is_ticked_of(families)):
            self.problem = NOT_ASKED
        for key, value in self.chosen.items():
            if key in questions and value not in CHOICES:
                self.errors[QUESTION + key] = "Select one of the answers, or none"
        for key, text in self.said.items():
            if key in comments and (length := len(text.encode())) > COMMENT_BYTES:
                self.errors[COMMENT + key] = f"Your comment must be {COMMENT_BYTES:,} bytes or fewer. It has {length:,}"
        return not self.error_summary

    def _is_ticked_of(self, families: dict[str, set[str]]) -> bool:
        return all(set(ticked) <= families.get(family, set()) for family, ticked in self.ticked.items() if ticked)

    def boxes(self, sealer: Sealer) -> tuple[bytes, bytes]:
        """The sheet and the comments, sealed here and now, once they are valid."""
        answers: dict[str, Answer] = {
            key: NOT_APPLICABLE if value == NOT_APPLICABLE else int(value) for key, value in self.chosen.items()
        }
        groups = {family: tuple(ticked) for family, ticked in self.ticked.items() if ticked}
        return sealer.sheet(Sheet(answers, groups)), sealer.comments(self.said)


def is_sealed(posted: FormData) -> bool:
    """Whether the browser sealed the answers before it sent them."""
    return SHEET_BOX in posted or COMMENTS_BOX in posted


def sealed_boxes(posted: FormData, sealer: Sealer) -> tuple[bytes, bytes]:
    """The sheet and the comments as a browser sealed them. Raises BoxBroken where they cannot be that."""
    sheet, comments = (_decoded(posted, name) for name in (SHEET_BOX, COMMENTS_BOX))
    if not sealer.is_sheet(sheet) or not sealer.is_comments(comments):
        raise BoxBroken("Your sealed answers did not arrive whole, and nothing was stored. Send them again.")
    return sheet, comments


def tidied(text: str) -> str:
    """A comment as it is sealed: lines end alike, and control characters are left out."""
    return CONTROL.sub("", text.replace("\r\n", "\n").strip())


def _decoded(posted: FormData, name: str) -> bytes:
    try:
        return base64.b64decode(str(posted.get(name, "")), validate=True)
    except (binascii.Error, ValueError):
        return b""
