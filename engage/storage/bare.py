"""Statements asked of the database's driver itself, at a tenth of the cost, and any number of them in one journey.

Each has one parameter: the rows that it is about, as one JSON document, which the database takes apart. What answers
nothing SQLite does row by row instead, since taking a document apart takes it longer than that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    ClauseElement,
    ColumnElement,
    Dialect,
    FromClause,
    LargeBinary,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    make_url,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from engage.late import library
from engage.storage.database import DRIVERS, Instant
from engage.storage.sqlite import COMMIT

ROWS = "rows"
RECENT_INSTANTS = 256  # which rows written together share

Columns = Mapping[str, TypeEngine[Any]]
Rows = Sequence[Mapping[str, Any]]
Answer = Sequence[Any]


class Ready(NamedTuple):
    """A statement, and what it is given: a document, or the lines of the rows to which it is done one after another.

    A lasting one is planned as well however much the tables come to hold.
    """

    sql: str
    given: Any
    is_lasting: bool = False


class Line(NamedTuple):
    """A connection with the driver's own at hand."""

    connection: AsyncConnection
    driver: Any


async def line_of(connection: AsyncConnection) -> Line:
    """The same connection, to ask on."""
    return Line(connection, (await connection.get_raw_connection()).driver_connection)


async def run_bare(line: Line, asked: Sequence[Ready], *, ends: bool = False) -> list[Answer]:
    """The rows that each statement answers, in their order; with the last the transaction is committed where it ends.

    Raises what the connection would raise.
    """
    with known_faults(line, ";\n".join(sql for sql, *_ in asked)):
        if line.connection.dialect.name == "sqlite":
            answers: list[Answer] = await line.driver.run(_run_in_thread, asked, ends)
            return answers
        exchanged: list[Answer] = await library("engage.storage.pipeline").exchange(line.driver, asked, ends=ends)
        return exchanged


async def end(line: Line) -> None:
    """Commit what is not committed yet."""
    if _is_open(line):
        await run_bare(line, (), ends=True)


def _is_open(line: Line) -> bool:
    if line.connection.dialect.name == "sqlite":
        return bool(line.driver.in_transaction)
    return bool(library("engage.storage.pipeline").is_open(line.driver))


@contextmanager
def known_faults(line: Line, sql: str) -> Iterator[None]:
    """The driver's faults as the connection would raise them."""
    dialect = line.connection.dialect
    try:
        yield
    except dialect.loaded_dbapi.Error as error:
        is_gone, faults = dialect.is_disconnect(error, line.driver, None), dialect.loaded_dbapi.Error
        raise DBAPIError.instance(sql, None, error, faults, True, is_gone, dialect) from error


def _run_in_thread(connection: Any, asked: Sequence[Ready], ends: bool) -> list[Answer]:
    answers = [_run_one(connection, sql, given) for sql, given, _ in asked]
    if ends:
        connection.execute(COMMIT)
    return answers


def _run_one(connection: Any, sql: str, given: Any) -> Answer:
    by_row = isinstance(given, list)
    cursor = connection.executemany(sql, given) if by_row else connection.execute(sql, (given,))
    rows: Answer = cursor.fetchall()
    return rows


def sql_of(statement: ClauseElement, *, is_sqlite: bool) -> str:
    """The statement as `run_bare` takes it."""
    make: Callable[..., Dialect] = make_url(f"{DRIVERS['sqlite' if is_sqlite else 'postgresql']}://").get_dialect()
    return str(statement.compile(dialect=make(paramstyle="qmark" if is_sqlite else "numeric_dollar")))


def unpacked(columns: Columns, *, is_sqlite: bool) -> FromClause:
    """A table out of the statement's rows as they are `packed`: by their columns' names on PostgreSQL, by their places
    on SQLite, which would look for each name in each row.
    """
    document = bindparam(ROWS, type_=Text)
    if is_sqlite:
        rows: FromClause = func.json_each(document).table_valued("value")
        fields: dict[str, ColumnElement[Any]] = {
            key: literal_column(f"json_extract(value, '$[{place}]')") for place, key in enumerate(columns)
        }
        values = [_taken(field, columns[key], func.unhex).label(key) for key, field in fields.items()]
        return select(*values).select_from(rows).subquery()
    told = (column(key, Text() if _is_binary(of) else of) for key, of in columns.items())
    rows = func.json_to_recordset(cast(document, JSON)).table_valued(*told).render_derived(with_types=True)
    if not any(map(_is_binary, columns.values())):
        return rows
    return select(*(_taken(rows.c[key], of, _unhexed).label(key) for key, of in columns.items())).subquery()


def _taken(field: ColumnElement[Any], of: TypeEngine[Any], unhexed: Callable[..., Any]) -> ColumnElement[Any]:
    """A document's field as a value of this type."""
    taken: ColumnElement[Any] = type_coerce(unhexed(field) if _is_binary(of) else field, of)
    return taken


def _unhexed(field: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.decode(field, literal_column("'hex'"))


def _is_binary(of: TypeEngine[Any]) -> bool:
    return isinstance(of, LargeBinary)


def packing(columns: Columns, *, is_sqlite: bool) -> Callable[[Rows], str]:
    """What makes one JSON document of rows with these columns, with bytes in hexadecimal."""
    if not is_sqlite:
        return lambda rows: to_json(rows, bytes_mode="hex").decode()
    listed = listing(columns)
    return lambda rows: to_json(listed(rows), bytes_mode="hex").decode()


def listing(columns: Columns) -> Callable[[Rows], list[list[Any]]]:
    """What makes lines of rows with these columns, each value as SQLite has it."""
    values = itemgetter(*columns) if len(columns) > 1 else lambda row: row.values()
    told = [(place, tell) for place, of in enumerate(columns.values()) if (tell := _told(of)) is not None]

    def listed(rows: Rows) -> list[list[Any]]:
        lines = [[*values(row)] for row in rows]
        for place, tell in told:
            for line in lines:
                line[place] = tell(line[place])
        return lines

    return listed


def _told(of: TypeEngine[Any]) -> Callable[[Any], Any] | None:
    """How SQLite is told values of this type, if not as they are."""
    if isinstance(of, Instant):
        return _stored
    return (lambda value: None if value is None else to_json(value).decode()) if isinstance(of, JSON) else None


@lru_cache(RECENT_INSTANTS)
def _stored(instant: datetime | None) -> str | None:
    """As `Instant` has it on SQLite."""
    if instant is None:
        return None
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(RECENT_INSTANTS)
def instant_of(answered: Any) -> Any:
    """An instant, or None, as a driver answers it: on SQLite as text."""
    return datetime.fromisoformat(answered).replace(tzinfo=UTC) if isinstance(answered, str) else answered
