"""What those who are consulted see of a wave, put together from the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.bank_holidays import bank_holidays
from engage.errors import NotFound
from engage.people.models import Staff
from engage.surveys.consultations.consultation import entries, said
from engage.surveys.consultations.record import role_title, standing_objections
from engage.surveys.follow_up.action_models import CutRequest
from engage.surveys.follow_up.cuts import unanswered
from engage.surveys.groups import DIRECTORY_FAMILIES, Group, groups_of
from engage.surveys.models import ConsultationEntry, Questionnaire, RosterEntry, Trustee, Wave
from engage.surveys.questionnaires.file import needed_of
from engage.surveys.questionnaires.questionnaire import Difference, differences
from engage.surveys.questionnaires.questionnaire import Questionnaire as Version
from engage.surveys.questionnaires.versions import version_of
from engage.surveys.waves import opening, planning
from engage.surveys.waves.forecast import FamilyForecast, forecast
from engage.surveys.waves.planning import UNOPENED


@dataclass(frozen=True, slots=True)
class Custodian:
    """A trustee, and whether they have enrolled."""

    email: str
    is_enrolled: bool


@dataclass(frozen=True, slots=True)
class ConsultationView:
    """``differences`` are those to the questionnaire of the last wave, ``has_earlier`` tells whether there was one.

    ``last_day`` is the last moment of the ten working days, ``opens_at`` when the wave opens by itself; both None
    before the consultation has begun. ``obstacles`` stand in the way of that. ``people`` are all that are asked.
    ``wishes`` are those for other groups that nobody has answered.
    """

    wave: Wave
    questionnaire: Version
    has_earlier: bool
    differences: list[Difference]
    families: list[FamilyForecast]
    people: int
    custodians: list[Custodian]
    shares_needed: int | None
    last_day: datetime | None
    opens_at: datetime | None
    obstacles: list[str]
    objectors: list[str]
    record: Sequence[ConsultationEntry]
    wishes: Sequence[CutRequest]
    is_open_for_comment: bool


async def waves_to_see(session: AsyncSession) -> Sequence[Wave]:
    """All waves, the newest first."""
    return (await session.scalars(select(Wave).order_by(Wave.opens_at.desc(), Wave.id))).all()


async def view_of(session: AsyncSession, key: str, zone: ZoneInfo, now: datetime) -> ConsultationView:
    """The wave of that key as it is consulted about. Raises NotFound."""
    wave = await session.scalar(select(Wave).where(Wave.key == key).options(joinedload(Wave.questionnaire)))
    if wave is None:
        raise NotFound("There is no such wave.")
    version, earlier = version_of(wave.questionnaire), await _earlier(session, wave)
    groups, people = await _directory(session, wave)
    record, is_unopened = await entries(session, wave.id), wave.status in UNOPENED
    in_the_way = await opening.obstacles(session, wave, zone, now) if is_unopened else []
    began_at = wave.consultation_began_at
    return ConsultationView(
        wave=wave,
        questionnaire=version,
        has_earlier=earlier is not None,
        differences=differences(earlier, version) if earlier else [],
        families=forecast(wave.families, groups, version.families, wave.threshold),
        people=people,
        custodians=await _custodians(session, wave),
        shares_needed=needed_of(wave.trustees, wave.shares_needed),
        last_day=_last_day(began_at, zone) if began_at else None,
        opens_at=planning.opening_at(wave.opens_at, began_at, zone, bank_holidays()) if began_at else None,
        obstacles=[each.text for each in in_the_way],
        objectors=[role_title(role) for role in standing_objections(said(record))],
        record=record,
        wishes=await unanswered(session) if is_unopened else (),
        is_open_for_comment=is_unopened,
    )


def _last_day(began_at: datetime, zone: ZoneInfo) -> datetime:
    return planning.consultation_ends_at(began_at, zone, bank_holidays()) - planning.A_MOMENT


async def _earlier(session: AsyncSession, wave: Wave) -> Version | None:
    """What the last wave before this one asked, of the same questionnaire."""
    query = (
        select(Wave)
        .join(Wave.questionnaire)
        .where(Questionnaire.key == wave.questionnaire.key, Wave.id != wave.id, Wave.opened_at.is_not(None))
        .options(joinedload(Wave.questionnaire))
        .order_by(Wave.opened_at.desc())
    )
    if wave.opened_at is not None:
        query = query.where(Wave.opened_at < wave.opened_at)
    earlier = await session.scalar(query.limit(1))
    return version_of(earlier.questionnaire) if earlier else None


async def _directory(session: AsyncSession, wave: Wave) -> tuple[dict[str, list[Group]], int]:
    """The groups of the directory by family, before the opening as they are today, and how many people are in all."""
    query = select(Staff.directorate, Staff.grade).where(Staff.left_at.is_(None))
    if wave.status not in UNOPENED:
        query = select(RosterEntry.directorate, RosterEntry.grade).where(RosterEntry.wave_id == wave.id)
    people = (await session.execute(query)).all()
    titles = zip(*people, strict=True) if people else ((), ())
    return {family: groups_of(each) for family, each in zip(DIRECTORY_FAMILIES, titles, strict=True)}, len(people)


async def _custodians(session: AsyncSession, wave: Wave) -> list[Custodian]:
    enrolled = set(await session.scalars(select(Trustee.email).where(Trustee.email.in_(wave.trustees))))
    return [Custodian(email, is_enrolled=email in enrolled) for email in wave.trustees]
