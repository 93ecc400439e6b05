"""One column of many rows as the driver gives it, some rows at a time: half the cost of rows made by SQLAlchemy."""

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.bare import known_faults, line_of
from engage.storage.database import is_on_sqlite

CURSOR = "streamed"  # PostgreSQL's own, which keeps the rows there until they are fetched


async def streamed(session: AsyncSession, statement: Select[Any], at_once: int) -> AsyncIterator[list[Any]]:
    """The one column that is selected, in lists of up to so many; whatever is bound is written out in the statement.

    Raises what the connection would raise.
    """
    line = await line_of(await session.connection())
    sql = str(statement.compile(dialect=line.connection.dialect, compile_kwargs={"literal_binds": True}))
    cursor = line.driver.cursor() if is_on_sqlite(session) else line.driver.cursor(CURSOR)
    with known_faults(line, sql):
        await cursor.execute(sql)
        while rows := await cursor.fetchmany(at_once):
            yield [value for (value,) in rows]
        await cursor.close()
