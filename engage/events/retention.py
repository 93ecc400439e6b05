"""What open evenings forget, and when. Functions never commit."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Delete, String, cast, delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.facts import STREAM, stream_of
from engage.events.mail.mailing_models import Mailing
from engage.events.models import AccessNeed, AnsweredForm, OpenEvening, Registration, Slot, Vacancy
from engage.events.need_rules import ANSWERED
from engage.journal import JournalEntry
from engage.notify.models import OutboxMessage

REGISTRATIONS_KEPT_MONTHS = 6
NEEDS_KEPT = timedelta(days=14)
MAILINGS_KEPT = timedelta(days=14)
FORGOTTEN = f"{STREAM}forgotten"
LINKS = ("registration_id", "about", "proof")  # of a fact to a registration, or to an address
AT_ONCE = 500


def statements(now: datetime) -> dict[str, Delete]:
    """Access needs and what was written about them two weeks after the evening; what a form was answered, once its
    receipt is not shown any more.
    """
    ended = (
        select(Slot.open_evening_id).group_by(Slot.open_evening_id).having(func.max(Slot.ends_at) < now - NEEDS_KEPT)
    )
    over = select(Registration.id).where(Registration.open_evening_id.in_(ended))
    streams = select(literal(STREAM) + cast(Registration.id, String)).where(Registration.open_evening_id.in_(ended))
    return {
        "access needs": delete(AccessNeed).where(AccessNeed.registration_id.in_(over)),
        "messages about access needs": delete(OutboxMessage).where(
            OutboxMessage.kind == ANSWERED, OutboxMessage.stream.in_(streams)
        ),
        "messages of organisers": delete(Mailing).where(Mailing.sent_at < now - MAILINGS_KEPT),
        "answers to forms": delete(AnsweredForm).where(AnsweredForm.expires_at <= now),
    }


async def evenings_to_forget(session: AsyncSession, now: datetime, zone: ZoneInfo) -> Sequence[int]:
    """Evenings with registrations whose last closing date, or without one last sitting, is six months ago."""
    before = months_before(now, REGISTRATIONS_KEPT_MONTHS, zone)
    closing = select(func.max(Vacancy.closes_at)).where(Vacancy.open_evening_id == OpenEvening.id).scalar_subquery()
    sitting = select(func.max(Slot.ends_at)).where(Slot.open_evening_id == OpenEvening.id).scalar_subquery()
    # Not EXISTS, which PostgreSQL may answer for all evenings at once by reading every registration.
    anybody = select(Registration.id).where(Registration.open_evening_id == OpenEvening.id).limit(1).scalar_subquery()
    over = (func.coalesce(closing, sitting) < before, sitting < before)
    return (await session.scalars(select(OpenEvening.id).where(*over, anybody.is_not(None)))).all()


async def forget_registrations(session: AsyncSession, evening_id: int) -> list[str]:
    """Forget some registrations with all that hangs on them; their streams, none when nobody is left.

    The journal keeps what happened, and no longer to whom.
    """
    some = select(Registration.id).where(Registration.open_evening_id == evening_id).limit(AT_ONCE)
    ids = list(await session.scalars(some))
    streams = [stream_of(registration_id) for registration_id in ids]
    for entry in await session.scalars(select(JournalEntry).where(JournalEntry.stream.in_(streams))):
        entry.stream = FORGOTTEN
        entry.details = {name: value for name, value in entry.details.items() if name not in LINKS}
    await session.execute(delete(Registration).where(Registration.id.in_(ids)))
    return streams


def months_before(now: datetime, months: int, zone: ZoneInfo) -> datetime:
    """The same local day and time some months ago, or the 28th where that month may be too short."""
    local = now.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, 28))
