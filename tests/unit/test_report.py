"""A report read from its JSON: what stands out, what is compared, how it is worded, and its tables."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest

from engage.files.sheets import neutral
from engage.surveys.follow_up.followed import About, follow
from engage.surveys.questionnaires.questionnaire import Question
from engage.surveys.reports.audiences import audiences_of, is_audience
from engage.surveys.reports.charts import diverging, heat, line
from engage.surveys.reports.export_csv import as_csv
from engage.surveys.reports.export_pdf import data_of
from engage.surveys.reports.figures import Answers, Change, Index
from engage.surveys.reports.report import Report, before, clear_changes, read, strongest, trend, weakest
from engage.surveys.reports.shown import choice_of, groups_shown, questions_shown
from engage.surveys.reports.tables import tables_of
from tests.releases import QUESTIONS, content, sealed, two_waves


@pytest.fixture
def waves() -> tuple[Report, Report]:
    first, second = two_waves()
    return read(first), read(second)


def make_answers(answers: tuple[int, ...] | None = (1, 2, 4, 2, 1), **changed: Any) -> Answers:
    given: dict[str, Any] = {"positive": 30, "n": 10, "na": 0, "skipped": 0, "band": None, "change": Change()}
    return Answers(Question("valued", "I am valued."), answers=answers, **given | changed)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Change(), "not comparable"),
        (Change(4, is_clear=False), "no clear change"),
        (Change(4, is_clear=True), "up 4 points"),
        (Change(-1, is_clear=True), "down 1 point"),
        (Change(2.5, is_clear=True), "up 2.5 points"),
    ],
)
def test_only_a_clear_change_is_given_in_points(change: Change, words: str) -> None:
    assert change.words == words


@pytest.mark.parametrize(
    ("changed", "words", "rank"),
    [
        ({}, "30%", 30),
        ({"positive": None, "n": 0, "answers": (0,) * 5}, "no answers", None),
        ({"positive": None, "answers": None, "band": "95+"}, "95% or more", 100.5),
        ({"positive": None, "answers": None, "band": "5-"}, "5% or less", -0.5),
        ({"positive": None, "answers": None, "band": "withheld"}, "not shown", None),
    ],
)
def test_what_cannot_be_shown_says_so_and_is_ranked_at_its_end(
    changed: dict[str, Any], words: str, rank: float | None
) -> None:
    answers = make_answers(**changed)
    assert (answers.words, answers.rank) == (words, rank)


def test_strongest_and_weakest_are_the_ends_and_never_the_same(waves: tuple[Report, Report]) -> None:
    _, now = waves
    shown = sorted(each.positive or 0 for each in now.everyone.questions)
    assert [each.positive for each in strongest(now.everyone)] == shown[:-6:-1]
    assert [each.positive for each in weakest(now.everyone)] == shown[:5]
    few = replace(now.everyone, questions=now.everyone.questions[:3])
    assert len(strongest(few)) == 3
    assert weakest(few) == []


def test_clear_changes_come_largest_first(waves: tuple[Report, Report]) -> None:
    _, now = waves
    small, large = (make_answers(change=Change(points, is_clear=True)) for points in (5, -12))
    assert clear_changes(replace(now.everyone, questions=(small, make_answers(), large))) == [large, small]


def test_the_trend_holds_waves_that_asked_the_same_and_no_others(waves: tuple[Report, Report]) -> None:
    first, now = waves
    assert [point.wave for point in trend(now, [first])] == ["2026-autumn", "2027-spring"]
    worded = tuple(replace(question, text=f"{question.text}!") for question in first.questions)
    assert [point.wave for point in trend(now, [replace(first, questions=worded)])] == ["2027-spring"]
    silent = replace(first, everyone=replace(first.everyone, index=None))
    assert [point.wave for point in trend(now, [silent])] == ["2027-spring"]


def test_a_question_is_put_beside_its_last_wave_only_where_the_two_compare(waves: tuple[Report, Report]) -> None:
    first, now = waves
    question = now.everyone.questions[0]
    found = before(question, first.everyone)
    assert found is not None
    assert found.question.key == question.question.key
    assert before(question, None) is None
    assert before(replace(question, change=Change()), first.everyone) is None


def test_response_is_rounded_half_up_and_unknown_without_invitations(waves: tuple[Report, Report]) -> None:
    _, now = waves
    assert replace(now.everyone, responded=1, invited=200).rate == 1
    assert replace(now.everyone, responded=1, invited=201).rate == 0
    assert replace(now.everyone, invited=None).rate is None


def test_a_diverging_bar_has_the_middle_of_neither_in_the_middle() -> None:
    parts = diverging(make_answers((1, 2, 4, 2, 1)))
    assert [part.left for part in parts] == [50, 60, 80, 120, 140]
    assert sum(part.width for part in parts) == 100
    assert diverging(make_answers(None)) == diverging(make_answers((0,) * 5, n=0)) == []
    assert [part.point for part in diverging(make_answers((0, 0, 0, 0, 10)))] == [5]


def test_heat_and_trend_stay_within_their_pictures(waves: tuple[Report, Report]) -> None:
    first, now = waves
    assert [heat(positive) for positive in (None, 0, 39, 40, 69, 70, 100)] == [None, 0, 0, 1, 3, 4, 4]
    ends = [replace(trend(now, [])[0], score=score) for score in (0.0, 100.0)]
    assert [(mark.x, mark.y) for mark in line(ends)] == [(80, 134), (240, 24)]
    assert line(trend(now, [first]))[0].y > line(trend(now, [first]))[1].y


def test_choices_hide_and_sort_and_change_nothing(waves: tuple[Report, Report]) -> None:
    _, now = waves
    every = questions_shown(now.everyone, choice_of({}, now))
    assert every == list(now.everyone.questions)
    best = questions_shown(now.everyone, choice_of({"questions": "best"}, now))
    worst = questions_shown(now.everyone, choice_of({"questions": "worst"}, now))
    assert [each.positive for each in best] == sorted((each.positive or 0 for each in every), reverse=True)
    assert sorted(map(id, best)) == sorted(map(id, worst)) == sorted(map(id, every))
    assert {each.question.theme for each in questions_shown(now.everyone, choice_of({"theme": "people"}, now))} == {
        "people"
    }
    assert questions_shown(now.everyone, choice_of({"questions": "change"}, now))[0].change.is_clear
    assert [group.responded for group in groups_shown(now, choice_of({"groups": "response"}, now))] == [118, 84, 61, 22]
    assert [group.key for group in groups_shown(now, choice_of({"family": "grade"}, now))] == ["grade-6"]


@pytest.mark.parametrize(
    ("about", "name", "words"),
    [
        (About(question="direction"), "I know what my team is trying to achieve this year.", "no clear change"),
        (About(theme="leaders", family="directorate", group="policy"), "Great leaders and managers", "no clear change"),
    ],
)
def test_an_action_is_followed_from_one_wave_to_the_next(
    waves: tuple[Report, Report], about: About, name: str, words: str
) -> None:
    followed = follow(about, *waves)
    assert followed is not None
    assert (followed.name, followed.change.words) == (name, words)
    assert followed.then.endswith("%")


@pytest.mark.parametrize(
    "about",
    [About(), About(question="gone"), About(theme="leaders", family="directorate", group="audit")],
)
def test_what_cannot_be_compared_is_not_followed(waves: tuple[Report, Report], about: About) -> None:
    assert follow(about, *waves) is None


def test_every_cell_of_every_table_says_something(waves: tuple[Report, Report]) -> None:
    first, now = waves
    banded = replace(now.everyone, questions=(make_answers(None, positive=None, band="95+"),), index=None)
    action = {
        "title": "Act",
        "theme": None,
        "question": None,
        "group": None,
        "status": "agreed",
        "due_on": "2027-03-08",
        "owner": None,
    }
    for report in (now, replace(now, everyone=banded), read(content(groups=()))):
        for table in tables_of(report, trend(report, [first]), [action]):
            assert len(table.name) <= 31
            for row in table.rows:
                assert len(row) == len(table.columns), table.name
                assert "" not in row
                assert None not in row


def test_no_figure_of_a_withheld_or_banded_question_stands_in_a_table(waves: tuple[Report, Report]) -> None:
    _, now = waves
    banded = replace(now.everyone, questions=(make_answers(None, positive=None, band="5-", n=None, na=None),))
    tables = {table.name: table for table in tables_of(replace(now, everyone=banded), [], [])}
    assert tables["Questions"].rows[0][4:12] == ("[c]", "5% or less", *["[c]"] * 6)
    audit = next(row for row in tables["Response and index"].rows if row[1] == "Audit")
    assert audit[2:] == ("withheld", "below the threshold", *["[c]"] * 7)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", " =1", "\t=1"])
def test_a_text_that_looks_like_a_formula_is_made_plain(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral("Policy") == "Policy"
    assert neutral(-3) == -3


def test_csv_has_one_row_for_each_row_of_each_table(waves: tuple[Report, Report]) -> None:
    first, now = waves
    tables = tables_of(now, trend(now, [first]), [])
    rows = list(csv.DictReader(io.StringIO(as_csv(tables).decode("utf-8-sig"))))
    assert len(rows) == sum(len(table.rows) for table in tables)


def test_the_document_holds_every_row_of_every_table(waves: tuple[Report, Report]) -> None:
    first, now = waves
    tables, points = tables_of(now, trend(now, [first]), []), trend(now, [first])
    laid = data_of(now, points, tables)
    kept = sum(len(table.rows) for table in tables if table.name not in ("About", "Notes"))
    assert sum(len(part["rows"]) for each in laid["tables"] for part in each["parts"]) == kept
    assert len(laid["questions"]) == len(QUESTIONS)
    assert laid["lead"] == "201 of the 241 people who were asked answered, 83%."


def test_audiences_follow_roles_the_widest_first() -> None:
    assert audiences_of([]) == audiences_of(["organiser"]) == ["staff"]
    lead = "group_lead:grade:grade-6"
    assert audiences_of([lead, "workforce", "pcs"]) == ["pcs", "workforce", "group:grade:grade-6", "staff"]
    known = {name: is_audience(name) for name in ("pcs", "staff", "group:a:b", "group:a", "group::b", "managers", "")}
    assert [name for name, is_known in known.items() if is_known] == ["pcs", "staff", "group:a:b"]


def test_an_index_that_nobody_answered_whole_is_none() -> None:
    given = content()
    given["groups"][0]["index"] = None
    assert read(sealed(given)).everyone.index is None
    assert Index(61.25, None, Change()).margin_words == ""
