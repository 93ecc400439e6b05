"""Access needs: who arranges them, by when, and what the person is told. Functions run under the evening's lock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, cast, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from engage.errors import NeedChanged, NeedUnready
from engage.events import rules
from engage.events.evenings.editing import Editor
from engage.events.facts import EveningFact, stream_of
from engage.events.mail.correspondence import Correspondence
from engage.events.models import ACCESS_NEEDS, AccessNeed, Interest, OpenEvening, Registration, Slot
from engage.events.need_rules import ANSWERED, LEFT_TO_DO, NEXT, TOLD, due_on, is_to_be_reminded
from engage.events.organiser_facts import NeedMoved
from engage.journal import JournalEntry, append
from engage.notify import rounds
from engage.notify.outbox import put
from engage.notify.rounds import Prepared, Round
from engage.people.models import RoleGrant
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

ROLE = "access"
DUE = "NeedsDue"
MORNING = time(9)
REMINDED = "needs:"  # with an evening's id and the day the key of its round


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What whoever arranges it says of a need."""

    state: str
    owner: str | None
    due_on: date | None
    answer: str | None


def needs_of(evening_id: int) -> Select[AccessNeed]:
    """The needs of those who come or may come yet, with whose they are."""
    query = select(AccessNeed).join(Registration).where(Registration.open_evening_id == evening_id)
    whose = joinedload(AccessNeed.registration).joinedload(Registration.slot)
    return query.where(Registration.status.in_(rules.LIVE)).options(whose)


async def owners(session: AsyncSession) -> list[str]:
    """Who can arrange needs: the addresses of those who hold the role, in order."""
    return list(await session.scalars(select(RoleGrant.email).where(RoleGrant.role == ROLE).order_by(RoleGrant.email)))


async def arrange(
    session: AsyncSession, evening: OpenEvening, need: AccessNeed, wanted: Arrangement, version: str, editor: Editor
) -> None:
    """Take over what was said; a second time is none. Raises NeedChanged, NeedUnready."""
    stored = Arrangement(need.state, need.owner, need.due_on, need.answer)
    if wanted == stored:
        return
    if version != version_of(need):
        raise NeedChanged(
            "Somebody else changed this meanwhile, so nothing was saved. Check it below, then save again."
        )
    if wanted.state != need.state and wanted.state not in NEXT[need.state]:
        raise NeedUnready("Choose one of the next steps.")
    if wanted.state == "refused" and not wanted.answer:
        raise NeedUnready("Write what the person is told: why it cannot be met, and what you can do instead.")
    is_moved = wanted.state != need.state
    need.state, need.owner, need.due_on, need.answer = wanted.state, wanted.owner, wanted.due_on, wanted.answer
    if is_moved:
        moved = NeedMoved(open_evening_id=evening.id, need_id=need.id, state=need.state)
        await append(session, moved, editor.now, editor.actor)


def version_of(need: AccessNeed) -> str:
    """Another one where anything of the need changed, the person's own words too."""
    said = (need.state, need.owner, need.due_on, need.answer, need.note)
    return sha256(repr(said).encode()).hexdigest()[:16]


def due_day(evening: OpenEvening, need: AccessNeed, zone: ZoneInfo) -> date:
    """By when the need has to be arranged; the evening has a sitting, for somebody is registered."""
    return due_on(need.kind, evening.ask_by, need.due_on, evening.slots[0].starts_at.astimezone(zone).date())


class NeedMessages:
    """The journal's subscriber "need_messages": tells the person what became of what they need."""

    def __init__(self, correspondence: Correspondence) -> None:
        self._correspondence = correspondence

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        """Nothing is told where the need is gone, or is not any more as the fact has it."""
        fact = NeedMoved.model_validate(entry.details)
        whose = joinedload(AccessNeed.registration)
        query = select(AccessNeed).where(AccessNeed.id == fact.need_id, AccessNeed.state == fact.state)
        loaded = query.options(
            whose.joinedload(Registration.open_evening),
            whose.selectinload(Registration.interests).joinedload(Interest.vacancy),
        )
        need = (await session.scalars(loaded)).one_or_none()
        if need is None or need.state not in TOLD:
            return
        message = self._correspondence.write(
            "need_answered",
            need.registration,
            key=f"need:{entry.id}",
            now=now,
            title=ACCESS_NEEDS[need.kind],
            answer=need.answer,
            is_met=need.state == "confirmed",
        )
        await put(session, message, kind=ANSWERED, stream=stream_of(need.registration_id), now=now)


async def plan(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> int:
    """Remind of the needs that are due, once a day for each evening and owner; the number of messages made."""
    local = now.astimezone(correspondence.settings.zone)
    if local.time() < MORNING:
        return 0
    async with database.reading() as session:
        evenings = (await session.scalars(_left_today(now, local.date()))).all()
    due = [
        Round(f"{REMINDED}{evening.id}:{local.date()}", partial(_prepare, correspondence, evening, now))
        for evening in evenings
    ]
    return await rounds.run_all(due, database, unit_of_work, now)


def _left_today(now: datetime, today: date) -> Select[OpenEvening]:
    """The evenings ahead with needs left to deal with, of which nobody was reminded today: found by those needs."""
    left = select(Registration.open_evening_id).join(AccessNeed).where(AccessNeed.state.in_(LEFT_TO_DO))
    is_ahead = exists().where(Slot.open_evening_id == OpenEvening.id, Slot.ends_at > now)
    is_told = rounds.is_made(literal(REMINDED) + cast(OpenEvening.id, String) + literal(f":{today}"))
    found = select(OpenEvening).where(OpenEvening.id.in_(left.where(Registration.status.in_(rules.LIVE))))
    return found.where(OpenEvening.status == "published", is_ahead, ~is_told).order_by(OpenEvening.id)


async def _prepare(
    correspondence: Correspondence, evening: OpenEvening, now: datetime, session: AsyncSession, after: int, limit: int
) -> tuple[int | None, Sequence[Prepared]]:
    zone = correspondence.settings.zone
    today, holders = now.astimezone(zone).date(), await owners(session)
    found = (await session.scalars(needs_of(evening.id).where(AccessNeed.state.in_(LEFT_TO_DO)))).all()
    due = [need for need in found if is_to_be_reminded(need.state, due_day(evening, need, zone), today)]
    counts = {holder: sum(need.owner == holder or need.owner not in holders for need in due) for holder in holders}
    return None, [
        _reminder(correspondence, evening, holder, count, now, f"{REMINDED}{evening.id}:{today}:{holder}")
        for holder, count in counts.items()
        if count
    ]


def _reminder(
    correspondence: Correspondence, evening: OpenEvening, holder: str, count: int, now: datetime, key: str
) -> Prepared:
    """It says how many, and neither of whom nor what."""
    link = f"{correspondence.settings.base_url}/console/evenings/{evening.slug}/needs"
    message = correspondence.to_staff("needs_due", holder, key=key, now=now, evening=evening, count=count, link=link)
    return Prepared(0, message, DUE, EveningFact(open_evening_id=evening.id).stream)
