"""A report for the board as PDF/UA-1: charts that tell in words what they show, then every figure in tables. Pure."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from engage.files.sheets import Cell, Table
from engage.late import library
from engage.surveys.questionnaires.questionnaire import POINTS
from engage.surveys.reports.charts import diverging, heat
from engage.surveys.reports.figures import Answers, Group, Index, Mean
from engage.surveys.reports.notes import NON_RESPONSE, notes_of
from engage.surveys.reports.report import Point, Report, clear_changes, strongest, weakest
from engage.surveys.reports.tables import SHORTHAND
from engage.values import THEMES

IN_FRONT = ("About", "Notes")  # tables that the document lays out by itself
LONG = ("Question", "Comment", "Evidence", "Action")  # columns that are wide
Data = dict[str, Any]


def as_pdf(template: bytes, report: Report, points: Sequence[Point], tables: Sequence[Table], by: str) -> bytes:
    """The file's bytes; ``by`` is whose report it is. The fonts are those that the compiler brings along."""
    data = data_of(report, points, tables) | {"organisation": by}
    made: bytes = library("typst").compile(
        template, format="pdf", pdf_standards=["ua-1"], ignore_system_fonts=True, sys_inputs={"data": json.dumps(data)}
    )
    return made


def data_of(report: Report, points: Sequence[Point], tables: Sequence[Table]) -> Data:
    """What the template lays out: words, and shares for the lengths of bars."""
    everyone, themes = report.everyone, [theme for theme in THEMES if _has(report, theme.key)]
    return {
        "title": report.title,
        "lead": lead_of(report),
        "index": _index(everyone.index) if everyone.index else None,
        "non_response": NON_RESPONSE,
        "trend": [_mark(point, place, len(points)) for place, point in enumerate(points)],
        "trend_words": trend_words(points),
        "means": [_bars("The six values", everyone.values), _bars("The four themes", everyone.themes)],
        "lists": list(_lists(report)),
        "heat": {
            "columns": [theme.name for theme in themes],
            "rows": [_heat_row(group, len(themes)) for group in (everyone, *report.released) if group.themes],
        },
        "withheld": [
            f"{group.title} ({report.family_title(group.family)}): {group.reason}" for group in report.withheld
        ],
        "lines": [f"{group.title}: {group.responded} people" for group in report.lines],
        "questions": [_question(each) for each in everyone.questions],
        "points": [words.lower() for words in POINTS.values()],
        "notes": notes_of(report),
        "about": [[str(cell) for cell in row] for table in tables if table.name == "About" for row in table.rows],
        "tables": [_figures(table) for table in tables if table.name not in IN_FRONT],
    }


def lead_of(report: Report) -> str:
    """How many answered, in a sentence."""
    everyone = report.everyone
    if not everyone.is_released:
        return f"Fewer than {report.threshold} people answered, so nothing that they said is shown."
    rate = f", {everyone.rate}%" if everyone.rate is not None else ""
    asked = f" of the {everyone.invited:,} people who were asked" if everyone.invited is not None else " people"
    return f"{everyone.responded:,}{asked} answered{rate}."


def trend_words(points: Sequence[Point]) -> str:
    """What the trend shows, for those who hear it read."""
    return "Engagement index by wave: " + ", ".join(f"{point.title} {point.score:.1f}" for point in points)


def likert_words(each: Answers) -> str:
    """What a diverging bar shows, for those who hear it read."""
    counts = each.answers or ()
    told = ", ".join(f"{count} {word.lower()}" for count, word in zip(counts, POINTS.values(), strict=False))
    return f"{told}: {each.words} positive" if told else each.words


def _has(report: Report, theme: str) -> bool:
    return any(each.key == theme for each in report.everyone.themes)


def _index(index: Index) -> Data:
    return {
        "score": index.words,
        "words": f"out of 100, {index.margin_words}; {index.change.words}".replace(", ;", ";"),
    }


def _mark(point: Point, place: int, count: int) -> Data:
    when = f"{point.published_at:%B %Y}"
    return {"x": (place + 0.5) / count, "score": point.score, "words": f"{point.score:.1f}", "when": when}


def _bars(title: str, means: Sequence[Mean]) -> Data:
    items = [
        {"name": mean.name, "share": mean.positive, "words": f"{mean.words} ({mean.change.words})"} for mean in means
    ]
    told = ", ".join(f"{mean.name} {mean.words}" for mean in means)
    return {"title": title, "words": f"Per cent positive: {told}", "items": items}


def _lists(report: Report) -> Iterator[Data]:
    everyone = report.everyone
    none = "Nothing can be shown."
    yield {"title": "Strongest", "items": [_line(each) for each in strongest(everyone)], "none": none}
    yield {"title": "Weakest", "items": [_line(each) for each in weakest(everyone)], "none": none}
    nothing = "No clear change." if everyone.is_compared else "There is no earlier wave to compare with."
    changes = [f"{_line(each)}, {each.change.words}" for each in clear_changes(everyone)]
    yield {"title": "Clear changes since the last wave", "items": changes, "none": nothing}


def _line(each: Answers) -> str:
    return f"{each.question.text} {each.words}"


def _heat_row(group: Group, width: int) -> Data:
    means = group.themes[:width]
    return {
        "title": group.title,
        "words": [mean.words for mean in means],
        "heats": [heat(mean.positive) for mean in means],
    }


def _question(each: Answers) -> Data:
    people = f"{each.n} answered, " if each.n is not None else ""
    return {
        "text": each.question.text,
        "words": likert_words(each),
        "parts": [{"point": part.point, "left": part.left, "width": part.width} for part in diverging(each)],
        "summary": f"{each.words} positive, {people}{each.change.words}",
    }


def _figures(table: Table) -> Data:
    """A table as the document shows it: that of the questions a part for each group, since it has too many columns."""
    if table.name != "Questions":
        return _columns(table.columns, [(table.title, table.rows)])
    runs = groupby(table.rows, key=lambda row: row[:2])
    return _columns(
        table.columns[3:], [(f"{table.title}: {group[1]}", [row[3:] for row in rows]) for group, rows in runs]
    )


def _columns(columns: Sequence[str], parts: Iterable[tuple[str, Sequence[Sequence[Cell]]]]) -> Data:
    """Parts that have the same columns, every cell as words."""
    kept = list(parts)
    numeric = [
        all(not isinstance(row[place], str) or row[place] in SHORTHAND for _, rows in kept for row in rows)
        for place in range(len(columns))
    ]
    return {
        "columns": columns,
        "widths": [3 if column in LONG else 1 for column in columns],
        "aligned": ["right" if is_number else "left" for is_number in numeric],
        "parts": [{"title": title, "rows": [[_words(cell) for cell in row] for row in rows]} for title, rows in kept],
    }


def _words(cell: Cell) -> str:
    """With a minus that is as wide as a plus."""
    return cell if isinstance(cell, str) else str(cell).replace("-", "−")
