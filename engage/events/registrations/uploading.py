"""Registering the people of a file, all of them or nobody. Functions run under the evening's lock and never commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import PeopleChanged
from engage.events import rules
from engage.events.models import OpenEvening, Registration
from engage.events.organiser_facts import PeopleUploaded
from engage.events.registrations.applications import Application, form_of
from engage.events.registrations.receipts import are_answered
from engage.events.registrations.registering import register_all
from engage.events.registrations.uploaded import Row
from engage.journal import append
from engage.tokens import Tokens

CHANGED = "Somebody registered meanwhile, or the open evening changed, so nobody was registered. Check the new numbers."


@dataclass(frozen=True, slots=True)
class Outlook:
    """What registering the rows would come to: who is ``new``, and how many of them get what."""

    new: Sequence[Row]
    known: int
    placed: int
    queued: int

    @property
    def subscribed(self) -> int:
        return len(self.new) - self.placed - self.queued

    @property
    def version(self) -> str:
        """As a form carries it."""
        return f"{len(self.new)} {self.known} {self.placed} {self.queued}"

    @classmethod
    async def of(cls, session: AsyncSession, evening: OpenEvening, rows: Sequence[Row]) -> Self:
        """One statement, whatever the number of rows."""
        standing = select(Registration.email_key).where(
            Registration.open_evening_id == evening.id,
            Registration.email_key.in_([row.email.lower() for row in rows]),
            Registration.status.in_({*rules.LIVE, "subscribed"}),
        )
        known = set(await session.scalars(standing))
        new = [row for row in rows if row.email.lower() not in known]
        free = {slot.id: slot.seats_left for slot in evening.slots}
        waiting = {slot.id: slot.waiting for slot in evening.slots}
        placed = queued = 0
        for slot_id in (row.slot.id for row in new if row.slot is not None):
            if rules.has_room(free[slot_id], waiting[slot_id], 1):
                free[slot_id], placed = free[slot_id] - 1, placed + 1
            else:
                waiting[slot_id], queued = waiting[slot_id] + 1, queued + 1
        return cls(new, len(rows) - len(new), placed, queued)


async def upload(
    session: AsyncSession,
    evening: OpenEvening,
    rows: Sequence[Row],
    form: str,
    version: str,
    tokens: Tokens,
    now: datetime,
) -> int:
    """Register everybody who is new, by the form that showed that ``version`` of the outlook; how many they were.

    A form that comes twice registers once. Raises PeopleChanged, RegistrationClosed, NotFound.
    """
    applications = [_application(evening, row, form, tokens) for row in rows]
    if done := await are_answered(session, applications):
        return len(done)
    if not _has_all(evening, rows):
        raise PeopleChanged(CHANGED)
    outlook = await Outlook.of(session, evening, rows)
    if outlook.version != version:
        raise PeopleChanged(CHANGED)
    new = {row.email for row in outlook.new}
    answers = await register_all(session, [(each, now) for each in applications if each.email in new])
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    await append(session, PeopleUploaded(open_evening_id=evening.id, count=len(answers)), now)
    return len(answers)


def _has_all(evening: OpenEvening, rows: Sequence[Row]) -> bool:
    """Whether the sittings and posts of the rows are there still."""
    slots, posts = {slot.id for slot in evening.slots}, {post.id for post in evening.vacancies}
    return all((row.slot is None or row.slot.id in slots) and row.details.vacancy_ids <= posts for row in rows)


def _application(evening: OpenEvening, row: Row, form: str, tokens: Tokens) -> Application:
    email_key = row.email.lower()
    return Application(
        open_evening_id=evening.id,
        slot_id=row.slot.id if row.slot else None,
        email=row.email,
        email_key=email_key,
        details=row.details,
        form=form_of(tokens, evening, form, email_key),
    )
