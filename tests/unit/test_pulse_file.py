"""What may stand in a file of pulse surveys, and how each fault is named."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engage.files.documents import parse
from engage.surveys.questionnaires.file import SeriesPart, WavePart, contradictions, needed_of
from engage.surveys.questionnaires.questionnaire_file import read_questionnaire
from engage.values import VALUES

LONDON = ZoneInfo("Europe/London")
QUESTION = {"key": "valued", "text": "I am treated with respect."}
FAMILY: dict[str, Any] = {"key": "working_group", "text": "Which?", "options": [{"key": "carers", "title": "Carers"}]}
WAVE: dict[str, Any] = {
    "key": "spring",
    "questionnaire": "gptw",
    "opens": datetime(2027, 4, 12, 9),  # noqa: DTZ001 - a local time
    "closes": datetime(2027, 4, 30, 17),  # noqa: DTZ001
}


def faults(**changed: Any) -> list[str]:
    """Those of a questionnaire that differs in that from a sound one."""
    table = {"key": "gptw", "question": [QUESTION]} | changed
    found = read_questionnaire(table, "a.toml: questionnaire 1", LONDON).faults
    return [fault.removeprefix("a.toml: questionnaire 1 (gptw), ") for fault in found]


def wave_faults(**changed: Any) -> list[str]:
    given = WavePart.read(WAVE | changed, "wave 1", LONDON)
    after = WavePart.defaults() | dict(given.columns)
    found = [*given.faults, *contradictions("wave 1", after, ["working_group"], LONDON)]
    return [fault.removeprefix("wave 1, ") for fault in found]


def test_sound_tables_have_no_faults() -> None:
    assert faults(comment=[{"key": "better", "text": "What?"}], family=[FAMILY]) == []
    assert wave_faults(families=["grade", "working_group"], trustees=["a@x.test", "b@x.test"], shares_needed=2) == []
    assert SeriesPart.read({"key": "pulse", "questionnaire": "gptw"}, "series 1", LONDON).faults == []


def test_example_has_no_faults() -> None:
    document = parse("gptw.toml", Path("examples/gptw.toml").read_bytes())
    assert set(document) == {"questionnaire", "series", "wave"}
    (wave,), (series,) = document["wave"], document["series"]
    assert wave_faults(**wave) == SeriesPart.read(series, "series 1", LONDON).faults == []


def test_a_question_counts_for_nothing_unless_it_says_so() -> None:
    table = {"key": "gptw", "question": [QUESTION | {"value": "none", "theme": "people"}]}
    (question,) = read_questionnaire(table, "questionnaire 1", LONDON).content["questions"]
    assert question == QUESTION | {"value": None, "theme": "people", "is_index": False}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"question": []}, "question: is missing; a questionnaire asks at least one"),
        ({"question": [{"key": "valued"}]}, "question 1, text: is missing"),
        ({"question": [QUESTION | {"text": "x" * 1_001}]}, "question 1, text: must have at most 1000 characters"),
        ({"question": [QUESTION | {"weight": 2}]}, "question 1, weight: is not a known key"),
        ({"question": [QUESTION | {"index": "yes"}]}, "question 1, index: must be true or false"),
        (
            {"question": [QUESTION | {"value": "courage"}]},
            f"question 1, value: must be one of {', '.join(value.key for value in VALUES)}, or none",
        ),
        (
            {"question": [QUESTION | {"theme": "pay"}]},
            "question 1, theme: must be one of inclusive-culture, people, leaders, environment, or none",
        ),
        ({"question": [QUESTION] * 101}, "question: must have at most 100 entries"),
        ({"question": QUESTION}, "question: must be tables with double brackets, [[question]]"),
        ({"family": FAMILY}, "family: must be tables with double brackets, [[family]]"),
        ({"family": [FAMILY | {"options": []}]}, "family 1, options: is missing; name the groups"),
        ({"family": [FAMILY | {"options": [{"key": "a"}]}]}, "family 1, options 1, title: is missing"),
        ({"family": [FAMILY | {"level": "team"}]}, "family 1, level: must be 'group' or 'organisation'"),
        (
            {"family": [FAMILY | {"key": "directorate"}]},
            "family 1, key: must not be 'directorate', which stands for groups that nobody declares",
        ),
    ],
)
def test_fault_of_a_questionnaire_is_named(changed: dict[str, Any], fault: str) -> None:
    assert fault in faults(**changed)


@pytest.mark.parametrize(
    ("changed", "place", "first"),
    [
        ({"question": [QUESTION, QUESTION]}, "question 2, key: valued", "question 1"),
        ({"comment": [{"key": "a", "text": "?"}] * 2}, "comment 2, key: a", "comment 1"),
        ({"family": [FAMILY, FAMILY]}, "family 2, key: working_group", "family 1"),
        (
            {"family": [FAMILY | {"options": FAMILY["options"] * 2}]},
            "family 1, options 2, key: carers",
            "family 1, options 1",
        ),
    ],
)
def test_a_key_twice_is_named(changed: dict[str, Any], place: str, first: str) -> None:
    assert f"{place} is already that of a.toml: questionnaire 1 (gptw), {first}" in faults(**changed)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"closes": WAVE["opens"]}, "closes: must be after opens"),
        ({"closes": datetime(2027, 4, 1, tzinfo=UTC)}, "closes: must be after opens"),
        ({"results_by": date(2027, 4, 29)}, "results_by: must not be before closes"),
        ({"threshold": 4}, "threshold: must be at least 5"),
        ({"threshold": "ten"}, "threshold: must be a whole number"),
        ({"families": ["grade", "grade"]}, "families: has grade twice"),
        (
            {"families": ["about_you"]},
            "families: about_you has no groups that may be reported; there are directorate, grade, working_group",
        ),
        ({"trustees": [""]}, "trustees 1: must not be empty"),
        ({"trustees": ["PCS"]}, "trustees 1: must be an email address, such as recruitment@example.org"),
        ({"trustees": [{"name": "PCS"}]}, "trustees 1: must be text in quotation marks"),
        ({"trustees": ["a@x.test", "A@x.test"]}, "trustees: has a@x.test twice"),
        ({"trustees": ["a@x.test"]}, "trustees: a single one could read everything alone; name at least two, or none"),
        ({"shares_needed": 2}, "shares_needed: means nothing without trustees"),
        (
            {"trustees": ["a@x.test", "b@x.test"], "shares_needed": 3},
            "shares_needed: 3 is more than the 2 trustees",
        ),
        ({"shares_needed": 1}, "shares_needed: must be at least 2"),
        ({"reminders_days_before": [7, 7]}, "reminders_days_before: has 7 twice"),
        ({"colour": "red"}, "colour: is not a known key"),
    ],
)
def test_fault_of_a_wave_is_named(changed: dict[str, Any], fault: str) -> None:
    assert fault in wave_faults(**changed)


def test_months_of_a_series_are_months() -> None:
    given = SeriesPart.read({"key": "pulse", "questionnaire": "gptw", "months": [0, 13, 4]}, "series 1", LONDON)
    assert given.faults == ["series 1, months 1: must be at least 1", "series 1, months 2: must be at most 12"]


@pytest.mark.parametrize(
    ("trustees", "given", "needed"), [(0, None, None), (2, None, 2), (3, None, 2), (5, None, 3), (5, 4, 4)]
)
def test_more_than_half_of_the_trustees_open_a_wave_unless_another_number_is_given(
    trustees: int, given: int | None, needed: int | None
) -> None:
    assert needed_of(["a@x.test"] * trustees, given) == needed
