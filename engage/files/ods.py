"""Tables as an accessible spreadsheet, as the Government Analysis Function asks for. Pure.

A cover first, then the notes, then one table a sheet, each marked as a table; no merged cells, no empty rows or cells,
headings that stay in sight. https://analysisfunction.civilservice.gov.uk/policy-store/releasing-statistics-in-spreadsheets/
"""

import re
from collections.abc import Sequence
from io import BytesIO
from typing import IO, TYPE_CHECKING, Self
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

from engage.files.sheets import Cell, Table
from engage.late import library

if TYPE_CHECKING:
    from odfdo import Document

HEAD, TITLE, BODY, PLAIN = "engage-head", "engage-title", "engage-body", "engage-plain"
CONTENT = "content.xml"
STYLES = "</office:automatic-styles>"
EMPTY, BEGIN, END = "<office:spreadsheet/>", "<office:spreadsheet>", "</office:spreadsheet>"
END_OF_SHEET = "</table:table>"
HEAD_ROW = 3  # title, what the sheet holds, then the headings
WIDE, NARROW = "engage-wide", "engage-narrow"
LONG = 24  # letters from which a column is wide
UNREADABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


class OdsFile:
    """A spreadsheet that is written as its rows come: to the last of the tables more can be added, of the same shape.

    The first table is the cover, which names all the others. Only what is added at once is in memory, and columns are
    as wide as the first rows need. The file is whole when the context is left.
    """

    def __init__(self, file: IO[bytes], tables: Sequence[Table], *, is_whole: bool = False) -> None:
        head, self._tail = _frame(file, tables)
        self._folder = ZipFile(file, "a", ZIP_DEFLATED)
        self._content = self._folder.open(CONTENT, "w")
        self._sizes = [len(table.rows) for table in tables]
        self._tables = tables
        self._write(head)
        for table in tables:
            size = f", of {len(table.rows)} rows" if is_whole or table is not tables[-1] else ""
            self._write(f"{END_OF_SHEET if table is not tables[0] else ''}{_sheet(table, tables, size)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, *rest: object) -> None:
        self.close(is_whole=error is None)

    def add(self, rows: Sequence[Sequence[Cell]]) -> None:
        """More rows of the last table."""
        self._sizes[-1] += len(rows)
        self._write("".join(_row(row, BODY) for row in rows))

    def close(self, *, is_whole: bool = True) -> None:
        """Write what comes after the rows, unless the file is given up."""
        if is_whole:
            self._write(f"{END_OF_SHEET}{_ranges(self._tables, self._sizes)}{self._tail}")
        self._content.close()
        self._folder.close()

    def _write(self, text: str) -> None:
        self._content.write(text.encode())


def as_ods(tables: Sequence[Table]) -> bytes:
    """The file's bytes. The first table is the cover, which names all the others."""
    file = BytesIO()
    OdsFile(file, tables, is_whole=True).close()
    return file.getvalue()


def _frame(file: IO[bytes], tables: Sequence[Table]) -> tuple[str, str]:
    """Write all parts but the content; what stands in that before the sheets and after them."""
    document = library("odfdo").Document("spreadsheet")
    document.body.clear()
    document.language = "en-GB"
    document.meta.title = str(tables[0].rows[0][1])
    _freeze(document, tables)
    content = document.content.serialize().decode().replace(STYLES, f"{_styles()}{STYLES}")
    whole = BytesIO()
    document.save(whole)
    with ZipFile(whole) as written, ZipFile(file, "w", ZIP_DEFLATED) as folder:
        for part in written.infolist():
            if part.filename != CONTENT:
                folder.writestr(part, written.read(part))
    head, _, tail = content.partition(EMPTY)
    return f"{head}{BEGIN}", f"{END}{tail}"


def _sheet(table: Table, tables: Sequence[Table], size: str) -> str:
    """Written as text: cell by cell the library takes a thousand times as long. Its end comes after its last row."""
    columns = "".join(f'<table:table-column table:style-name="{_width(table, place)}"/>' for place in _places(table))
    contents = f" The sheets after this one: {', '.join(each.name for each in tables[1:])}."
    says = f"This sheet has one table{size}.{contents if table is tables[0] else ''}"
    rows = [_row([table.title], TITLE), _row([says], PLAIN), _row(table.columns, HEAD)]
    rows += [_row(row, BODY) for row in table.rows]
    return f"<table:table table:name={quoteattr(table.name)}>{columns}{''.join(rows)}"


def _places(table: Table) -> range:
    return range(len(table.columns))


def _width(table: Table, place: int) -> str:
    return WIDE if max((len(str(row[place])) for row in table.rows), default=0) > LONG else NARROW


def _row(cells: Sequence[Cell], style: str) -> str:
    return f"<table:table-row>{''.join(_cell(cell, style) for cell in cells)}</table:table-row>"


def _cell(cell: Cell, style: str) -> str:
    kind = "string" if isinstance(cell, str) else "float"
    value = "" if isinstance(cell, str) else f' office:value="{cell}"'
    paragraphs = "".join(f"<text:p>{escape(line)}</text:p>" for line in UNREADABLE.sub("", str(cell)).split("\n"))
    named = f'table:style-name="{style}" office:value-type="{kind}"{value}'
    return f"<table:table-cell {named}>{paragraphs}</table:table-cell>"


def _ranges(tables: Sequence[Table], sizes: Sequence[int]) -> str:
    """Each table marked as one, with its headings: what screen readers and filters go by."""
    ranges = "".join(
        f'<table:database-range table:name="table_{number}" table:contains-header="true" '
        f"table:target-range-address={quoteattr(_address(table, size))}/>"
        for number, (table, size) in enumerate(zip(tables, sizes, strict=True), start=1)
    )
    return f"<table:database-ranges>{ranges}</table:database-ranges>"


def _address(table: Table, size: int) -> str:
    """Where the table lies; it has fewer than 27 columns."""
    last = chr(ord("A") + len(table.columns) - 1)
    return f"'{table.name}'.A{HEAD_ROW}:'{table.name}'.{last}{HEAD_ROW + size}"


def _styles() -> str:
    wrapped = '<style:table-cell-properties fo:wrap-option="wrap" style:vertical-align="top"/>'
    cells = (
        (TITLE, 14, "bold", ""),
        (PLAIN, 11, "normal", ""),
        (HEAD, 11, "bold", wrapped),
        (BODY, 11, "normal", wrapped),
    )
    styles = [
        f'<style:style style:name="{name}" style:family="table-cell">{cell}<style:text-properties '
        f'fo:font-family="Arial" fo:font-size="{size}pt" fo:font-weight="{weight}"/></style:style>'
        for name, size, weight, cell in cells
    ]
    styles += [
        f'<style:style style:name="{name}" style:family="table-column">'
        f'<style:table-column-properties style:column-width="{width}cm"/></style:style>'
        for name, width in ((WIDE, 9), (NARROW, 4))
    ]
    return "".join(styles)


def _freeze(document: "Document", tables: Sequence[Table]) -> None:
    """The headings of every sheet stay in sight, and the file opens at its cover."""
    views = document.settings.get_elements("//config:config-item-map-named")[0]
    views.clear()
    for place in document.settings.get_elements("//config:config-item[@config:name='ActiveTable']"):
        place.text = tables[0].name
    views.set_attribute("config:name", "Tables")
    for table in tables:
        entry = library("odfdo").Element.from_tag("<config:config-item-map-entry/>")
        entry.set_attribute("config:name", table.name)
        for name, kind, value in FROZEN:
            item = library("odfdo").Element.from_tag("<config:config-item/>")
            item.set_attribute("config:name", name)
            item.set_attribute("config:type", kind)
            item.text = value
            entry.append(item)
        views.append(entry)


FROZEN = (
    ("HorizontalSplitMode", "short", "0"),
    ("VerticalSplitMode", "short", "2"),
    ("VerticalSplitPosition", "int", str(HEAD_ROW)),
    ("ActiveSplitRange", "short", "2"),
    ("PositionTop", "int", "0"),
    ("PositionBottom", "int", str(HEAD_ROW)),
)
