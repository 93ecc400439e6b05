"""Offers whose time is over are passed on: claimed by the evening's lock, so that any number of workers do it once."""

from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.database import Database
from engage.events import booking
from engage.events.models import OpenEvening, QueueEntry, Registration
from engage.unit_of_work import UnitOfWork

AT_ONCE = 200


async def lapse_due(database: Database, unit_of_work: UnitOfWork, now: datetime) -> int:
    """Pass on what lapsed, those first whose time was over first; the number of offers passed on."""
    query = (
        select(QueueEntry.registration_id, Registration.open_evening_id)
        .join(Registration)
        .where(QueueEntry.offer_expires_at <= now)
        .order_by(QueueEntry.offer_expires_at, QueueEntry.turn)
        .limit(AT_ONCE)
    )
    async with database.reading() as session:
        due = list(await session.execute(query))
    lapsed = [
        await unit_of_work.run(partial(_lapse, registration_id, now), locks=[(OpenEvening, evening_id)])
        for registration_id, evening_id in due
    ]
    return sum(lapsed)


async def _lapse(registration_id: int, now: datetime, session: AsyncSession) -> bool:
    return await booking.lapse(session, await booking.load(session, registration_id), now)
