"""Many rows in one statement: they travel as one JSON document, which the database takes apart.

A statement costs its driver the same for one row and for a thousand, and the document is written and read at the speed
of C, in SQLite without holding up Python. Rows are dictionaries by column name, those of one statement all alike; what
they leave out is NULL.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ClauseElement, FromClause, Integer, Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.types import TypeEngine

from engage.database import Base, packed, run_bare, sql_of, unpacked

ROWS = "rows"
PLACE = "place"  # of a row in its document
MOST_AT_ONCE = 1_000

Row = dict[str, Any]
Statement = Callable[[FromClause, Table], ClauseElement]


async def insert_all(session: AsyncSession, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert the rows."""
    await run(session, _insert, model, rows)


async def insert_numbered(session: AsyncSession, model: type[Base], rows: Sequence[Row]) -> list[int]:
    """Insert the rows in their order; the id of each, for ids rise in that order."""
    placed = [row | {PLACE: place} for place, row in enumerate(rows)]
    return sorted(number for (number,) in await run(session, _insert_numbered, model, placed))


async def update_all(session: AsyncSession, model: type[Base], rows: Sequence[Row]) -> None:
    """Give the rows of these ids the values that stand beside them."""
    await run(session, _update, model, rows)


async def run(session: AsyncSession, statement: Statement, model: type[Base], rows: Sequence[Row]) -> Sequence[Any]:
    """What a statement answers that is made of a table of these rows, and of the model's; nothing where there are none.

    It is made once for all that are alike, and so a function.
    """
    return await run_on(await session.connection(), statement, model, rows)


async def run_on(
    connection: AsyncConnection, statement: Statement, model: type[Base], rows: Sequence[Row]
) -> Sequence[Any]:
    """The same on a connection, which may be one whose statements commit themselves."""
    is_sqlite = connection.dialect.name == "sqlite"
    answer: list[Any] = []
    for first in range(0, len(rows), MOST_AT_ONCE):
        sql, columns = _made(statement, model, tuple(rows[0]), is_sqlite=is_sqlite)
        document = packed(rows[first : first + MOST_AT_ONCE], columns, is_sqlite=is_sqlite)
        answer += await run_bare(connection, sql, **{ROWS: document})
    return answer


@cache
def _made(
    statement: Statement, model: type[Base], names: tuple[str, ...], *, is_sqlite: bool
) -> tuple[str, dict[str, TypeEngine[Any]]]:
    """The statement, and the columns of its rows."""
    table = model.metadata.tables[model.__tablename__]
    columns = {name: table.c[name].type if name in table.c else Integer() for name in names}
    return sql_of(statement(unpacked(ROWS, columns, is_sqlite=is_sqlite), table), is_sqlite=is_sqlite), columns


def _insert(given: FromClause, table: Table) -> ClauseElement:
    names = [each.key for each in given.c if each.key != PLACE]
    return insert(table).from_select(names, select(*(given.c[name] for name in names)), include_defaults=False)


def _insert_numbered(given: FromClause, table: Table) -> ClauseElement:
    names = [each.key for each in given.c if each.key != PLACE]
    rows = select(*(given.c[name] for name in names)).order_by(given.c[PLACE])
    return insert(table).from_select(names, rows, include_defaults=False).returning(table.c.id)


def _update(given: FromClause, table: Table) -> ClauseElement:
    values = {each.key: each for each in given.c if each.key != "id"}
    return update(table).where(table.c.id == given.c.id).values(values)
