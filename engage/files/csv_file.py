"""CSV as office programs write it: bytes read into records, each with the line on which it begins. Pure.

Commas, semicolons or tabs part the cells; the text is in the encoding of its mark, in UTF-8, or in what Windows calls
Western.
"""

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from io import StringIO

from engage.files.shapes import shown

DELIMITERS = ",;\t"
WESTERN = "cp1252"
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how files of office programs begin, new and old ones
AS_TEXT = "save the file as CSV in UTF-8"


class NotCsv(Exception):
    """The file, or its record that begins on ``line``, cannot be taken apart; ``reason`` follows "the file"."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


def decoded(content: bytes) -> tuple[str, str]:
    """The text, and the encoding in which it was read. Raises NotCsv."""
    if content.startswith(SPREADSHEETS):
        raise NotCsv(1, f"is a spreadsheet and not CSV; open it, and {AS_TEXT}")
    marked = next((encoding for mark, encoding in MARKS.items() if content.startswith(mark)), None)
    line = 1
    for encoding in [marked] if marked else ["utf-8", WESTERN]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            continue
        if "\0" not in text:
            return text, encoding
        line = text.count("\n", 0, text.index("\0")) + 1
    raise NotCsv(line, f"cannot be read as text; {AS_TEXT}")


def records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of each record that has any: quoted cells may go over several lines. Raises NotCsv."""
    head = text.partition("\n")[0]
    reader = csv.reader(StringIO(text, newline=""), delimiter=max(DELIMITERS, key=head.count), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise NotCsv(line, f"is not sound CSV: {error}") from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def columns_of(head: Sequence[str]) -> list[str]:
    """The names that stand in the first record, as they are compared."""
    return [cell.strip().lower() for cell in head]


def faults_of(columns: Sequence[str], needed: Collection[str], known: Collection[str], owner: str) -> Iterator[str]:
    """What is wrong with the columns of a file; ``owner`` is whose they are, as in "a column of the directory"."""
    for name in needed:
        if name not in columns:
            yield f"column {name} is missing"
    for name in dict.fromkeys(columns):
        if name not in known:
            yield f"{shown(name)!r} is not a column of {owner}; take it out"
        elif columns.count(name) > 1:
            yield f"column {name} is there twice"
