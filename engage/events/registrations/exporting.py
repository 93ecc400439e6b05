"""Registrations as files for whoever runs the evening: no needs, nothing of who came or applied, no secret link."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from io import StringIO
from tempfile import SpooledTemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from engage.errors import NotFound, TooMany
from engage.events.models import OpenEvening, QueueEntry, Registration, Slot
from engage.events.registrations.choosing import STATUSES, Choice, shown_as
from engage.files.ods import OdsFile
from engage.files.sheets import Cell, Table, neutral
from engage.wording import instant, plural

FORMS = {
    "csv": "text/csv; charset=utf-8",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
COLUMNS = ("Name", "Email", "Status", "Sitting", "Places", "Registered")
AT_ONCE = 500
MOST_IN_A_SPREADSHEET = 1_000_000  # rows: programs that open them take a little more
KEPT_IN_MEMORY = 1024 * 1024  # bytes of a spreadsheet; what is more lies in a file without a name until it was sent
PART = 64 * 1024  # bytes
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
Line = tuple[Cell, ...]


def refuse_too_many(count: int, form: str) -> None:
    """Raises NotFound for a form that there is not, TooMany for more rows than a spreadsheet gets here."""
    if form not in FORMS:
        raise NotFound("There is no such file. Choose CSV or a spreadsheet.")
    if form == "ods" and count > MOST_IN_A_SPREADSHEET:
        rows = plural(count, "row is", "rows are")
        raise TooMany(f"{rows} too many for a spreadsheet file. Take the CSV file, or choose fewer people first.")


async def lines_of(session: AsyncSession, chosen: ColumnElement[bool], zone: ZoneInfo) -> AsyncIterator[Sequence[Line]]:
    """The rows of the chosen, some at a time, by one statement; never all of them in memory."""
    entry = aliased(QueueEntry)  # by another name than the one that is chosen by
    shown = (Registration.name, Registration.email, Registration.status, Registration.party, Registration.created_at)
    query = (
        select(*shown, Slot.starts_at, entry.turn)
        .outerjoin(Slot, Slot.id == Registration.slot_id)
        .outerjoin(entry, entry.registration_id == Registration.id)
        .where(chosen)
        .order_by(Registration.id.desc())
    )
    async for some in (await session.stream(query.execution_options(yield_per=AT_ONCE))).partitions():
        yield [_line(row, zone) for row in some]


async def as_csv(lines: AsyncIterator[Sequence[Line]]) -> AsyncIterator[bytes]:
    """The file, a part at a time."""
    yield BYTE_ORDER_MARK + _written([COLUMNS])
    async for some in lines:
        yield _written(some)


async def as_spreadsheet(
    lines: AsyncIterator[Sequence[Line]], evening: OpenEvening, choice: Choice, now: datetime, zone: ZoneInfo
) -> AsyncIterator[bytes]:
    """The file, a part at a time, once it is made: a cover that says what it is, and the rows."""
    chosen = {"words": "Name or email", "slot": "Sitting", "post": "Post"}
    cover = [("Open evening", evening.title), ("As at", instant(now, zone)), ("Who", choice.title)]
    cover += [(chosen[name], value) for name, value in choice.query.items() if name in chosen]
    first = await _first(lines)
    tables = [
        Table("About", evening.title, ("Item", "Detail"), tuple(cover)),
        Table("Registrations", f"Registrations: {evening.title}", COLUMNS, first),
    ]
    with SpooledTemporaryFile(KEPT_IN_MEMORY) as file:
        with OdsFile(file, tables) as book:
            async for some in lines:
                await asyncio.to_thread(book.add, some)
        file.seek(0)
        while part := file.read(PART):
            yield part


async def _first(lines: AsyncIterator[Sequence[Line]]) -> tuple[Line, ...]:
    """By which the columns get their width; the others are still to come."""
    async for some in lines:
        return tuple(some)
    return ()


def _line(row: Any, zone: ZoneInfo) -> Line:
    status = STATUSES[shown_as(row.status, is_queued=row.turn is not None)][0]
    return (row.name, row.email, status, _said(row.starts_at, zone), row.party, _said(row.created_at, zone))


def _said(instant: datetime | None, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M}" if instant else ""


def _written(rows: Sequence[Line]) -> bytes:
    file = StringIO()
    csv.writer(file, lineterminator="\r\n").writerows([neutral(cell) for cell in row] for row in rows)
    return file.getvalue().encode()
