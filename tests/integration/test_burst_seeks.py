"""A burst finds each row by its key, however many rows there are and whatever PostgreSQL believes of their number."""

from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from engage.events.models import Registration
from engage.events.registrations.registering import register_all
from engage.storage.database import Database
from tests.crowd import seat
from tests.factories import make_application, make_evening

THERE, COMING = 5_000, 32
FEW = 3 * COMING  # rows: whoever looks for one evening among one may as well read them all
READ_WHOLE = f"SELECT relname FROM pg_stat_xact_user_tables WHERE seq_tup_read > {FEW}"


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
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
