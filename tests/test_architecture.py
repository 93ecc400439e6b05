"""The house's rules on who may know whom, kept true by reading every import."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "engage"
FILES = sorted(PACKAGE.rglob("*.py"))
ROOMS = ("events", "surveys", "people", "notify")
KNOWS_NO_ROOM = (
    *("journal", "tokens", "web.forms", "storage.database", "storage.unit_of_work", "storage.many"),
    *(f"files.{part}" for part in ("loading", "documents", "shapes", "merging")),
)
PURE = (
    *("values", "wording", "errors", "slugs", "bank_holidays", "people.staff_file", "people.returning", "audit.words"),
    *(f"files.{part}" for part in ("documents", "shapes", "merging", "sheets", "csv_file")),
    *(
        "surveys.questionnaires.questionnaire",
        "surveys.questionnaires.questionnaire_file",
        "surveys.questionnaires.file",
        "surveys.groups",
        "surveys.waves.forecast",
    ),
    *(
        "surveys.waves.planning",
        "surveys.consultations.record",
        "surveys.mail.told",
        "surveys.mail.delivered_links",
        "surveys.tally.boxes",
        "demo.staff",
    ),
    *(
        "surveys.tally.counting",
        "surveys.tally.counted",
        "surveys.reports.scoring",
        "surveys.reports.comparing",
        "surveys.comments.marking",
    ),
    *(
        "surveys.reports.verify_release",
        "surveys.reports.merkle",
        "surveys.reports.soundness",
        "surveys.reports.release",
        "surveys.reports.audiences",
    ),
    *(
        "surveys.reports.figures",
        "surveys.reports.report",
        "surveys.reports.notes",
        "surveys.reports.charts",
        "surveys.reports.shown",
        "surveys.follow_up.followed",
    ),
    *(
        "late",
        "files.ods",
        "surveys.reports.tables",
        "surveys.reports.export_csv",
        "surveys.reports.export_pdf",
        "surveys.follow_up.action_rules",
    ),
    *(f"surveys.disclosure.{rule}" for rule in ("groups", "threshold", "complement", "differencing", "banding")),
    *(f"surveys.disclosure.{part}" for part in ("coefficients", "light_words", "membership", "release", "steps")),
    "surveys.disclosure.suppression",
    *("tokens", "surveys.answers.seal", "surveys.answers.links", "surveys.keys.custody", "surveys.answers.sections"),
    *(
        "events.rules",
        "events.deadlines",
        "events.timetable",
        "events.need_rules",
        "events.evenings.file",
        "events.evenings.contradictions",
    ),
    *("events.evenings.describing", "events.console.fields"),
    *("notify.calendar", "notify.calendar_lines", "notify.vtimezone", "notify.retry", "notify.backlog"),
    *("notify.timing", "notify.message"),
    *("notify.tags", "notify.mime", "notify.replies", "notify.bounces"),
)
DATA_LIBRARIES = {"icalendar", "numpy", "pydantic", "pydantic_core", "email_validator", "holidays", "markupsafe"}
DATA_LIBRARIES |= {"cryptography", "nacl", "shamirs", "odfdo", "typst"}
IMPURE = {"random", "secrets", "uuid", "time", "os", "socket", "asyncio"}
CLOCKS = {"now", "utcnow", "today"}


def name_of(file: Path) -> str:
    """A file's name as its importers say it, below the package."""
    return ".".join(file.relative_to(PACKAGE).with_suffix("").parts)


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "library":
            yield from (f"{ast.literal_eval(argument)}.*" for argument in node.args)


def rooms_known(file: Path) -> set[str]:
    return {room for room in ROOMS for known in imports(file) if known.startswith(f"engage.{room}.")}


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_nobody_knows_whom_they_should_not(file: Path) -> None:
    room = name_of(file).split(".")[0]
    forbidden = {"events": {"surveys"}, "surveys": {"events"}, "notify": set(ROOMS) - {"notify"}}
    assert not rooms_known(file) & forbidden.get(room, set())
    if name_of(file) in KNOWS_NO_ROOM:
        assert not rooms_known(file)


@pytest.mark.parametrize("name", PURE)
def test_pure_files_know_no_database_no_clock_and_no_chance(name: str) -> None:
    file = PACKAGE / f"{name.replace('.', '/')}.py"
    known = set(imports(file))
    ours = {each.removeprefix("engage.") for each in known if each.startswith("engage.")}
    assert all(any(each.startswith(f"{pure}.") for pure in PURE) for each in ours)
    tops = {each.split(".")[0] for each in known} - {"engage"}
    assert not tops & IMPURE
    assert tops <= DATA_LIBRARIES | sys.stdlib_module_names
    called = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert not called & CLOCKS


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_services_leave_the_commit_to_the_unit_of_work(file: Path) -> None:
    called = {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert "commit" not in called


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_are_short_and_import_at_their_top(file: Path) -> None:
    assert file.read_text().count("\n") <= 300
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert not any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)), node.name
            assert (node.end_lineno or 0) - node.lineno < 40, node.name
