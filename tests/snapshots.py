"""What a site has come to, brought about once in a process and put into the sites of later tests as it was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http.cookiejar import Cookie
from typing import Any, TypeVar

from sqlalchemy import Executable, Table, delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Base
from tests.site import Site
from tests.smtp_server import Received

Row = dict[str, Any]
Answer = TypeVar("Answer")
COUNTED = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
COUNT_ON = "SELECT setval(:sequencename, :last_value)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a test can tell of a site at an instant: its rows, the next ids, the browser's cookies and the mail."""

    rows: dict[Table, list[Row]]
    sequences: list[Row]
    cookies: list[Cookie]
    messages: list[Received]
    answer: Any

    @classmethod
    async def of(cls, site: Site, answer: Any) -> "Snapshot":
        async with site.database.reading() as session:
            rows = {table: await _rows(session, select(table)) for table in Base.metadata.sorted_tables}
            sequences = [] if site.database.is_sqlite else await _rows(session, text(COUNTED))
        filled = {table: found for table, found in rows.items() if found}
        return cls(filled, sequences, list(site.browser.cookies.jar), list(site.relay.messages), answer)

    async def put_into(self, site: Site) -> None:
        async with site.database.writing() as session:
            for table in reversed(self.rows):
                await session.execute(delete(table))
            for table, rows in self.rows.items():
                await session.execute(insert(table), rows)
            if self.sequences:
                await session.execute(text(COUNT_ON), self.sequences)
        for cookie in self.cookies:
            site.browser.cookies.jar.set_cookie(cookie)
        site.relay.messages += self.messages


_TAKEN: dict[tuple[object, bool], Snapshot] = {}


async def once(site: Site, act: Callable[[Site], Awaitable[Answer]]) -> Answer:
    """Do that at this site, which is as new, or put into it what came of it the first time on the same dialect."""
    key = act, site.database.is_sqlite
    if key in _TAKEN:
        await _TAKEN[key].put_into(site)
    else:
        _TAKEN[key] = await Snapshot.of(site, await act(site))
    answer: Answer = _TAKEN[key].answer
    return answer


async def _rows(session: AsyncSession, query: Executable) -> list[Row]:
    return [dict(row) for row in (await session.execute(query)).mappings()]
