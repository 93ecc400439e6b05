"""Many rows in one statement, and many statements in one journey to the database.

Rows travel as one JSON document, which the database takes apart: a statement costs its driver the same for one row and
for a thousand, and the document is written and read at the speed of C. SQLite, to which nothing travels, inserts them
one after another instead. Rows are dictionaries by column name, those of one statement all alike; what they leave out
is NULL.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    column,
    func,
    insert,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm.util import identity_key

from engage.storage.bare import (
    Answer,
    Columns,
    Line,
    Ready,
    Rows,
    line_of,
    listing,
    packing,
    run_bare,
    sql_of,
    unpacked,
)
from engage.storage.database import BELL, BURST, RUNG, Base, is_on_sqlite, ring

COUNT = "count"
MOST_AT_ONCE = 1_000

SEQUENCES = table("sqlite_sequence", column("name"), column("seq"))

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


def seeking(session: AsyncSession, model: type[Base]) -> list[Asked]:
    """From here on in this transaction let PostgreSQL find each row by its key.

    It takes any rows that it is given for a hundred, and would sooner read a table of ten thousand whole than look up
    that many; and how it checks a foreign key it decides once, as long as the table is small.
    """
    return [] if is_on_sqlite(session) else [Asked(_seek, model, [{COUNT: 1}])]


def drawing(session: AsyncSession, model: type[Base], count: int) -> Asked:
    """Draw ids for so many rows to come, so that what refers to them can go along with them; `drawn` has them."""
    return Asked(_draw_from_sqlite if is_on_sqlite(session) else _draw, model, [{COUNT: count}])


def drawn(answer: Answer, count: int) -> list[int]:
    """The ids, rising. SQLite tells the last of them alone; on PostgreSQL others may draw in between."""
    last = answer[-1][0]
    return sorted(number for (number,) in answer) if len(answer) == count else [*range(last - count + 1, last + 1)]


def ringing(session: AsyncSession, model: type[Base]) -> list[Asked]:
    """What wakes the workers when this transaction commits, to go along with what leaves them something to do."""
    ring(session)
    if is_on_sqlite(session) or session.in_nested_transaction():  # whose rollback would take the notice back
        return []
    session.info[RUNG] = True
    return [Asked(_ring, model, [{COUNT: 1}])]


async def run(session: AsyncSession, statement: Statement, model: type[Base], rows: Sequence[Row]) -> Answer:
    """What one statement answers; nothing where there are no rows."""
    return await run_on(await session.connection(), statement, model, rows)


async def run_on(connection: AsyncConnection, statement: Statement, model: type[Base], rows: Sequence[Row]) -> Answer:
    """The same on a connection, which may be one whose statements commit themselves."""
    (answer,) = await _run_all_on(await line_of(connection), [Asked(statement, model, rows)])
    return answer


async def run_all(session: AsyncSession, asked: Sequence[Asked]) -> list[Answer]:
    """What each statement answers, in their order, in one journey."""
    return await _run_all_on(await _line_of(session), asked)


async def run_last(session: AsyncSession, asked: Sequence[Asked]) -> bool:
    """Ask what nothing comes after. Where the transaction is one burst's alone, its commit goes along: then True."""
    if BURST not in session.info or not asked:
        await run_all(session, asked)
        return False
    if session.in_transaction():
        await session.flush()
    if session.info.get("is_bell_due") and RUNG not in session.info:
        asked = [*asked, *ringing(session, asked[0].model)]
    await _run_all_on(session.info[BURST], asked, ends=True)
    return True


async def show(session: AsyncSession, model: type[Base], ids: Iterable[int]) -> None:
    """Let those who loaded these rows for the same commit see what was written past them."""
    loaded = [each for each in ids if identity_key(model, each) in session.sync_session.identity_map]
    if loaded:
        anew = select(model).where(model.__mapper__.primary_key[0].in_(loaded))
        await session.scalars(anew.execution_options(populate_existing=True))


async def _line_of(session: AsyncSession) -> Line:
    own: Line | None = session.info.get(BURST)
    return own or await line_of(await session.connection())


async def _run_all_on(line: Line, asked: Sequence[Asked], *, ends: bool = False) -> list[Answer]:
    is_sqlite = line.connection.dialect.name == "sqlite"
    ready, places = [], []
    for place, (statement, model, rows) in enumerate(asked):
        for first in range(0, len(rows), MOST_AT_ONCE):
            sql, pack = _made(statement, model, tuple(rows[0]), is_sqlite=is_sqlite)
            ready.append(Ready(sql, pack(rows[first : first + MOST_AT_ONCE]), statement in LASTING))
            places.append(place)
    answers: list[list[Any]] = [[] for _ in asked]
    for place, answer in zip(places, await run_bare(line, ready, ends=ends) if ready else (), strict=True):
        answers[place].extend(answer)
    return [*answers]


@cache
def _made(
    statement: Statement, model: type[Base], names: tuple[str, ...], *, is_sqlite: bool
) -> tuple[str, Callable[[Rows], Any]]:
    """The statement, and what makes of its rows what it is given."""
    table = model.metadata.tables[model.__tablename__]
    columns: Columns = {name: table.c[name].type if name in table.c else Integer() for name in names}
    if is_sqlite and statement is _insert:
        return sql_of(_insert_one(table.name, names), is_sqlite=True), listing(columns)
    sql = sql_of(statement(unpacked(columns, is_sqlite=is_sqlite), table), is_sqlite=is_sqlite)
    return sql, packing(columns, is_sqlite=is_sqlite)


def _insert(given: FromClause, table: Table) -> ClauseElement:
    names = [each.key for each in given.c]
    return insert(table).from_select(names, select(*given.c), include_defaults=False)


def _insert_one(name: str, columns: Iterable[str]) -> ClauseElement:
    """Values that nothing is selected from: SQLite then keeps no journal of the statement, to undo half of it."""
    return insert(table(name, *map(column, columns)))


def _draw(given: FromClause, table: Table) -> ClauseElement:
    count = select(given.c[COUNT]).scalar_subquery()
    drawn: ColumnElement[int] = func.nextval(literal_column(f"'{table.name}_id_seq'"))
    return select(drawn).select_from(func.generate_series(literal_column("1"), count))


def _draw_from_sqlite(given: FromClause, table: Table) -> ClauseElement:
    """Its sequences are rows of a table of its own."""
    count = select(given.c[COUNT]).scalar_subquery()
    drawn = update(SEQUENCES).where(SEQUENCES.c.name == literal_column(f"'{table.name}'"))
    return drawn.values(seq=SEQUENCES.c.seq + count).returning(SEQUENCES.c.seq)


def _update(given: FromClause, table: Table) -> ClauseElement:
    values = {each.key: each for each in given.c if each.key != "id"}
    return update(table).where(table.c.id == given.c.id).values(values)


def _lock(given: FromClause, table: Table) -> ClauseElement:
    rows = select(table.c.id).join(given, table.c.id == given.c.id).order_by(table.c.id)
    return rows.with_for_update(key_share=True, of=table)


def _seek(given: FromClause, table: Table) -> ClauseElement:
    off = (f"set_config('enable_{way}', 'off', true)" for way in ("hashjoin", "mergejoin", "seqscan"))
    return select(*map(text, off)).select_from(given)


def _ring(given: FromClause, table: Table) -> ClauseElement:
    return select(func.pg_notify(literal_column(f"'{BELL}'"), literal_column("''"))).select_from(given)


# What is planned once for all keeps that plan, which of anything that joins is the one for a table as it was then.
LASTING = {_insert, _draw, _seek, _ring}
