"""Bursts, each a transaction by itself, that follow one another on one connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from engage.storage.bare import Line, end, line_of
from engage.storage.database import BURST, Database


class Bursts:
    """A connection of the writer's is taken by the first burst and kept until it is given back, or until one fails.

    Whoever ends a burst along with what it writes last asks nothing of the pool or of a session: both would cost those
    who wait as much as the database does.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._line: Line | None = None

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """What `Database.writing` does, for one burst, which asks on the bare connection: no two at once."""
        if self._line is None:
            self._line = await line_of(await self._database.writer.connect())
        line = self._line
        session = AsyncSession(line.connection, expire_on_commit=False, info={BURST: line})
        try:
            if self._database.is_sqlite:
                line.driver.begin()
            yield session
            await self._commit(session, line)
        except BaseException:
            await self._roll_back(line)
            raise
        self._database.count(session, is_edit=False)

    async def _commit(self, session: AsyncSession, line: Line) -> None:
        """But for what was committed already."""
        if session.in_transaction():  # somebody's rows were loaded
            await session.flush()
        await self._database.notify(session)
        if session.in_transaction():
            await session.run_sync(_end)
        await end(line)

    async def _roll_back(self, line: Line) -> None:
        """As the engine does it, which trusts none of its connections where this one is gone; and keep it no more."""
        connection = line.connection
        try:
            with suppress(DBAPIError):
                if not (connection.invalidated or connection.in_transaction()):
                    await connection.begin()
                await connection.rollback()
        finally:
            await self.give_back()

    async def give_back(self) -> None:
        """Give the connection back to the pool, until the next burst."""
        if (line := self._line) is not None:
            self._line = None
            await asyncio.shield(line.connection.close())


def _end(session: Session) -> None:
    """End its transaction as whoever began it in a context would."""
    with session.get_transaction() or nullcontext():
        pass
