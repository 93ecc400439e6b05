"""The consultation about a wave before it opens: begun, spoken in on the record, and what PCS says on the first page.

Functions take the session and never commit; the wave's row is locked by whoever calls them.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.bank_holidays import bank_holidays
from engage.errors import ConsultationOver, OutOfOrder
from engage.journal import append
from engage.people.models import RoleGrant
from engage.surveys import facts
from engage.surveys.consultations.record import GROUP_LEAD, PCS, WORKFORCE, Said, kinds_of, standing_objections
from engage.surveys.models import ConsultationEntry, Wave
from engage.surveys.waves import planning
from engage.surveys.waves.planning import UNOPENED

SPEAKS_ON = (*UNOPENED, "open")  # while people can still read PCS's words before they answer


async def begin(session: AsyncSession, wave: Wave, zone: ZoneInfo, now: datetime) -> None:
    """Ask PCS and the chairs: the ten working days begin, or begin anew since what is asked changed."""
    is_anew = wave.consultation_began_at is not None
    wave.status, wave.consultation_began_at = "consulting", now
    fact = facts.ConsultationBegan(
        wave_id=wave.id, ends_at=planning.consultation_ends_at(now, zone, bank_holidays()), is_anew=is_anew
    )
    await append(session, fact, now, "worker")


async def entries(session: AsyncSession, wave_id: int) -> Sequence[ConsultationEntry]:
    """The record, in the order in which it was said."""
    query = select(ConsultationEntry).where(ConsultationEntry.wave_id == wave_id).order_by(ConsultationEntry.id)
    return (await session.scalars(query)).all()


async def objections(session: AsyncSession, wave_id: int) -> list[str]:
    """The roles whose objection stands."""
    return standing_objections(said(await entries(session, wave_id)))


def said(record: Sequence[ConsultationEntry]) -> list[Said]:
    """The record as the rules read it."""
    return [Said(entry.role, entry.kind) for entry in record]


async def say(
    session: AsyncSession, wave: Wave, *, author: str, role: str, kind: str, text: str, now: datetime
) -> ConsultationEntry:
    """Put something on the record. Raises ConsultationOver, and OutOfOrder where that is not for the role to say."""
    if wave.status not in UNOPENED:
        raise ConsultationOver("The consultation about this wave is over. Nothing was added to the record.")
    if kind not in kinds_of(role, said(await entries(session, wave.id))):
        raise OutOfOrder("That is on the record already, or is not for your role to say. Nothing was added.")
    entry = ConsultationEntry(wave_id=wave.id, author=author, role=role, kind=kind, text=text, said_at=now)
    session.add(entry)
    await session.flush()
    await append(session, facts.SaidInConsultation(wave_id=wave.id, entry_id=entry.id), now, role)
    return entry


def word_for_union(wave: Wave, words: str) -> None:
    """Keep PCS's own words for the first page, unedited; empty takes them back. Raises ConsultationOver."""
    if wave.status not in SPEAKS_ON:
        raise ConsultationOver("This wave takes no more answers, so its first page is no longer read.")
    wave.union_words = words.strip() or None


async def consulted(session: AsyncSession, *, with_chairs: bool = True) -> Sequence[str]:
    """The addresses of those who take part in consultations; without the chairs, of those who prepare them."""
    is_chair = RoleGrant.role.startswith(GROUP_LEAD) if with_chairs else false()
    is_consulted = or_(RoleGrant.role.in_((WORKFORCE, PCS)), is_chair)
    query = select(func.distinct(RoleGrant.email)).where(is_consulted).order_by(RoleGrant.email)
    return (await session.scalars(query)).all()
