"""What is sealed of an answer, and how it is opened again: libsodium's sealed boxes to the public key of the wave.

A browser (scripts/sealing.js) or the server seals the sheet. The server then lays the groups of the roster before that
box and seals both once more, so that nobody can claim another group. Comments are a box of their own. Whatever somebody
answered, the boxes of a wave have one length. Pure, but for the one-time keys that libsodium draws for every box.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nacl.bindings import crypto_box_SEALBYTES as SEAL_BYTES
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from pydantic_core import to_json

from engage.surveys.questionnaires.questionnaire import COMMENT_BYTES, NOT_APPLICABLE, Answer, Questionnaire

GROUPS_BYTES = 1_024  # more than the directory's longest directorate and grade can take
FILLER = b"\0"  # no comment has one


class Damaged(ValueError):
    """A box that does not open, or in which there is something else than it ought to be."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Answers by question and declared groups by family; what was left out is not there."""

    answers: Mapping[str, Answer]
    groups: Mapping[str, tuple[str, ...]]


class Sealer:
    """Seals the answers to one questionnaire under one public key (X25519, 32 bytes)."""

    def __init__(self, public_key: bytes, questionnaire: Questionnaire) -> None:
        self._box = SealedBox(PublicKey(public_key))
        self._comments = [comment.key for comment in questionnaire.comments]
        self.sheet_bytes = len(_written(_fullest(questionnaire)))

    def sheet(self, sheet: Sheet) -> bytes:
        """The box that a browser makes where scripts run. Raises ValueError for what is in no such questionnaire."""
        return self._box.encrypt(_padded(_written(sheet), self.sheet_bytes))

    def is_sheet(self, box: bytes) -> bool:
        """Whether it can be such a box; what is in it nobody can tell here."""
        return len(box) == self.sheet_bytes + SEAL_BYTES

    def with_groups(self, groups: Mapping[str, str], box: bytes) -> bytes:
        """The box that is stored: that of the sheet, and beside it the roster's groups by family."""
        return self._box.encrypt(_padded(_json(groups), GROUPS_BYTES) + box)

    def comments(self, comments: Mapping[str, str]) -> bytes:
        """The box of the comments by key, each in a field of its own. Raises ValueError for one that is too long."""
        fields = [comments.get(key, "").encode() for key in self._comments]
        if any(len(field) > COMMENT_BYTES for field in fields):
            raise ValueError(f"a comment has more than {COMMENT_BYTES} bytes")
        return self._box.encrypt(b"".join(field.ljust(COMMENT_BYTES, FILLER) for field in fields))

    def is_comments(self, box: bytes) -> bool:
        """Whether it can be such a box."""
        return len(box) == len(self._comments) * COMMENT_BYTES + SEAL_BYTES


class Unsealer:
    """Opens what was sealed for one private key (X25519, 32 bytes). Whether a sheet fits is for its reader to check."""

    def __init__(self, private_key: bytes) -> None:
        self._box = SealedBox(PrivateKey(private_key))

    def sheet(self, box: bytes) -> tuple[dict[str, str], Sheet]:
        """The roster's groups and the sheet. Raises Damaged."""
        opened = self._opened(box)
        return _read(opened[:GROUPS_BYTES]), _sheet_in(_read(self._opened(opened[GROUPS_BYTES:])))

    def comments(self, box: bytes) -> list[str]:
        """The comments in the order of the questionnaire, empty where nothing was said. Raises Damaged."""
        opened = self._opened(box)
        fields = [opened[start : start + COMMENT_BYTES] for start in range(0, len(opened), COMMENT_BYTES)]
        try:
            return [field.rstrip(FILLER).decode() for field in fields]
        except UnicodeDecodeError as error:
            raise Damaged("a comment is no UTF-8") from error

    def _opened(self, box: bytes) -> bytes:
        try:
            return self._box.decrypt(box)
        except (CryptoError, ValueError, TypeError) as error:
            raise Damaged("the box does not open") from error


def _fullest(questionnaire: Questionnaire) -> Sheet:
    """The longest sheet that somebody can fill in."""
    answers: dict[str, Answer] = {question.key: NOT_APPLICABLE for question in questionnaire.questions}
    return Sheet(
        answers,
        {family.key: tuple(option.key for option in family.options) for family in questionnaire.families},
    )


def _written(sheet: Sheet) -> bytes:
    return _json({"answers": sheet.answers, "groups": sheet.groups})


def _json(content: Mapping[str, Any]) -> bytes:
    return to_json(content)


def _padded(written: bytes, length: int) -> bytes:
    """With blanks, which JSON ignores."""
    if len(written) > length:
        raise ValueError(f"{len(written)} bytes do not fit into {length}")
    return written.ljust(length)


def _read(written: bytes) -> dict[str, Any]:
    try:
        content = json.loads(written.decode())
    except (ValueError, RecursionError) as error:
        raise Damaged("what is in the box is no JSON") from error
    if not isinstance(content, dict):
        raise Damaged("what is in the box is no JSON object")
    return content


def _sheet_in(content: dict[str, Any]) -> Sheet:
    answers, groups = content.get("answers"), content.get("groups")
    if not isinstance(answers, dict) or not isinstance(groups, dict):
        raise Damaged("what is in the box is no sheet")
    if any(
        not isinstance(ticked, list) or not all(isinstance(each, str) for each in ticked) for ticked in groups.values()
    ):
        raise Damaged("the groups in the box are no lists of names")
    return Sheet(answers, {family: tuple(ticked) for family, ticked in groups.items()})
