"""The retention table of the contract: what is forgotten, and when."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Delete, Update

from engage.events.facts import STREAM, stream_of
from engage.events.models import AccessNeed, OpenEvening, Receipt, Registration, Slot, Vacancy
from engage.journal import JournalEntry
from engage.notify.models import CaughtMessage, OutboxMessage
from engage.people.models import SignInLink, SignInSession
from engage.unit_of_work import UnitOfWork

REGISTRATIONS_KEPT_MONTHS = 6
NEEDS_KEPT = timedelta(days=14)
BODIES_KEPT = timedelta(days=14)
FORGOTTEN = f"{STREAM}forgotten"
AT_ONCE = 500


async def purge(unit_of_work: UnitOfWork, now: datetime, zone: ZoneInfo) -> dict[str, int]:
    """Forget what its time is over for; how much of each was forgotten. Small commits: nobody else waits for long."""
    evenings = await unit_of_work.run(partial(_evenings_over, before=_months_before(now, zone)))
    done = {"registrations": 0}
    for evening_id in evenings:
        while count := await unit_of_work.run(partial(_forget_registrations, evening_id=evening_id)):
            done["registrations"] += count
    for name, statement in _statements(now).items():
        done[name] = await unit_of_work.run(partial(_execute, statement=statement))
    return done


def _statements(now: datetime) -> dict[str, Delete | Update]:
    ended = (
        select(Slot.open_evening_id).group_by(Slot.open_evening_id).having(func.max(Slot.ends_at) < now - NEEDS_KEPT)
    )
    over = select(Registration.id).where(Registration.open_evening_id.in_(ended))
    return {
        "access needs": delete(AccessNeed).where(AccessNeed.registration_id.in_(over)),
        "message bodies": update(OutboxMessage)
        .where(OutboxMessage.settled_at < now - BODIES_KEPT, OutboxMessage.content.is_not(None))
        .values(content=None),
        "caught messages": delete(CaughtMessage).where(CaughtMessage.received_at < now - BODIES_KEPT),
        "receipts": delete(Receipt).where(Receipt.expires_at <= now),
        "sign-in links": delete(SignInLink).where(SignInLink.expires_at <= now),
        "sessions": delete(SignInSession).where(SignInSession.expires_at <= now),
    }


async def _execute(session: AsyncSession, statement: Delete | Update) -> int:
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)  # noqa: S101 - deleting and updating return no rows
    return result.rowcount


async def _evenings_over(session: AsyncSession, before: datetime) -> Sequence[int]:
    """Evenings whose last closing date, or without one last sitting, lies before the instant."""
    closing = select(func.max(Vacancy.closes_at)).where(Vacancy.open_evening_id == OpenEvening.id).scalar_subquery()
    sitting = select(func.max(Slot.ends_at)).where(Slot.open_evening_id == OpenEvening.id).scalar_subquery()
    has_people = select(Registration.id).where(Registration.open_evening_id == OpenEvening.id).exists()
    query = select(OpenEvening.id).where(func.coalesce(closing, sitting) < before, sitting < before, has_people)
    return (await session.scalars(query)).all()


async def _forget_registrations(session: AsyncSession, evening_id: int) -> int:
    """The registrations with all that hangs on them; the journal keeps what happened, and no longer to whom."""
    ids = list(
        await session.scalars(select(Registration.id).where(Registration.open_evening_id == evening_id).limit(AT_ONCE))
    )
    streams = [stream_of(registration_id) for registration_id in ids]
    for entry in await session.scalars(select(JournalEntry).where(JournalEntry.stream.in_(streams))):
        entry.stream = FORGOTTEN
        entry.details = {
            name: value for name, value in entry.details.items() if name not in ("registration_id", "about")
        }
    await session.execute(delete(OutboxMessage).where(OutboxMessage.stream.in_(streams)))
    await session.execute(delete(Registration).where(Registration.id.in_(ids)))
    return len(ids)


def _months_before(now: datetime, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    months = local.year * 12 + local.month - 1 - REGISTRATIONS_KEPT_MONTHS
    year, month = divmod(months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, 28))
