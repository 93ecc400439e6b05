"""A burst finds each row by its key, however many rows there are and whatever PostgreSQL believes of their number."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from engage.events.models import Registration
from engage.events.registrations.registering import register_all
from engage.storage.database import Database
from tests.clean_databases import CleanDatabases
from tests.crowd import seat
from tests.factories import make_application, make_evening

THERE, COMING = 5_000, 32
READ_WHOLE = "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"


@pytest.fixture
def database_url(clean_databases: CleanDatabases) -> Iterator[str]:
    """What is counted of a database stays when it is emptied, so this is a new one."""
    url = clean_databases.make()
    yield url
    clean_databases.give_back(url)


@pytest.mark.postgres
async def test_burst_reads_no_table_whole(database: Database, now: datetime) -> None:
    """Nobody has counted the rows, and how foreign keys are checked was decided while there were none."""
    async with database.writing() as session:
        evening = make_evening(2 * THERE)
        session.add(evening)
        await session.flush()
        posted = [make_application(evening, evening.slots[0], f"{each}@example.org") for each in range(COMING)]
        await register_all(session, [(posted[0], now)])
        await seat(session, evening, THERE, now)
        await register_all(session, [(each, now) for each in posted])
        read_whole = (await session.scalars(text(READ_WHOLE))).all()
        people = await session.scalar(select(func.count()).select_from(Registration))
    assert (people, read_whole) == (THERE + COMING, [])
