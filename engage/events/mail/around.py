"""Messages around an evening: "are you still coming?" before each sitting, thanks and materials after the last one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, String, cast, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.events import finding, listing, rules
from engage.events.facts import stream_of
from engage.events.mail.correspondence import Correspondence, open_posts
from engage.events.models import AskedQuestion, Interest, OpenEvening, Registration, Slot, Vacancy
from engage.events.registrations.releasing import ASKED, SAID_THEY_COME
from engage.events.timetable import Timetable, furthest, timetable_of
from engage.notify import rounds
from engage.notify.rounds import Prepared, Round
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

THANKED = "Thanks"
THANKED_WITHIN = timedelta(days=14)  # a worker that comes later than that thanks nobody any more
THANKS = "thanks:"  # with an evening's id the key of its round
WITHOUT_PLACE = frozenset({"subscribed", "waiting", "offered", "lapsed"})


async def plan(database: Database, unit_of_work: UnitOfWork, correspondence: Correspondence, now: datetime) -> int:
    """Make what is due around evenings; the number of messages made."""
    zone = correspondence.settings.zone
    async with database.reading() as session:
        sittings = await _sittings_to_ask(session, zone, now)
        evenings = await _evenings_to_thank(session, zone, now)
    due = [_Asking(correspondence, slot, now).round() for slot in sittings]
    due += [_Thanking(correspondence, evening, now).round() for evening in evenings]
    return await rounds.run_all(due, database, unit_of_work, now)


async def _sittings_to_ask(session: AsyncSession, zone: ZoneInfo, now: datetime) -> list[Slot]:
    query = (
        select(Slot)
        .join(Slot.open_evening)
        .where(OpenEvening.status == "published")
        .where(Slot.starts_at > now, Slot.starts_at <= now + furthest("coming_hours_before"))
        .order_by(Slot.starts_at, Slot.id)
        .options(joinedload(Slot.open_evening))
    )
    slots = (await session.scalars(query)).all()
    return [slot for slot in slots if timetable_of(slot.open_evening.timing, zone).coming_at(slot.starts_at) <= now]


async def _evenings_to_thank(session: AsyncSession, zone: ZoneInfo, now: datetime) -> list[OpenEvening]:
    """Those over for so short a time that they may still be thanked, and not thanked yet."""
    is_thanked = rounds.is_made(literal(THANKS) + cast(OpenEvening.id, String))
    since = now - furthest("thanks_hours_after") - THANKED_WITHIN
    query = listing.past(now, ("published",)).query.where(Slot.ends_at > since, ~is_thanked)
    over = (await session.scalars(query)).all()
    due = [timetable_of(each.timing, zone).thanks_at(max(slot.ends_at for slot in each.slots)) for each in over]
    return [each for each, due_at in zip(over, due, strict=True) if due_at <= now < due_at + THANKED_WITHIN]


@dataclass(frozen=True, slots=True)
class _Asking:
    """Ask everybody who has a place in the sitting at that time, once; who takes one later is coming."""

    correspondence: Correspondence
    slot: Slot
    now: datetime

    def round(self) -> Round:
        return Round(
            key=self._key,
            prepare=self.prepare,
            note=self.note,
            locks=[(OpenEvening, self.slot.open_evening_id)],
        )

    @property
    def _key(self) -> str:
        return f"coming:{self.slot.id}:{self._hours.coming_at(self.slot.starts_at).timestamp():.0f}"

    async def prepare(self, session: AsyncSession, after: int, limit: int) -> tuple[int | None, Sequence[Prepared]]:
        here = _registrations(after, limit).where(Registration.slot_id == self.slot.id)
        found = (await session.scalars(here.where(Registration.status == "confirmed"))).all()
        return _last(found, limit), [self._message(registration) for registration in found]

    async def note(self, session: AsyncSession, prepared: Sequence[Prepared]) -> None:
        """Only those who were told in time, by when to answer, can lose their place for want of an answer."""
        if self._release_at is None:
            return
        ids = [each.recipient_id for each in prepared]
        query = select(Registration).where(Registration.id.in_(ids), Registration.slot_id == self.slot.id)
        for registration in await session.scalars(query.where(Registration.status == "confirmed")):
            registration.asked_at = self.now

    @property
    def _hours(self) -> Timetable:
        return timetable_of(self.slot.open_evening.timing, self.correspondence.settings.zone)

    @property
    def _release_at(self) -> datetime | None:
        """From when on the place may be offered on; None where it is too late to say so."""
        asked_at = self._hours.coming_at(self.slot.starts_at)
        release_at = self._hours.release_at(self.slot.starts_at)
        return release_at if self.now <= asked_at + (release_at - asked_at) / 2 else None

    def _message(self, registration: Registration) -> Prepared:
        message = self.correspondence.try_to_write(
            "coming_asked",
            registration,
            key=f"{self._key}:{registration.id}",
            now=self.now,
            release_at=self._release_at,
            is_coming=registration.attendance in SAID_THEY_COME,
        )
        details = {"slot_id": self.slot.id, "until": self.slot.starts_at.isoformat()}
        return Prepared(registration.id, message, ASKED, stream_of(registration.id), details)


@dataclass(frozen=True, slots=True)
class _Thanking:
    """Thank everybody who registered and did not cancel, once, in the same words whoever came."""

    correspondence: Correspondence
    evening: OpenEvening
    now: datetime

    def round(self) -> Round:
        return Round(key=f"{THANKS}{self.evening.id}", prepare=self.prepare)

    async def prepare(self, session: AsyncSession, after: int, limit: int) -> tuple[int | None, Sequence[Prepared]]:
        everybody = _registrations(after, limit).where(Registration.open_evening_id == self.evening.id)
        found = (await session.scalars(everybody.where(Registration.status.in_(rules.PLACED | WITHOUT_PLACE)))).all()
        if not found:
            return None, []
        hints = await self._hints(session)
        answered = await finding.answered_questions(session, self.evening)
        return _last(found, limit), [self._message(each, hints, answered) for each in found]

    async def _hints(self, session: AsyncSession) -> list[str]:
        """What helps with the forms of posts that are open still, each hint once."""
        still_open = select(Vacancy).where(Vacancy.open_evening_id == self.evening.id, Vacancy.closes_at > self.now)
        posts = await session.scalars(still_open.order_by(Vacancy.closes_at, Vacancy.id))
        return list(dict.fromkeys(hint["text"] for post in posts for hint in post.hints if hint["stage"] == "form"))

    def _message(self, registration: Registration, hints: list[str], answered: list[AskedQuestion]) -> Prepared:
        posts = open_posts(registration, self.now) if registration.has_reminders else []
        message = self.correspondence.try_to_write(
            "thanks",
            registration,
            key=f"{THANKS}{self.evening.id}:{registration.id}",
            now=self.now,
            is_unsubscribable=bool(posts),
            posts=posts,
            has_place=registration.status in rules.PLACED,
            hints=hints,
            answered=answered,
        )
        return Prepared(registration.id, message, THANKED, stream_of(registration.id))


def _registrations(after: int, limit: int) -> Select[Registration]:
    return (
        select(Registration)
        .where(Registration.id > after)
        .order_by(Registration.id)
        .limit(limit)
        .options(
            joinedload(Registration.open_evening),
            selectinload(Registration.interests).joinedload(Interest.vacancy),
        )
    )


def _last(found: Sequence[Registration], limit: int) -> int | None:
    return found[-1].id if len(found) == limit else None
