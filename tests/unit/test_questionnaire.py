"""What is asked: the example holds what was promised, versions are compared, and answered sheets are checked."""

from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.files.documents import parse
from engage.surveys.questionnaires.questionnaire import Questionnaire, comparable, differences, read, sheet_faults
from engage.surveys.questionnaires.questionnaire_file import read_questionnaire
from engage.values import THEMES, VALUES

LONDON = ZoneInfo("Europe/London")
EXAMPLE = Path("examples/gptw.toml")


def make(*texts: str, **changed: Any) -> Questionnaire:
    """A questionnaire of questions q1, q2, … with those texts."""
    question = {"value": None, "theme": None, "is_index": False}
    content: dict[str, Any] = {
        "questions": [{"key": f"q{number}", "text": text} | question for number, text in enumerate(texts, start=1)],
        "comments": [{"key": "better", "text": "What would be better?"}],
        "families": [
            {
                "key": "working_group",
                "text": "Which groups?",
                "options": [{"key": "carers", "title": "Carers"}, {"key": "race", "title": "Race equality"}],
                "level": "group",
            }
        ],
    }
    return read("gptw", 1, "Title", content | changed)


@pytest.fixture(scope="module")
def example() -> Questionnaire:
    (table,) = parse(EXAMPLE.name, EXAMPLE.read_bytes())["questionnaire"]
    found = read_questionnaire(table, "gptw.toml: questionnaire 1", LONDON)
    assert found.faults == []
    return read("gptw", 1, table["title"], found.content)


def test_example_asks_what_was_promised(example: Questionnaire) -> None:
    values = Counter(question.value for question in example.questions)
    themes = Counter(question.theme for question in example.questions)
    assert len(example.questions) == 28
    assert all(values[value.key] >= 3 for value in VALUES)
    assert all(themes[theme.key] >= 3 for theme in THEMES)
    index = {question.key for question in example.questions if question.is_index}
    assert index == {"pride", "advocacy", "attachment", "inspiration", "motivation"}
    assert [question.key for question in example.questions if "last survey" in question.text] == ["action"]
    assert len(example.comments) == 3
    assert {family.key: family.level for family in example.families} == {
        "working_group": "group",
        "about_you": "organisation",
    }
    assert example.group_families == ("working_group",)
    assert example.minutes == 8


def test_example_is_plain_and_holds_one_idea_in_each_statement(example: Questionnaire) -> None:
    for question in example.questions:
        words = question.text.removesuffix(".").split()
        assert len(words) <= 14, question.text
        assert not {"and", "or", "not", "never"} & set(words), question.text
    assert len({question.text for question in example.questions}) == 28


def test_differences_name_what_is_new_reworded_and_gone() -> None:
    old, new = make("One.", "Two."), make("One.", "Two, now.", "Three.", comments=[])
    nothing = "(counts for nothing else)"
    assert [(each.what, each.before, each.after) for each in differences(old, new)] == [
        ("question q2", f"Two. {nothing}", f"Two, now. {nothing}"),
        ("question q3", None, f"Three. {nothing}"),
        ("comment better", "What would be better?", None),
    ]


def test_a_question_that_counts_for_another_value_is_different_and_still_comparable() -> None:
    old, counted = make("One."), {"key": "q1", "text": "One.", "value": "respect", "theme": None, "is_index": True}
    new = make(questions=[counted])
    (difference,) = differences(old, new)
    assert difference.after == "One. (respect, index)"
    assert comparable(old, new) == {"q1"}


texts = st.lists(st.sampled_from(["One.", "Two.", "Three.", "Four."]), min_size=1, max_size=5)


@given(texts, texts)
def test_only_what_is_worded_alike_is_compared_over_time(old_texts: list[str], new_texts: list[str]) -> None:
    old, new = make(*old_texts), make(*new_texts)
    alike = {f"q{n}" for n, (a, b) in enumerate(zip(old_texts, new_texts, strict=False), start=1) if a == b}
    assert comparable(old, new) == comparable(new, old) == alike
    different = {each.what.removeprefix("question ") for each in differences(old, new)}
    everything = {question.key for question in (*old.questions, *new.questions)}
    assert different == everything - alike
    assert differences(old, old) == []


@given(st.dictionaries(st.sampled_from(["q1", "q2"]), st.integers(1, 5) | st.just("na")))
def test_every_sheet_that_the_page_offers_fits(answers: dict[str, object]) -> None:
    assert sheet_faults(make("One.", "Two."), answers, {"working_group": ["race", "carers"]}) == []


@pytest.mark.parametrize(
    ("answers", "groups", "fault"),
    [
        ({"q1": 0}, {}, "q1: 0 is not an answer"),
        ({"q1": 6}, {}, "q1: 6 is not an answer"),
        ({"q1": 3.0}, {}, "q1: 3.0 is not an answer"),
        ({"q1": True}, {}, "q1: True is not an answer"),
        ({"q1": "5"}, {}, "q1: '5' is not an answer"),
        ({"q1": None}, {}, "q1: None is not an answer"),
        ({"q9": 3}, {}, "'q9' is not a question"),
        ({}, {"directorate": ["audit"]}, "'directorate' is not a family of groups"),
        ({}, {"working_group": ["chess"]}, "working_group: 'chess' is not a group"),
        ({}, {"working_group": ["race", "race"]}, "working_group: a group is ticked twice"),
    ],
)
def test_a_sheet_that_no_page_of_ours_can_make_is_found_out(
    answers: dict[str, object], groups: dict[str, list[object]], fault: str
) -> None:
    assert fault in sheet_faults(make("One."), answers, groups)


def test_minutes_grow_with_what_is_asked() -> None:
    assert make("One.").minutes == 2
    assert make(*["One."] * 60).minutes == 11
