"""A file of people who registered by phone or on paper: read under the rules of the visitors' form, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData

from engage.errors import RegistrationClosed
from engage.events.models import OpenEvening, Slot
from engage.events.registrations.applications import Details
from engage.events.registrations.forms import CANNOT_COME, RegistrationForm
from engage.events.registrations.sittings import refuse_if_closed
from engage.files.csv_file import NotCsv, columns_of, decoded, faults_of, records
from engage.files.shapes import shown

NEEDED = ("name", "email", "slot")
COLUMNS = (*NEEDED, "posts")
MOST_PEOPLE = 1_000  # in one file: their registering holds up everybody else's
LARGEST_FILE = 150_000  # bytes
TOO_LARGE = (
    f"has more than {MOST_PEOPLE:,} people or {LARGEST_FILE // 1000} kB, which is too much at once; "
    "split it into several files"
)
FIELDS = {"name": "name", "email": "email", "slot": "slot", "vacancies": "posts"}  # of the form, and their columns
PART_POSTS = str.maketrans(",;|", "   ")


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the file; ``slot`` is None for who cannot come and wants to hear."""

    line: int
    email: str
    slot: Slot | None
    details: Details


@dataclass(slots=True)
class People:
    """What a file says: each of the ``faults`` names its line; ``text`` is the whole file, to be sent again."""

    text: str = ""
    encoding: str = ""
    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def fault(self, line: int, text: str) -> None:
        self.faults.append(f"Line {line}{text}")


def read(evening: OpenEvening, content: bytes, now: datetime) -> People:
    """What stands in the file, and every fault of it; of one that is too large, that alone."""
    people = People()
    if not content.strip():
        people.faults.append("The file is empty. Choose a CSV file with the columns name, email and slot.")
        return people
    try:
        people.text, people.encoding = decoded(content)
        if max(len(content), len(people.text.encode())) > LARGEST_FILE:
            people.faults.append(f"The file {TOO_LARGE}.")
        else:
            _read_all(people, evening, records(people.text), now)
    except NotCsv as broken:
        is_whole = broken.line == 1
        people.faults.append(f"The file {broken.reason}." if is_whole else f"Line {broken.line} {broken.reason}.")
    if not people.faults and not people.rows:
        people.faults.append("The file has no people in it, only the names of its columns.")
    return people


def _read_all(people: People, evening: OpenEvening, found: Iterator[tuple[int, list[str]]], now: datetime) -> None:
    line, head = next(found, (1, []))
    columns = columns_of(head)
    for fault in faults_of(columns, NEEDED, COLUMNS, "this list"):
        people.fault(line, f": {fault}")
    if people.faults:
        return
    lines: dict[str, int] = {}
    slots = {slot.key: slot for slot in evening.slots}
    for number, (line, cells) in enumerate(found, start=1):
        if number > MOST_PEOPLE:
            people.rows, people.faults = [], [f"The file {TOO_LARGE}."]
            return
        if len(cells) != len(columns):
            people.fault(line, f": has {len(cells)} columns, not {len(columns)}")
            continue
        row = dict(zip(columns, (" ".join(cell.split()) for cell in cells), strict=True))
        _read_row(people, evening, slots, line, row, lines, now)


def _read_row(
    people: People,
    evening: OpenEvening,
    slots: Mapping[str, Slot],
    line: int,
    row: Mapping[str, str],
    lines: dict[str, int],
    now: datetime,
) -> None:
    form = RegistrationForm(evening, _typed(row))
    known = len(people.faults)
    if not form.validate():
        for name, column in FIELDS.items():
            for error in form[name].errors[:1]:
                people.fault(line, f", {column}: {_said(column, row, str(error), evening)}")
    slot, email = slots.get(row["slot"]), str(form.email.data)
    if reason := _closed(evening, slot, now):
        people.fault(line, f", slot: {reason}")
    if email and (first := lines.setdefault(email.lower(), line)) != line:
        people.fault(line, f", email: {shown(email)} is already on line {first}")
    if len(people.faults) == known:
        people.rows.append(Row(line, email, slot, form.details()))


def _typed(row: Mapping[str, str]) -> FormData:
    """The line as the visitors' form would be sent; whoever names posts wants to be reminded of them."""
    posts = _posts(row)
    typed = [(name, row[name]) for name in NEEDED]
    reminders = [("deadline_reminders", "yes")] if posts else []
    return FormData([*typed, *(("vacancies", post) for post in posts), *reminders])


def _posts(row: Mapping[str, str]) -> Sequence[str]:
    return row.get("posts", "").translate(PART_POSTS).split()


def _said(column: str, row: Mapping[str, str], error: str, evening: OpenEvening) -> str:
    """The form's own words, but for keys, which the form offers as a list."""
    if column == "slot":
        keys = [*(slot.key for slot in evening.slots), CANNOT_COME]
        return f"{_named(row['slot'])} is no sitting of this open evening; write {' or '.join(keys)}"
    if column == "posts":
        keys = [vacancy.key for vacancy in evening.vacancies]
        wrong = next(post for post in _posts(row) if post not in keys)
        return f"{_named(wrong)} is no post of this open evening; write {' or '.join(keys) or 'nothing'}"
    return error


def _named(cell: str) -> str:
    return shown(cell) or "what is empty"


def _closed(evening: OpenEvening, slot: Slot | None, now: datetime) -> str | None:
    try:
        refuse_if_closed(evening, slot, now)
    except RegistrationClosed as closed:
        return str(closed)
    return None
