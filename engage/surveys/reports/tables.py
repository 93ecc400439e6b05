"""A report as tables, the same for every file of it. Pure.

Shorthand follows the Government Analysis Function: [c] for what is withheld to protect people, [x] for what is not
available. No cell is empty.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engage.files.sheets import Cell, Table
from engage.surveys.questionnaires.questionnaire import POINTS
from engage.surveys.reports.figures import Answers, Change, Group, Mean
from engage.surveys.reports.notes import notes_of
from engage.surveys.reports.report import Point, Report, spelt

PROTECTED, UNAVAILABLE = "[c]", "[x]"
GROUP = ("Family", "Group")
CHANGE = ("Change since last wave", "Clear change")
SHORTHAND = {
    PROTECTED: "Withheld to protect people: too few answered, or it would give away others",
    UNAVAILABLE: "Not available: nothing to compare with, nobody answered, or nobody knows how many were asked",
}


def tables_of(report: Report, points: Sequence[Point], actions: Iterable[Mapping[str, Any]]) -> list[Table]:
    """The tables of a report, those that would be empty left out; the notes and what the file is come first."""
    every = [report.everyone, *report.groups]
    figures = [group for group in every if group.has_figures]
    found = [
        Table("About", report.title, ("Item", "Detail"), tuple(_about(report))),
        Table("Notes", "Notes and shorthand", ("Note", "Meaning"), tuple(_notes(report))),
        Table("Response and index", "Response and engagement index", RESPONSE, tuple(map(_response, every))),
        Table("Trend", "Engagement index of everyone, by wave", TREND, tuple(map(_point, points))),
        Table("Themes", "Per cent positive by theme", (*GROUP, "Theme", *MEAN), tuple(_means(figures, "themes"))),
        Table("Values", "Per cent positive by value", (*GROUP, "Value", *MEAN), tuple(_means(figures, "values"))),
        Table("Questions", "Answers to each question", QUESTIONS, tuple(_questions(figures))),
        Table("Comments", "What people wrote, redacted", ("Question", "Comment"), report.comments),
        Table("Actions", "What is done about the results", ACTIONS, tuple(_action(report, each) for each in actions)),
    ]
    return [table for table in found if table.rows]


RESPONSE = (
    *GROUP,
    *("Status", "Reason", "Invited", "Answered", "Response rate (%)"),
    *("Engagement index", "Margin of error (points)", *CHANGE),
)
TREND = ("Wave", "Published on", "Engagement index", "Response rate (%)")
MEAN = ("Per cent positive", *CHANGE)
QUESTIONS = (
    *(*GROUP, "Key", "Question", "Per cent positive", "Band", "Answers counted"),
    *(*POINTS.values(), "Not applicable", "Skipped", *CHANGE),
)
ACTIONS = ("Action", "For", "Group", "Status", "Due on", "Owner", "Evidence")


def _about(report: Report) -> Iterator[tuple[Cell, ...]]:
    yield "Title", report.title
    yield "Wave", report.wave
    yield "Audience", report.audience
    yield "Published at", report.published_at.isoformat()
    yield "Root of the seal", report.root
    yield "Root of the release before", report.previous_root or UNAVAILABLE
    yield "Root of the comments", report.comments_root or UNAVAILABLE
    for name, number in report.certificate.items():
        yield CERTIFICATE.get(name, name), number


CERTIFICATE = {
    "invited": "People invited",
    "spent": "Links used",
    "opened": "Sheets opened",
    "counted": "Sheets counted",
    "damaged": "Sheets damaged",
}


def _notes(report: Report) -> Iterator[tuple[Cell, ...]]:
    yield from SHORTHAND.items()
    for number, note in enumerate(notes_of(report), start=1):
        yield f"Note {number}", note


def _named(group: Group) -> tuple[str, str]:
    return spelt(group.family), group.title


def _response(group: Group) -> tuple[Cell, ...]:
    if not group.is_released:
        return *_named(group), "withheld", group.reason or UNAVAILABLE, *[PROTECTED] * (len(RESPONSE) - 4)
    index = group.index
    figures = (index.score, _known(index.margin), *_change(index.change)) if index else (UNAVAILABLE,) * 4
    people = (_known(group.invited), _known(group.responded), _known(group.rate))
    return *_named(group), "released", "none", *people, *figures


def _point(point: Point) -> tuple[Cell, ...]:
    return point.title, point.published_at.date().isoformat(), point.score, _known(point.rate)


def _means(groups: Iterable[Group], part: str) -> Iterator[tuple[Cell, ...]]:
    for group in groups:
        means: tuple[Mean, ...] = getattr(group, part)
        for mean in means:
            yield *_named(group), mean.name, _known(mean.positive), *_change(mean.change)


def _questions(groups: Iterable[Group]) -> Iterator[tuple[Cell, ...]]:
    for group in groups:
        for each in group.questions:
            yield *_named(group), each.question.key, each.question.text, *_answers(each)


def _answers(each: Answers) -> tuple[Cell, ...]:
    if each.band is not None:
        hidden = (PROTECTED,) * len(POINTS)
        kept = tuple(PROTECTED if count is None else count for count in (each.n, each.na, each.skipped))
        return PROTECTED, each.words, kept[0], *hidden, *kept[1:], *_change(each.change)
    counts = each.answers or (UNAVAILABLE,) * len(POINTS)
    return (
        *(_known(each.positive), "none", _known(each.n)),
        *(*counts, _known(each.na), _known(each.skipped), *_change(each.change)),
    )


def _action(report: Report, given: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        *(given["title"], given["question"] or given["theme"] or "everything", given["group"] or "everyone"),
        *(given["status"], given["due_on"], given.get("owner") or UNAVAILABLE, given.get("evidence") or UNAVAILABLE),
    )


def _change(change: Change) -> tuple[Cell, Cell]:
    if change.points is None:
        return UNAVAILABLE, UNAVAILABLE
    return change.points, "yes" if change.is_clear else "no"


def _known(value: Cell | None) -> Cell:
    return UNAVAILABLE if value is None else value
