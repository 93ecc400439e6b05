"""How the mail is, for machines and operators: from rows, so that any process can tell, and without addresses."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import delete, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import Overloaded
from engage.notify.health import RelayHealth
from engage.notify.models import MailNote, OutboxMessage
from engage.storage.database import insert_for
from engage.storage.unit_of_work import UnitOfWork

RELAY = "relay"
LISTENER = "listener"
BEAT = 30.0  # seconds after which whoever has the listener's port says so again
SILENT_AFTER = timedelta(seconds=3 * BEAT)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MailState:
    """``unreachable_since`` is None while the relay takes mail, ``oldest_waiting`` while nothing waits."""

    unreachable_since: datetime | None
    listening_since: datetime | None
    waiting: int
    dead: int
    oldest_waiting: timedelta | None


async def look(session: AsyncSession, now: datetime, real_now: datetime) -> MailState:
    """How the mail is; ``now`` is the acting instant, by which messages are made."""
    notes = {note.name: note for note in await session.scalars(select(MailNote))}
    relay, listener = notes.get(RELAY), notes.get(LISTENER)
    is_heard = listener is not None and listener.noted_at > real_now - SILENT_AFTER
    waiting, oldest = (await session.execute(_count("waiting"))).one()
    dead, _ = (await session.execute(_count("dead"))).one()
    return MailState(
        unreachable_since=relay.since if relay and not await _has_worked_since(session, relay.noted_at) else None,
        listening_since=listener.since if listener and is_heard else None,
        waiting=waiting,
        dead=dead,
        oldest_waiting=max(now - oldest, timedelta(0)) if oldest else None,
    )


class Watch:
    """Notes what this process sees of the relay, and that it listens. What cannot be noted stops nothing."""

    def __init__(self, unit_of_work: UnitOfWork) -> None:
        self._unit_of_work = unit_of_work
        self._noted_failures = 0
        self._listening_since: datetime | None = None

    async def see_relay(self, health: RelayHealth, real_now: datetime) -> None:
        """Write down each failure in a row, and once that it is over."""
        if health.failures != self._noted_failures:
            self._noted_failures = health.failures
            if health.failures:
                await self._note(partial(_put, name=RELAY, since=health.since or real_now, noted_at=real_now))
            else:
                await self._note(partial(_remove, name=RELAY))

    async def say_listening(self) -> None:
        """Write down that this process owns the port."""
        real_now = datetime.now(UTC)
        self._listening_since = self._listening_since or real_now
        await self._note(partial(_put, name=LISTENER, since=self._listening_since, noted_at=real_now))

    async def _note(self, command: Any) -> None:
        try:
            await self._unit_of_work.run(command)
        except (Overloaded, SQLAlchemyError) as error:
            log.warning("how the mail is could not be noted", error=type(error).__name__)


async def _put(session: AsyncSession, *, name: str, since: datetime, noted_at: datetime) -> None:
    values = {"since": since, "noted_at": noted_at}
    statement = insert_for(session)(MailNote).values(name=name, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=[MailNote.name], set_=values))


async def _remove(session: AsyncSession, *, name: str) -> None:
    await session.execute(delete(MailNote).where(MailNote.name == name))


async def _has_worked_since(session: AsyncSession, instant: datetime) -> bool:
    """Whether the relay took or refused a message since, whichever process handed it over."""
    settled = select(OutboxMessage.id).where(OutboxMessage.settled_at > instant, OutboxMessage.state != "dropped")
    return await session.scalar(settled.limit(1)) is not None


def _count(state: str) -> Any:
    return select(func.count(), func.min(OutboxMessage.created_at)).where(OutboxMessage.state == state)
