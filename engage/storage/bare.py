"""Statements asked of the database's driver itself, at a tenth of the cost, and any number of them in one journey.

Each has one parameter: the rows that it is about, as one JSON document, which the database takes apart.
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
    Dialect,
    FromClause,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    make_url,
    select,
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
    """A statement and its document; a lasting one is planned as well however much the tables come to hold."""

    sql: str
    document: str
    is_lasting: bool = False


async def run_bare(connection: AsyncConnection, asked: Sequence[Ready], *, ends: bool = False) -> list[Answer]:
    """The rows that each statement answers, in their order; with the last the transaction is committed where it ends.

    Raises what the connection would raise.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    with known_faults(connection, driver, ";\n".join(sql for sql, *_ in asked)):
        if connection.dialect.name == "sqlite":
            answers: list[Answer] = await driver.run(_run_in_thread, asked, ends)
            return answers
        exchanged: list[Answer] = await library("engage.storage.pipeline").exchange(driver, asked, ends=ends)
        return exchanged


@contextmanager
def known_faults(connection: AsyncConnection, driver: Any, sql: str) -> Iterator[None]:
    """The driver's faults as the connection would raise them."""
    dialect = connection.dialect
    try:
        yield
    except dialect.loaded_dbapi.Error as error:
        is_gone, faults = dialect.is_disconnect(error, driver, None), dialect.loaded_dbapi.Error
        raise DBAPIError.instance(sql, None, error, faults, True, is_gone, dialect) from error


def _run_in_thread(connection: Any, asked: Sequence[Ready], ends: bool) -> list[Answer]:
    answers = [connection.execute(sql, (document,)).fetchall() for sql, document, _ in asked]
    if ends:
        connection.execute(COMMIT)
    return answers


def sql_of(statement: ClauseElement, *, is_sqlite: bool) -> str:
    """The statement as `run_bare` takes it."""
    make: Callable[..., Dialect] = make_url(f"{DRIVERS['sqlite' if is_sqlite else 'postgresql']}://").get_dialect()
    return str(statement.compile(dialect=make(paramstyle="qmark" if is_sqlite else "numeric_dollar")))


def unpacked(columns: Columns, *, is_sqlite: bool) -> FromClause:
    """A table out of the statement's rows as they are `packed`: by their columns' names on PostgreSQL, by their places
    on SQLite, which would look for each name in each row.
    """
    document = bindparam(ROWS, type_=Text)
    if not is_sqlite:
        rows = func.json_to_recordset(cast(document, JSON))
        return rows.table_valued(*(column(*each) for each in columns.items())).render_derived(with_types=True)
    fields = (
        literal_column(f"json_extract(value, '$[{place}]')", of).label(key)
        for place, (key, of) in enumerate(columns.items())
    )
    return select(*fields).select_from(func.json_each(document).table_valued("value")).subquery()


def packing(columns: Columns, *, is_sqlite: bool) -> Callable[[Rows], str]:
    """What makes one JSON document of rows with these columns. Instants are told as the database has them."""
    if not is_sqlite:
        return lambda rows: to_json(rows).decode()
    values = itemgetter(*columns) if len(columns) > 1 else lambda row: row.values()
    instants = [place for place, of in enumerate(columns.values()) if isinstance(of, Instant)]

    def pack(rows: Rows) -> str:
        lines = [[*values(row)] for row in rows]
        for place in instants:
            for line in lines:
                line[place] = _stored(line[place])
        return to_json(lines).decode()

    return pack


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
