"""The retention table of the contract, room by room. Wiring only."""

from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.ext.asyncio import AsyncSession

import engage.events.retention as evenings
import engage.notify.retention as messages
import engage.people.retention as people
import engage.surveys.retention as waves
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork


async def purge(database: Database, unit_of_work: UnitOfWork, now: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Forget what its time is over for; how much of each. Small commits, so that nobody else waits for long."""
    done = {"registrations": 0, "people asked in waves": 0}
    for evening_id in await unit_of_work.run(partial(evenings.evenings_to_forget, now=now, zone=zone)):
        while count := await unit_of_work.run(partial(_forget_registrations, evening_id=evening_id)):
            done["registrations"] += count
    for wave_id in await unit_of_work.run(partial(waves.waves_to_forget, now=now)):
        some_messages = messages.beginning(waves.messages_about(wave_id), waves.AT_ONCE)
        while await unit_of_work.run(partial(_execute, statement=some_messages)):
            pass
        while count := await unit_of_work.run(partial(waves.forget_roster, wave_id=wave_id)):
            done["people asked in waves"] += count
    statements: dict[str, Delete | Update] = {
        **evenings.statements(now),
        **messages.statements(now),
        **people.statements(now),
    }
    for name, statement in statements.items():
        done[name] = await unit_of_work.run(partial(_execute, statement=statement))
    await database.empty_log()
    return done


async def _forget_registrations(session: AsyncSession, evening_id: int) -> int:
    streams = await evenings.forget_registrations(session, evening_id)
    await session.execute(messages.about(streams))
    return len(streams)


async def _execute(session: AsyncSession, statement: Delete | Update) -> int:
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)  # noqa: S101 - deleting and updating answer no rows
    return result.rowcount
