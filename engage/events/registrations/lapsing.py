"""Offers whose time is over are passed on: claimed by the evening's lock, so that any number of workers do it once."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.apart import each_apart
from engage.events.models import OpenEvening, QueueEntry, Registration
from engage.events.registrations import booking
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

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
    return await act_on_due(database, unit_of_work, query, partial(_lapse, now))


async def act_on_due(
    database: Database,
    unit_of_work: UnitOfWork,
    due: Select[int, int],
    act: Callable[[int, AsyncSession], Awaitable[bool]],
) -> int:
    """Act on each registration of ``due`` (its id, its evening's id) under the evening's lock; how often it was so."""
    async with database.reading() as session:
        found = [(registration_id, evening_id) for registration_id, evening_id in await session.execute(due)]

    async def locked(one: tuple[int, int]) -> int:
        registration_id, evening_id = one
        return await unit_of_work.run(partial(act, registration_id), locks=[(OpenEvening, evening_id)])

    return await each_apart(found, locked)


async def _lapse(now: datetime, registration_id: int, session: AsyncSession) -> bool:
    return await booking.lapse(session, await booking.load(session, registration_id), now)
