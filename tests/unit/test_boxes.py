"""Boxes put together for a pipe come out of it as they were, and what is damaged is counted and no more."""

import pickle

from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey

from engage.surveys.answers.seal import Sealer, Sheet
from engage.surveys.groups import groups_of
from engage.surveys.questionnaires.questionnaire import Answer, read
from engage.surveys.tally.boxes import Boxes, OpenedSheets, Opener
from engage.surveys.tally.counting import Reader
from tests.pulses import CONTENT

KEY = PrivateKey.generate()
QUESTIONNAIRE = read("gptw", 1, "Our values", CONTENT | {"questions": [{"key": key, "text": key} for key in "ab"]})
DIRECTORY = {"directorate": groups_of(["Policy"]), "grade": groups_of(["6"])}
OPENER = Opener(bytes(KEY), Reader(QUESTIONNAIRE, DIRECTORY, (("directorate", "policy"), ("working_group", "carers"))))
SEALER = Sealer(bytes(KEY.public_key), QUESTIONNAIRE)


def sheet(answers: dict[str, Answer], *ticked: str) -> bytes:
    groups = {"working_group": ticked} if ticked else {}
    return SEALER.with_groups({"directorate": "Policy", "grade": "6"}, SEALER.sheet(Sheet(answers, groups)))


@given(st.lists(st.binary(max_size=9), max_size=9))
def test_boxes_of_any_length_come_out_of_the_pipe_as_they_went_in(boxes: list[bytes]) -> None:
    assert list(pickle.loads(pickle.dumps(Boxes.of(boxes)))) == boxes


def test_sheets_lie_by_signature_and_a_damaged_one_shifts_no_other() -> None:
    whole = [sheet({"a": 5, "b": 1}), sheet({"b": "na"}, "carers"), sheet({"a": 2})]
    boxes = [whole[0], b"no box", whole[1], whole[2][:-1], b"", sheet({"c": 1}), whole[2]]
    assert OPENER.sheets(Boxes.of(boxes)) == OpenedSheets({0b01: bytes([5, 1, 2, 0]), 0b11: bytes([0, 6])}, damaged=4)


def test_comments_keep_their_questions_and_a_damaged_box_says_nothing() -> None:
    said = [SEALER.comments({"better": "Light"}), b"no box", SEALER.comments({"well": "Tea", "better": " "})]
    assert OPENER.comments(Boxes.of(said)) == [("better", "Light"), ("well", "Tea")]
