"""The file of the staff directory: bytes read into rows, every fault with the number of its line. Pure.

Columns are email, name, directorate and grade, in any order, and no others: what else is known of people has no place
in the directory.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engage.errors import FileFaulty
from engage.files.csv_file import NotCsv, columns_of, decoded, faults_of, records
from engage.files.shapes import shown
from engage.late import library
from engage.slugs import slug_of

COLUMNS = {"email": 254, "name": 200, "directorate": 100, "grade": 40}  # the most characters
GROUPED = ("directorate", "grade")
PLAIN_ADDRESS = re.compile(r"[a-z0-9_'+-]+(?:\.[a-z0-9_'+-]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]{2,}")
LONGEST_LOCAL = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One member of staff; ``email`` is in lower case."""

    email: str
    name: str
    directorate: str
    grade: str


@dataclass(frozen=True, slots=True)
class StaffFile:
    """The rows of a file in its order, and the encoding that it was read in."""

    rows: list[Row]
    encoding: str


@dataclass(slots=True)
class _Reading:
    """What was read so far, and where each address and each group stood first."""

    name: str
    rows: list[Row] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    groups: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def fault(self, line: int, text: str) -> None:
        self.faults.append(f"{self.name}: line {line}{text}")


def read(name: str, content: bytes) -> StaffFile:
    """What stands in the file. Raises FileFaulty with every fault."""
    reading, encoding = _Reading(name), ""
    try:
        text, encoding = decoded(content)
        _read_all(reading, records(text))
    except NotCsv as broken:
        reading.fault(broken.line, f": {broken.reason}")
    if not reading.faults and not reading.rows:
        reading.faults.append(f"{name}: has no people in it; that would mark everybody as left")
    if reading.faults:
        raise FileFaulty(reading.faults)
    return StaffFile(reading.rows, encoding)


def _read_all(reading: _Reading, records: Iterator[tuple[int, list[str]]]) -> None:
    line, head = next(records, (1, []))
    order = _order(reading, line, head)
    if not reading.faults:
        for line, cells in records:
            _read_row(reading, line, cells, order)


def _order(reading: _Reading, line: int, head: Sequence[str]) -> list[str]:
    """Which column stands where; a fault for each that is not one of the directory's."""
    names = columns_of(head)
    for fault in faults_of(names, COLUMNS, COLUMNS, "the directory"):
        reading.fault(line, f": {fault}")
    return names


def _read_row(reading: _Reading, line: int, cells: Sequence[str], order: Sequence[str]) -> None:
    if len(cells) != len(order):
        reading.fault(line, f": has {len(cells)} columns, not {len(order)}")
        return
    found = {column: " ".join(cell.split()) for column, cell in zip(order, cells, strict=True)}
    found["email"] = found["email"].lower()
    known = len(reading.faults)
    for column, text in found.items():
        if wrong := _wrong(column, text):
            reading.fault(line, f", {column}: {wrong}")
    _compare(reading, line, found)
    if len(reading.faults) == known:
        reading.rows.append(Row(**found))


def _wrong(column: str, text: str) -> str | None:
    """What is wrong with one cell, None where nothing is."""
    if not text:
        return "is empty"
    if len(text) > COLUMNS[column]:
        return f"has {len(text)} characters, more than {COLUMNS[column]}"
    if not text.isprintable() and any(unicodedata.category(letter) == "Cc" for letter in text):
        return "has a control character; take it out"
    if column == "email" and not _is_address(text):
        return f"{shown(text)} is not an email address"
    if column in GROUPED and not slug_of(text):
        return f"{shown(text)} has no letter or digit"
    return None


def _is_address(text: str) -> bool:
    if PLAIN_ADDRESS.fullmatch(text) and text.index("@") <= LONGEST_LOCAL:
        return True  # nearly all of them, in a hundredth of the time
    try:
        library("email_validator").validate_email(
            text, check_deliverability=False, test_environment=True, allow_smtputf8=False
        )
    except ValueError:
        return False
    return True


def _compare(reading: _Reading, line: int, found: dict[str, str]) -> None:
    """An address stands once, and a group is written in one way."""
    first = reading.lines.setdefault(found["email"], line)
    if first != line and found["email"]:
        reading.fault(line, f", email: {shown(found['email'])} is already on line {first}")
    for column in GROUPED:
        slug = slug_of(found[column])
        spelling, there = reading.groups.setdefault((column, slug), (found[column], line))
        if slug and spelling != found[column]:
            text = f"{shown(found[column])} is written {shown(spelling)} on line {there}; write it one way"
            reading.fault(line, f", {column}: {text}")
