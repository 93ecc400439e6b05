"""Thousands of people at one evening, and a count of the statements that a page takes."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

from sqlalchemy import String, cast, event, func
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.models import OpenEvening
from engage.settings import Settings
from engage.storage.database import Database
from tests.factories import make_evening
from tests.grown import EIGHT_DIGITS, NUMBER, Row, make_rows, text_of
from tests.site import Site, running

MOST_STATEMENTS = 20
PEOPLE = 20_000


@asynccontextmanager
async def crowded(
    database: Database, settings: Settings, now: datetime, people: int = PEOPLE
) -> AsyncIterator[tuple[Site, OpenEvening]]:
    """A site with an evening, in whose first sitting so many people have places."""
    async with database.writing() as session:
        evening = make_evening(people, people)
        session.add(evening)
        await session.flush()
        await seat(session, evening, people, now)
    async with running(settings, now) as site:
        yield site, evening


async def seat(session: AsyncSession, evening: OpenEvening, people: int, now: datetime) -> None:
    """Give so many people places in its first sitting."""
    evening.slots[0].held += people
    row = {"open_evening_id": evening.id, "slot_id": evening.slots[0].id, "party": 1, "has_reminders": True}
    await make_rows(session, "registration", row | _person(now), people)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile, by readers and writers."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    engines = (database.engine.sync_engine, database.writer.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def _person(now: datetime) -> Row:
    address = text_of("visitor", NUMBER, "@example.org")
    codes = {"uid": text_of("uid-", NUMBER), "ticket_code": func.substr(cast(EIGHT_DIGITS + NUMBER, String), 2)}
    return {
        **codes,
        "form": address,
        "email": address,
        "email_key": address,
        "name": address,
        "status": "confirmed",
        "created_at": now,
    }
