"""The opening of a wave: what stands in its way, and the freezing of whom and what it asks. Functions never commit."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.bank_holidays import bank_holidays
from engage.errors import ConsultationUnfinished, WaveNotReady, WaveOver
from engage.journal import append
from engage.people.models import Staff
from engage.settings import Settings
from engage.surveys import facts
from engage.surveys.consultations.consultation import objections
from engage.surveys.consultations.record import role_title
from engage.surveys.keys import custody
from engage.surveys.models import KeyShare, Questionnaire, RosterEntry, Trustee, Wave
from engage.surveys.questionnaires.file import needed_of
from engage.surveys.waves import planning
from engage.surveys.waves.planning import UNOPENED
from engage.wording import date as worded_date
from engage.wording import plural

FROZEN = ("staff_id", "email", "name", "directorate", "grade")


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something in the way of an opening; a published reason goes past it only where it ``yields_to_reason``."""

    text: str
    yields_to_reason: bool = False


async def obstacles(session: AsyncSession, wave: Wave, zone: ZoneInfo, now: datetime) -> list[Obstacle]:
    """What stands in the way of opening a wave that has not been opened, the gravest first."""
    found = [Obstacle(text) for text in await _lacks(session, wave, now)]
    if wave.consultation_began_at is None:
        found.append(Obstacle("the consultation has not begun", yields_to_reason=True))
    elif now < (ends_at := planning.consultation_ends_at(wave.consultation_began_at, zone, bank_holidays())):
        text = f"the consultation runs until the end of {worded_date(ends_at - planning.A_MOMENT, zone)}"
        found.append(Obstacle(text, yields_to_reason=True))
    standing = await objections(session, wave.id)
    return found + [Obstacle(f"an objection stands: {role_title(role)}", yields_to_reason=True) for role in standing]


async def open_wave(
    session: AsyncSession, wave: Wave, settings: Settings, now: datetime, *, reason: str | None = None
) -> bool:
    """Freeze the roster and the questionnaire, make the keys, and let invitations go out; False where it is open.

    Raises WaveOver, WaveNotReady, and ConsultationUnfinished without a reason where one is needed.
    """
    if wave.status == "open":
        return False
    if wave.status not in UNOPENED:
        raise WaveOver(f"{wave.key} is {wave.status} and cannot be opened again.")
    in_the_way = await obstacles(session, wave, settings.zone, now)
    is_all_the_same = _refuse(wave, in_the_way, reason)
    wave.status, wave.opened_at, wave.opening_reason = "open", now, reason if is_all_the_same else None
    (await session.get_one(Questionnaire, wave.questionnaire_id)).is_frozen = True
    wave.invited = await _freeze(session, wave)
    await _make_keys(session, wave, settings)
    fact = facts.WaveOpened(
        wave_id=wave.id, opens_at=wave.opens_at, closes_at=wave.closes_at, is_all_the_same=is_all_the_same
    )
    await append(session, fact, now, "worker")
    return True


async def add_joiners(session: AsyncSession, wave: Wave, now: datetime) -> int:
    """Ask those too who joined since the opening, with the groups of today; how many. Raises WaveNotReady, WaveOver."""
    if wave.status in UNOPENED:
        raise WaveNotReady(f"{wave.key} has not opened; whoever is in the directory then will be asked.")
    if wave.status != "open":
        raise WaveOver(f"{wave.key} is {wave.status}; nobody can be asked any more.")
    last = select(func.coalesce(func.max(RosterEntry.id), 0)).where(RosterEntry.wave_id == wave.id)
    after_id = await session.scalar(last) or 0
    count = await _freeze(session, wave)
    if count:
        wave.invited += count
        await append(session, facts.JoinersAdded(wave_id=wave.id, after_id=after_id, count=count), now, "worker")
    return count


async def _lacks(session: AsyncSession, wave: Wave, now: datetime) -> list[str]:
    """What no reason can make up for."""
    lacks = []
    if now >= wave.closes_at:
        lacks.append("its close has passed; load it with a later one")
    if not await session.scalar(select(Staff.id).where(Staff.left_at.is_(None)).limit(1)):
        lacks.append("the staff directory is empty; import it first with: engage staff import FILE.csv")
    enrolled = set(await session.scalars(select(Trustee.email).where(Trustee.email.in_(wave.trustees))))
    missing = [trustee for trustee in wave.trustees if trustee not in enrolled]
    if missing:
        lacks.append(f"{plural(len(missing), 'trustee has', 'trustees have')} not enrolled yet: {', '.join(missing)}")
    return lacks


def _refuse(wave: Wave, in_the_way: list[Obstacle], reason: str | None) -> bool:
    """Whether the wave opens all the same."""
    lacks = [each.text for each in in_the_way if not each.yields_to_reason]
    if lacks:
        raise WaveNotReady(f"{wave.key} cannot be opened: {'; '.join(lacks)}.")
    if in_the_way and not reason:
        texts = "; ".join(each.text for each in in_the_way)
        raise ConsultationUnfinished(
            f"{wave.key} was not opened: {texts}. Opening it all the same needs a reason, which is published."
        )
    return bool(in_the_way)


async def _make_keys(session: AsyncSession, wave: Wave, settings: Settings) -> None:
    """Random keys for this wave; with trustees no half of them that opens anything is kept in one place."""
    found = await session.scalars(select(Trustee).where(Trustee.email.in_(wave.trustees)).order_by(Trustee.email))
    trustees = {trustee.email: trustee.public_key for trustee in found}
    wave.shares_needed = needed_of(wave.trustees, wave.shares_needed)
    keys = custody.make_keys(settings.secret_key, wave.key, trustees, wave.shares_needed)
    wave.public_key, wave.wrapped_link_key = keys.public_key, keys.wrapped_link_key
    wave.wrapped_private_key = keys.wrapped_private_key
    session.add_all(KeyShare(wave_id=wave.id, email=email, sealed=sealed) for email, sealed in keys.shares.items())


async def _freeze(session: AsyncSession, wave: Wave) -> int:
    """Put everybody who is here and not yet on the roster on it; how many."""
    await session.flush()
    await session.execute(insert(RosterEntry).from_select(["wave_id", *FROZEN], _here(wave)))
    count = select(func.count()).where(RosterEntry.wave_id == wave.id)
    return (await session.scalar(count) or 0) - wave.invited


def _here(wave: Wave) -> Select[int, int, str, str, str, str]:
    on_roster = select(RosterEntry.staff_id).where(RosterEntry.wave_id == wave.id)
    columns = (Staff.id, Staff.email, Staff.name, Staff.directorate, Staff.grade)
    query = select(literal(wave.id), *columns).where(Staff.left_at.is_(None), Staff.id.not_in(on_roster))
    return query.order_by(Staff.id)
