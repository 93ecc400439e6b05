"""Sheets counted by group, and sheets that do not fit refused."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.answers.seal import Damaged, Sheet
from engage.surveys.disclosure.banding import Figure
from engage.surveys.groups import groups_of
from engage.surveys.questionnaires.questionnaire import read, sheet_faults
from engage.surveys.tally.counting import Counters, Reader, counters, figure, merged, signatures
from tests.pulses import CONTENT

QUESTIONNAIRE = read("gptw", 1, "Our values", CONTENT | {"questions": [{"key": key, "text": key} for key in "ab"]})
DIRECTORY = {"directorate": groups_of(["Policy", "Audit & Risk"]), "grade": groups_of(["6", "7"])}
GROUPS = (
    ("directorate", "audit-and-risk"),
    ("directorate", "policy"),
    ("working_group", "carers"),
    ("working_group", "faith"),
    ("pattern", "part"),
)
READER = Reader(QUESTIONNAIRE, DIRECTORY, GROUPS)
POLICY = {"directorate": "Policy", "grade": "6"}


def test_sheet_becomes_bits_and_bytes() -> None:
    sheet = Sheet({"b": "na"}, {"working_group": ("faith", "carers"), "pattern": ("part",)})
    assert READER.read(POLICY, sheet) == (0b11110, bytes([0, 6]))
    audit = {"directorate": "Audit & Risk", "grade": "7"}
    assert READER.read(audit, Sheet({"a": 5, "b": 1}, {})) == (0b00001, bytes([5, 1]))


@pytest.mark.parametrize(
    ("roster", "answers", "groups"),
    [
        ({}, {}, {}),
        ({"directorate": "Policy"}, {}, {}),
        ({"directorate": "policy", "grade": "6"}, {}, {}),
        ({"directorate": ["Policy"], "grade": "6"}, {}, {}),
        (POLICY, {"c": 1}, {}),
        (POLICY, {"a": 6}, {}),
        (POLICY, {"a": True}, {}),
        (POLICY, {"a": 1.0}, {}),
        (POLICY, {"a": [1]}, {}),
        (POLICY, {}, {"directorate": ("policy",)}),
        (POLICY, {}, {"working_group": ("carers", "carers")}),
        (POLICY, {}, {"working_group": ("nobody",)}),
    ],
)
def test_sheet_that_does_not_fit_is_damaged(
    roster: dict[str, Any], answers: dict[str, Any], groups: dict[str, Any]
) -> None:
    with pytest.raises(Damaged):
        READER.read(roster, Sheet(answers, groups))


ODD = st.sampled_from([1, 5, 0, 6, True, 1.0, "na", "1", None, (), "carers"])


@given(
    st.dictionaries(st.sampled_from("abc"), ODD, max_size=3),
    st.dictionaries(
        st.sampled_from(["working_group", "pattern", "grade", "x"]),
        st.lists(st.sampled_from(["carers", "faith", "part", "6"]), max_size=3).map(tuple),
        max_size=2,
    ),
)
def test_what_does_not_fit_the_questionnaire_is_damaged_and_nothing_else(
    answers: dict[str, Any], groups: dict[str, tuple[str, ...]]
) -> None:
    if sheet_faults(QUESTIONNAIRE, answers, groups):
        with pytest.raises(Damaged):
            READER.read(POLICY, Sheet(answers, groups))
    else:
        signature, row = READER.read(POLICY, Sheet(answers, groups))
        assert signature.bit_count() == 1 + sum(map(len, groups.values()))
        assert list(row) == [6 if answers.get(key) == "na" else answers.get(key, 0) for key in "ab"]


def test_groups_that_are_not_reported_leave_no_trace() -> None:
    few = replace(READER, groups=(("grade", "6"),))
    assert few.read(POLICY, Sheet({}, {"working_group": ("carers",)})) == (1, bytes([0, 0]))


SIGNED = st.tuples(st.integers(0, 31), st.lists(st.integers(0, 6), min_size=2, max_size=2))


@given(st.lists(SIGNED, max_size=40))
def test_counters_agree_with_people_counted_one_by_one(people: list[tuple[int, list[int]]]) -> None:
    piles = merged({signature: bytes(answers)} for signature, answers in people)
    assert Counter(signatures(piles, GROUPS, 2)) == Counter(
        frozenset(group for place, group in enumerate(GROUPS) if signature >> place & 1) for signature, _ in people
    )
    for bit in (0, 1, 16):
        members = [answers for signature, answers in people if signature & bit == bit]
        found = counters(piles, bit, QUESTIONNAIRE)
        assert found.responded == len(members)
        for place, key in enumerate("ab"):
            column = [answers[place] for answers in members]
            assert found.questions[key] == tuple(column.count(code) for code in (1, 2, 3, 4, 5, 6, 0))


def test_index_counts_those_alone_who_answered_all_of_it() -> None:
    questions = [{"key": key, "text": key, "is_index": key != "c"} for key in "abc"]
    questionnaire = read("gptw", 1, "Our values", CONTENT | {"questions": questions})
    rows = [[5, 5, 0], [4, 5, 6], [1, 1, 1], [5, 4, 3], [5, 0, 5], [6, 5, 5]]
    found = counters({0: b"".join(map(bytes, rows))}, 0, questionnaire)
    assert found == Counters(
        6,
        {"a": (1, 0, 0, 1, 3, 1, 0), "b": (1, 0, 0, 1, 3, 0, 1), "c": (1, 0, 1, 0, 2, 1, 1)},
        {2: 1, 9: 2, 10: 1},
    )


def test_nobody_is_counted_where_nobody_answered() -> None:
    assert counters({}, 0, QUESTIONNAIRE) == Counters(0, {"a": (0,) * 7, "b": (0,) * 7}, {})
    assert signatures({}, GROUPS, 2) == {}


def test_disclosure_control_looks_at_who_answered_and_at_fours_and_fives() -> None:
    assert figure((1, 2, 3, 4, 5, 6, 7)) == Figure(positive=9, answered=15)
