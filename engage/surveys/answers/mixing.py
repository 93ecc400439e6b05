"""Laying what was answered anew, in an order that is none: where a row lies in a file tells when it came.

The worker does it every night until the wave is counted, so that what came in one day then lies in no order.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from secrets import SystemRandom
from typing import Any

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.answering import unordered
from engage.surveys.models import SealedComments, SealedSheet, SpentLink, Wave

AT_ONCE = 500  # rows
MIXED = ("open", "closed")


async def mix_all(database: Database, unit_of_work: UnitOfWork) -> None:
    """Mix every wave that is not counted yet, and let the database forget how its rows lay before."""
    async with database.reading() as session:
        waves = (await session.scalars(select(Wave.id).where(Wave.status.in_(MIXED)).order_by(Wave.id))).all()
    for wave_id in waves:
        await unit_of_work.run(partial(mix, wave_id=wave_id), locks=[(Wave, wave_id)])
    if waves:
        await database.reclaim([model.__tablename__ for model in (SpentLink, SealedSheet, SealedComments)])


async def mix(session: AsyncSession, wave_id: int, *, at_once: int = AT_ONCE) -> None:
    """Every row of the wave gets another place and, but for spent links, another key. The wave's row is locked."""
    for model in (SealedSheet, SealedComments):
        table = Wave.metadata.tables[model.__tablename__]
        for keys in await _shuffled(session, table, wave_id, at_once):
            boxes = await session.scalars(select(table.c.content).where(table.c.key.in_(keys)))
            await _replace(session, table, keys, unordered([(wave_id, box) for box in boxes]))
    links = Wave.metadata.tables[SpentLink.__tablename__]
    for prints in await _shuffled(session, links, wave_id, at_once):
        await _replace(session, links, prints, [{"fingerprint": each, "wave_id": wave_id} for each in prints])


async def _shuffled(session: AsyncSession, table: Table, wave_id: int, at_once: int) -> Iterator[Sequence[bytes]]:
    """The wave's keys in that table, so many at once."""
    (key,) = table.primary_key
    keys = list(await session.scalars(select(key).where(table.c.wave_id == wave_id)))
    SystemRandom().shuffle(keys)
    return (keys[start : start + at_once] for start in range(0, len(keys), at_once))


async def _replace(session: AsyncSession, table: Table, keys: Sequence[bytes], rows: list[dict[str, Any]]) -> None:
    (key,) = table.primary_key
    await session.execute(delete(table).where(key.in_(keys)))
    await session.execute(insert(table), rows)
