"""One registration and what its person is told: facts go in, parsed messages come out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

import icalendar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.facts import MovedClosing, RegistrationFact
from engage.events.mail.messages import EveningMessages
from engage.events.models import Interest, OpenEvening, Registration, Vacancy
from engage.journal import JournalEntry, append
from engage.notify.models import OutboxMessage
from tests.factories import make_evening

HOSTILE = '<b>"Zoë" & \\ ,;:O\'Neil{{ 7 * 7 }}</b>'
THEN = {"starts_at": datetime(2027, 7, 1, 17, 30, tzinfo=UTC), "ends_at": datetime(2027, 7, 1, 18, 20, tzinfo=UTC)}


@dataclass
class Scene:
    """One registration, for the first sitting of two, and what its person is told."""

    session: AsyncSession
    messages: EveningMessages
    registration: Registration
    evening: OpenEvening
    now: datetime

    def fact(self, kind: type[RegistrationFact], **changed: Any) -> RegistrationFact:
        """A fact of that kind about the second sitting, at a time of its own."""
        slot_id = self.evening.slots[1].id
        usual: dict[str, Any] = {
            "registration_id": self.registration.id,
            "slot_id": slot_id,
            "sequence": 3,
            "has_reminders": True,
        }
        usual |= {"position": 4, "is_wish": False, "is_queued": False, "form": "one"} | THEN
        usual |= {"expires_at": self.now + timedelta(hours=5), "moved": (self.moved_closing(),)}
        usual |= {"held_until": self.registration.declined_until}
        return kind(**{name: value for name, value in (usual | changed).items() if name in kind.model_fields})

    def moved_closing(self) -> MovedClosing:
        """The first post closes two days later than before."""
        vacancy = self.evening.vacancies[0]
        return MovedClosing(vacancy_id=vacancy.id, old=vacancy.closes_at - timedelta(days=2), new=vacancy.closes_at)

    async def tell(self, *told: RegistrationFact, now: datetime | None = None) -> None:
        for fact in told:
            await append(self.session, fact, self.now)
            await self.session.flush()
            await self.hear_last(now=now)

    async def hear_last(self, now: datetime | None = None) -> None:
        entry = await self.session.scalar(select(JournalEntry).order_by(JournalEntry.id.desc()).limit(1))
        assert entry is not None
        await self.messages.hear(self.session, entry, now or self.now)

    async def outbox(self) -> Sequence[OutboxMessage]:
        return (await self.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))).all()

    async def told(self, kind: type[RegistrationFact], **changed: Any) -> EmailMessage:
        await self.tell(self.fact(kind, **changed))
        return parsed((await self.outbox())[-1])


async def make_scene(session: AsyncSession, messages: EveningMessages, now: datetime) -> Scene:
    evening = make_evening(2, 2, venue="Example House", address="1 Example Street\nLondon", accessibility=["Step-free"])
    evening.vacancies.append(Vacancy(key="past", title="Post long closed", closes_at=now - timedelta(days=1)))
    session.add(evening)
    await session.flush()
    registration = Registration(
        open_evening_id=evening.id,
        slot_id=evening.slots[0].id,
        uid="d2c6ae2e-4f10-4a5e-9fb6-3f2f28ab0d37",
        ticket_code="ABCD2345",
        form="form",
        email="Zoe@example.net",
        email_key="zoe@example.net",
        name=HOSTILE,
        status="confirmed",
        party=1,
        sequence=0,
        has_reminders=True,
        declined_until=now + timedelta(minutes=30),
        created_at=now,
        interests=[Interest(vacancy_id=vacancy.id, created_at=now) for vacancy in evening.vacancies],
    )
    session.add(registration)
    await session.flush()
    return Scene(session, messages, registration, evening, now)


def parsed(row: OutboxMessage) -> EmailMessage:
    assert row.content is not None
    message = message_from_bytes(row.content, policy=modern)
    assert message["Message-ID"] == row.message_id
    return message


def part(message: EmailMessage, subtype: str) -> str:
    (found,) = [each for each in message.walk() if each.get_content_type() == f"text/{subtype}"]
    return str(found.get_content())


def words(message: EmailMessage) -> str:
    """The text on one line, as it is read."""
    return " ".join(part(message, "plain").split())


def entry_of(message: EmailMessage) -> tuple[str, icalendar.Event]:
    calendar = icalendar.Calendar.from_ical(part(message, "calendar"))
    (event,) = calendar.events
    assert not event.errors
    return str(calendar["METHOD"]), event


def has_calendar(message: EmailMessage) -> bool:
    return any(each.get_content_type() == "text/calendar" for each in message.walk())
