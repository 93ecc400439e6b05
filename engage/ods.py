"""Tables as an accessible spreadsheet, as the Government Analysis Function asks for. Pure.

A cover first, then the notes, then one table a sheet, each marked as a table; no merged cells, no empty rows or cells,
headings that stay in sight. https://analysisfunction.civilservice.gov.uk/policy-store/releasing-statistics-in-spreadsheets/
"""

import re
from collections.abc import Sequence
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr

from odfdo import Document, Element

from engage.sheets import Cell, Table

HEAD, TITLE, BODY, PLAIN = "engage-head", "engage-title", "engage-body", "engage-plain"
STYLES = "</office:automatic-styles>"
EMPTY, BEGIN, END = "<office:spreadsheet/>", "<office:spreadsheet>", "</office:spreadsheet>"
HEAD_ROW = 3  # title, what the sheet holds, then the headings
WIDE, NARROW = "engage-wide", "engage-narrow"
LONG = 24  # letters from which a column is wide
UNREADABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML cannot hold


def as_ods(tables: Sequence[Table]) -> bytes:
    """The file's bytes. The first table is the cover, which names all the others."""
    document = Document("spreadsheet")
    document.body.clear()
    document.language = "en-GB"
    document.meta.title = str(tables[0].rows[0][1])
    _freeze(document, tables)
    sheets = "".join(_sheet(table, _contents(tables) if table is tables[0] else "") for table in tables)
    content = document.content.serialize().decode()
    content = content.replace(STYLES, f"{_styles()}{STYLES}").replace(EMPTY, f"{BEGIN}{sheets}{_ranges(tables)}{END}")
    document.set_part("content.xml", content.encode())
    file = BytesIO()
    document.save(file)
    return file.getvalue()


def _contents(tables: Sequence[Table]) -> str:
    return f"The sheets after this one: {', '.join(table.name for table in tables[1:])}."


def _sheet(table: Table, more: str) -> str:
    """Written as text: cell by cell the library takes a thousand times as long."""
    columns = "".join(f'<table:table-column table:style-name="{_width(table, place)}"/>' for place in _places(table))
    says = f"This sheet has one table, of {len(table.rows)} rows. {more}".strip()
    rows = [_row([table.title], TITLE), _row([says], PLAIN), _row(table.columns, HEAD)]
    rows += [_row(row, BODY) for row in table.rows]
    return f"<table:table table:name={quoteattr(table.name)}>{columns}{''.join(rows)}</table:table>"


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


def _ranges(tables: Sequence[Table]) -> str:
    """Each table marked as one, with its headings: what screen readers and filters go by."""
    ranges = "".join(
        f'<table:database-range table:name="table_{number}" table:contains-header="true" '
        f"table:target-range-address={quoteattr(_address(table))}/>"
        for number, table in enumerate(tables, start=1)
    )
    return f"<table:database-ranges>{ranges}</table:database-ranges>"


def _address(table: Table) -> str:
    """Where the table lies; it has fewer than 27 columns."""
    last = chr(ord("A") + len(table.columns) - 1)
    return f"'{table.name}'.A{HEAD_ROW}:'{table.name}'.{last}{HEAD_ROW + len(table.rows)}"


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


def _freeze(document: Document, tables: Sequence[Table]) -> None:
    """The headings of every sheet stay in sight, and the file opens at its cover."""
    views = document.settings.get_elements("//config:config-item-map-named")[0]
    views.clear()
    for place in document.settings.get_elements("//config:config-item[@config:name='ActiveTable']"):
        place.text = tables[0].name
    views.set_attribute("config:name", "Tables")
    for table in tables:
        entry = Element.from_tag("<config:config-item-map-entry/>")
        entry.set_attribute("config:name", table.name)
        for name, kind, value in FROZEN:
            item = Element.from_tag("<config:config-item/>")
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
