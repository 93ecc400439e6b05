"""What is sealed opens again as it was, has one length whatever it says, and nothing else opens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox

from engage.surveys.answers.seal import Damaged, Sealer, Sheet, Unsealer
from engage.surveys.questionnaires.questionnaire import (
    COMMENT_BYTES,
    NOT_APPLICABLE,
    Answer,
    Comment,
    Family,
    Option,
    Question,
    Questionnaire,
)

QUESTIONNAIRE = Questionnaire(
    "gptw",
    1,
    "How we live up to our values",
    tuple(Question(f"question-{number}", "A statement") for number in range(28)),
    (Comment("better", "What would be better?"), Comment("well", "What goes well?")),
    (
        Family(
            "working_group", "Do you belong to one?", (Option("carers", "Carers"), Option("faith", "Faith")), "group"
        ),
    ),
)
KEY = PrivateKey(bytes(range(32)))
SEALER = Sealer(bytes(KEY.public_key), QUESTIONNAIRE)
UNSEALER = Unsealer(bytes(KEY))
GROUPS = {"directorate": "Policy", "grade": "6"}

answers = st.sampled_from([1, 2, 3, 4, 5, NOT_APPLICABLE])
sheets = st.builds(
    Sheet,
    st.dictionaries(st.sampled_from([question.key for question in QUESTIONNAIRE.questions]), answers),
    st.dictionaries(st.just("working_group"), st.lists(st.sampled_from(["carers", "faith"]), unique=True).map(tuple)),
)
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=COMMENT_BYTES // 4)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)


@given(sheets, names, names)
def test_sheet_opens_as_it_was_sealed_and_has_the_length_of_every_other(
    sheet: Sheet, directorate: str, grade: str
) -> None:
    groups = {"directorate": directorate, "grade": grade[:40]}
    inner = SEALER.sheet(sheet)
    stored = SEALER.with_groups(groups, inner)
    assert SEALER.is_sheet(inner)
    assert len(stored) == len(SEALER.with_groups(GROUPS, SEALER.sheet(Sheet({}, {}))))
    assert UNSEALER.sheet(stored) == (groups, sheet)


@given(texts, texts)
def test_comments_open_as_they_were_sealed_and_have_one_length(better: str, well: str) -> None:
    box = SEALER.comments({"better": better, "well": well})
    assert SEALER.is_comments(box)
    assert len(box) == len(SEALER.comments({}))
    assert UNSEALER.comments(box) == [better, well]


def test_comment_of_the_largest_size_fits_and_one_more_byte_does_not() -> None:
    assert UNSEALER.comments(SEALER.comments({"well": "é" * 500}))[1] == "é" * 500
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        SEALER.comments({"well": "é" * 500 + "!"})


def test_same_sheet_is_sealed_differently_every_time() -> None:
    assert SEALER.sheet(Sheet({"question-1": 5}, {})) != SEALER.sheet(Sheet({"question-1": 5}, {}))


@given(st.integers(min_value=0), st.integers(1, 255))
def test_altered_box_does_not_open(place: int, change: int) -> None:
    box = bytearray(SEALER.with_groups(GROUPS, SEALER.sheet(Sheet({"question-1": 5}, {}))))
    box[place % len(box)] ^= change
    with pytest.raises(Damaged):
        UNSEALER.sheet(bytes(box))


@given(st.binary(max_size=200))
def test_what_is_no_box_is_damaged(garbage: bytes) -> None:
    with pytest.raises(Damaged):
        UNSEALER.sheet(SEALER.with_groups(GROUPS, garbage))
    with pytest.raises(Damaged):
        UNSEALER.comments(garbage)


def test_box_for_another_wave_does_not_open() -> None:
    other = Sealer(bytes(PrivateKey(bytes(32)).public_key), QUESTIONNAIRE)
    with pytest.raises(Damaged):
        UNSEALER.sheet(other.with_groups(GROUPS, other.sheet(Sheet({}, {}))))


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"answers": {}}', b'{"answers": [], "groups": {}}', b'{"answers": {}, "groups": {"a": "b"}}',
     b'{"answers": {}, "groups": {"a": [[]]}}', b"[" * 9_000],
)  # fmt: skip
def test_box_with_something_else_in_it_is_damaged(content: bytes) -> None:
    inner = SealedBox(KEY.public_key).encrypt(content)
    with pytest.raises(Damaged):
        UNSEALER.sheet(SEALER.with_groups(GROUPS, inner))


def test_comment_that_is_no_text_is_damaged() -> None:
    with pytest.raises(Damaged):
        UNSEALER.comments(SealedBox(KEY.public_key).encrypt(b"\xff" * COMMENT_BYTES))


def test_sheet_of_another_questionnaire_cannot_be_sealed() -> None:
    stranger: dict[str, Answer] = {f"a-question-of-another-questionnaire-{number}": 1 for number in range(40)}
    with pytest.raises(ValueError, match="do not fit"):
        SEALER.sheet(Sheet(stranger, {}))


def test_box_of_another_length_is_no_sheet_and_no_comments() -> None:
    assert not SEALER.is_sheet(SEALER.sheet(Sheet({}, {}))[:-1])
    assert not SEALER.is_comments(SEALER.sheet(Sheet({}, {})))
