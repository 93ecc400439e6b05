"""The staff directory: a whole file laid over it in one transaction; who is not in the file has left."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.files.csv_file import WESTERN
from engage.people.models import Staff
from engage.people.staff_file import GROUPED, Row, StaffFile
from engage.storage.database import Base
from engage.storage.unit_of_work import UnitOfWork

STAFF = Base.metadata.tables[Staff.__tablename__]
SMALLEST_SHOWN = 5  # the lowest threshold that a survey can have


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many people the import added, changed, found to have left and found as they were."""

    added: int
    changed: int
    left: int
    unchanged: int
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The report as lines to print."""
        counts = (f"{name}: {getattr(self, name):,}" for name in ("added", "changed", "left", "unchanged"))
        return "\n".join([*counts, *(f"note: {note}" for note in self.notes)])


async def import_staff(unit_of_work: UnitOfWork, file: StaffFile, now: datetime) -> ImportReport:
    """Make the directory what the file says, all of it or nothing. People keep their number for ever."""
    command = partial(_lay_over, file=file, now=now)
    try:
        return await unit_of_work.run(command)
    except IntegrityError:  # somebody imported the same people meanwhile: now they are there to be laid over
        return await unit_of_work.run(command)


async def _lay_over(session: AsyncSession, file: StaffFile, now: datetime) -> ImportReport:
    query = select(Staff.id, Staff.left_at, Staff.email, Staff.name, Staff.directorate, Staff.grade).order_by(Staff.id)
    known = {row.email: row for row in await session.execute(query)}
    given = {row.email: row for row in file.rows}
    added = [_columns(row) for email, row in given.items() if email not in known]
    changed = [
        {"known_id": stored.id} | _columns(row)
        for email, stored in known.items()
        if (row := given.get(email)) and (stored.left_at or tuple(stored)[2:] != astuple(row))
    ]
    left = [
        {"known_id": row.id, "left_at": now}
        for email, row in known.items()
        if email not in given and row.left_at is None
    ]
    await _write(session, insert(STAFF), added)
    await _write(session, update(STAFF).where(STAFF.c.id == bindparam("known_id")), changed)
    await _write(session, update(STAFF).where(STAFF.c.id == bindparam("known_id")), left)
    unchanged = len(given) - len(added) - len(changed)
    return ImportReport(len(added), len(changed), len(left), unchanged, tuple(_notes(file)))


async def _write(session: AsyncSession, statement: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Many rows at once, past the bookkeeping that a session does of each."""
    if rows:
        await (await session.connection()).execute(statement, rows)


def _columns(row: Row) -> dict[str, Any]:
    return {"email": row.email, "name": row.name, "directorate": row.directorate, "grade": row.grade, "left_at": None}


def _notes(file: StaffFile) -> Iterable[str]:
    """What is no fault, but to be known."""
    if file.encoding == WESTERN:
        yield "the file is not UTF-8 and was read as Windows-1252; look whether names with accents are right"
    for family in GROUPED:
        sizes = Counter(getattr(row, family) for row in file.rows)
        small = [f"{title} ({size})" for title, size in sorted(sizes.items()) if size < SMALLEST_SHOWN]
        if small:
            yield f"{family}s with fewer than {SMALLEST_SHOWN} people, never shown by themselves: {', '.join(small)}"
