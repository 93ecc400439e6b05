"""Many rows in one statement, and many statements in one journey to the database.

Rows travel as one JSON document, which the database takes apart: a statement costs its driver the same for one row and
for a thousand, and the document is written and read at the speed of C, in SQLite without holding up Python. Rows are
dictionaries by column name, those of one statement all alike; what they leave out is NULL.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ClauseElement, FromClause, Integer, Table, func, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.types import TypeEngine

from engage.storage.bare import Answer, packed, run_bare, sql_of, unpacked
from engage.storage.database import BELL, RUNG, Base, is_on_sqlite, ring

PLACE = "place"  # of a row in its document
MOST_AT_ONCE = 1_000

Row = dict[str, Any]
Statement = Callable[[FromClause, Table], ClauseElement]


class Asked(NamedTuple):
    """A statement, made of a table of these rows and of the model's. It is made once for all that are alike, and so a
    function. Without rows it asks nothing.
    """

    statement: Statement
    model: type[Base]
    rows: Sequence[Row]


def inserting(model: type[Base], rows: Sequence[Row]) -> Asked:
    """Insert the rows."""
    return Asked(_insert, model, rows)


def updating(model: type[Base], rows: Sequence[Row]) -> Asked:
    """Give the rows of these ids the values that stand beside them."""
    return Asked(_update, model, rows)


def locking(session: AsyncSession, model: type[Base], ids: Iterable[int]) -> list[Asked]:
    """Lock the rows of these ids, in their order. On SQLite the transaction is their lock."""
    return [] if is_on_sqlite(session) else [Asked(_lock, model, [{"id": each} for each in sorted(ids)])]


def inserting_numbered(model: type[Base], rows: Sequence[Row]) -> Asked:
    """Insert the rows in their order; `numbers` has the id of each."""
    return Asked(_insert_numbered, model, [row | {PLACE: place} for place, row in enumerate(rows)])


def ringing(session: AsyncSession, model: type[Base]) -> list[Asked]:
    """What wakes the workers when this transaction commits, to go along with what leaves them something to do."""
    ring(session)
    if is_on_sqlite(session) or session.in_nested_transaction():  # whose rollback would take the notice back
        return []
    session.info[RUNG] = True
    return [Asked(_ring, model, [{PLACE: 0}])]


def numbers(answer: Answer) -> list[int]:
    """The ids of rows that were inserted, for ids rise in their order."""
    return sorted(number for (number,) in answer)


async def run(session: AsyncSession, statement: Statement, model: type[Base], rows: Sequence[Row]) -> Answer:
    """What one statement answers; nothing where there are no rows."""
    return await run_on(await session.connection(), statement, model, rows)


async def run_on(connection: AsyncConnection, statement: Statement, model: type[Base], rows: Sequence[Row]) -> Answer:
    """The same on a connection, which may be one whose statements commit themselves."""
    (answer,) = await _run_all_on(connection, [Asked(statement, model, rows)])
    return answer


async def run_all(session: AsyncSession, asked: Sequence[Asked]) -> list[Answer]:
    """What each statement answers, in their order, in one journey."""
    return await _run_all_on(await session.connection(), asked)


async def _run_all_on(connection: AsyncConnection, asked: Sequence[Asked]) -> list[Answer]:
    is_sqlite = connection.dialect.name == "sqlite"
    ready, places = [], []
    for place, (statement, model, rows) in enumerate(asked):
        for first in range(0, len(rows), MOST_AT_ONCE):
            sql, columns = _made(statement, model, tuple(rows[0]), is_sqlite=is_sqlite)
            ready.append((sql, packed(rows[first : first + MOST_AT_ONCE], columns, is_sqlite=is_sqlite)))
            places.append(place)
    answers: list[list[Any]] = [[] for _ in asked]
    for place, answer in zip(places, await run_bare(connection, ready) if ready else (), strict=True):
        answers[place].extend(answer)
    return [*answers]


@cache
def _made(
    statement: Statement, model: type[Base], names: tuple[str, ...], *, is_sqlite: bool
) -> tuple[str, dict[str, TypeEngine[Any]]]:
    """The statement, and the columns of its rows."""
    table = model.metadata.tables[model.__tablename__]
    columns = {name: table.c[name].type if name in table.c else Integer() for name in names}
    return sql_of(statement(unpacked(columns, is_sqlite=is_sqlite), table), is_sqlite=is_sqlite), columns


def _insert(given: FromClause, table: Table) -> ClauseElement:
    names = [each.key for each in given.c]
    return insert(table).from_select(names, select(*given.c), include_defaults=False)


def _insert_numbered(given: FromClause, table: Table) -> ClauseElement:
    names = [each.key for each in given.c if each.key != PLACE]
    rows = select(*(given.c[name] for name in names)).order_by(given.c[PLACE])
    return insert(table).from_select(names, rows, include_defaults=False).returning(table.c.id)


def _update(given: FromClause, table: Table) -> ClauseElement:
    values = {each.key: each for each in given.c if each.key != "id"}
    return update(table).where(table.c.id == given.c.id).values(values)


def _lock(given: FromClause, table: Table) -> ClauseElement:
    rows = select(table.c.id).join(given, table.c.id == given.c.id).order_by(table.c.id)
    return rows.with_for_update(key_share=True, of=table)


def _ring(given: FromClause, table: Table) -> ClauseElement:
    return select(func.pg_notify(literal_column(f"'{BELL}'"), literal_column("''"))).select_from(given)
