"""People who want to be reminded of closing dates, the worker's ticks, and what lies in the outbox after them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage import journal
from engage.events.mail import reminders
from engage.events.mail.checks import checks
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.messages import EveningMessages
from engage.events.mail.reminder_letters import ReminderLetters
from engage.events.mail.reminders import with_posts
from engage.events.models import Interest, OpenEvening, Registration, Slot, Vacancy
from engage.events.registrations import booking
from engage.events.registrations.attending import say_applied, stop_reminders
from engage.journal import Subscriber
from engage.notify.claims import Claim, Settlement, Truth, claim, settle
from engage.notify.models import OutboxMessage
from engage.notify.outbox import put_rows
from engage.notify.retry import Outcome, Step, Verdict
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.loader import EVENING, Loader
from tests.told import parsed, words

Row = TypeVar("Row", Registration, OutboxMessage)
LONDON = ZoneInfo("Europe/London")
LEASE = timedelta(minutes=3)
SECOND_POST = """
[[open_evening.vacancy]]
key = "manager"
title = "Manager"
closes = 2027-03-08T12:00:00
"""
CLOSES = "2027-03-14T23:59"  # of the first post: its reminders come on 7 and 13 March
WEEK_BEFORE, DAY_BEFORE = "2027-03-07T09:00", "2027-03-13T09:00"
TWO_POSTS = EVENING + SECOND_POST
FULL_POST = """
[[open_evening.vacancy]]
key = "manager"
title = "Manager & <Leader>"
grade = "3"
closes = 2027-03-14T12:00:00
apply_url = "https://jobs.example.org/manager?a=1&b=2"
description_url = "https://jobs.example.org/manager"
contact = "jobs@example.org"
help_hours = "Monday to Friday, 9am to 5pm"
form_parts = [{title = "Employment history", maps_to = "Experience in the job description"}]
tests = [{title = "Briefing", assesses = ["Writing", "Analysis"]}]
hints = [{stage = "form", text = "Give examples."}, {stage = "interview", text = "Smile."}]
"""


def local(text: str) -> datetime:
    """An instant by the clock on the wall in London."""
    return datetime.fromisoformat(text).replace(tzinfo=LONDON).astimezone(UTC)


@dataclass
class Reminding:
    """A loaded evening, whose people are put where a test wants them."""

    loader: Loader
    correspondence: Correspondence

    @property
    def database(self) -> Database:
        return self.loader.database

    @property
    def unit_of_work(self) -> UnitOfWork:
        return self.loader.unit_of_work

    async def load(self, text: str, at: str | None = None) -> None:
        await self.loader.load(text, now=local(at) if at else self.loader.now)

    async def move(self, text: str, old: str, new: str, at: str) -> None:
        """Load the evening with another closing, and tell whom it touches."""
        await self.load(text.replace(old, new), at)
        await self.follow(at)

    async def follow(self, at: str) -> None:
        """Make the messages about what happened."""
        subscribers = {
            "messages": Subscriber(EveningMessages(self.correspondence.settings, self.correspondence.tokens).hear)
        }
        while await journal.follow(self.database, self.unit_of_work, subscribers, local(at), datetime.now(UTC)):
            pass

    async def join(
        self,
        email: str,
        posts: Iterable[str] = ("caseworker",),
        *,
        at: str = "2027-02-03T12:00",
        status: str = "confirmed",
        has_reminders: bool = True,
    ) -> int:
        """Somebody registered then, and wants to hear of these posts; the id of the registration."""
        (number,) = await self.join_many([email], posts, at=at, status=status, has_reminders=has_reminders)
        return number

    async def join_many(
        self,
        emails: Sequence[str],
        posts: Iterable[str] = ("caseworker",),
        *,
        at: str = "2027-02-03T12:00",
        status: str = "confirmed",
        has_reminders: bool = True,
    ) -> list[int]:
        evening = await self.loader.evening()
        chosen = [vacancy.id for vacancy in evening.vacancies if vacancy.key in set(posts)]
        known = len(await self._every(Registration))
        made = [
            Registration(
                open_evening_id=evening.id,
                slot_id=None if status == "subscribed" else evening.slots[0].id,
                uid=f"uid-{email}",
                ticket_code=f"{number:08}",
                form="form",
                email=email,
                email_key=email.lower(),
                name=f"Somebody {number}",
                status=status,
                party=1,
                has_reminders=has_reminders,
                created_at=local(at),
                interests=[Interest(vacancy_id=vacancy_id, created_at=local(at)) for vacancy_id in chosen],
            )
            for number, email in enumerate(emails, start=known)
        ]

        async def command(session: AsyncSession) -> None:
            session.add_all(made)
            if status == "confirmed":  # in a sitting that has room for everybody
                slot = await session.get_one(Slot, evening.slots[0].id)
                slot.capacity, slot.held = slot.capacity + len(made), slot.held + len(made)

        await self.unit_of_work.run(command)
        return [registration.id for registration in made]

    async def choose(self, number: int, post: str, at: str) -> None:
        """Somebody wants to hear of one post more from then on."""
        vacancy = await self.vacancy(post)

        async def command(session: AsyncSession) -> None:
            session.add(Interest(registration_id=number, vacancy_id=vacancy.id, created_at=local(at)))

        await self.unit_of_work.run(command)

    async def plan(self, at: str, *, database: Database | None = None, unit_of_work: UnitOfWork | None = None) -> int:
        """One tick of a worker at that local time; the number of reminders made."""
        return await reminders.plan(
            database or self.database, unit_of_work or self.unit_of_work, self.correspondence, local(at)
        )

    async def act(self, number: int, what: str, at: str = "2027-03-07T10:00") -> None:
        """Let somebody stop the reminders, cancel (and stop), or say that they have applied for the post named."""

        async def command(session: AsyncSession) -> None:
            registration = await booking.load(session, number)
            if what == "stop":
                await stop_reminders(session, registration, local(at))
            elif what.startswith("cancel"):
                await booking.cancel(session, registration, local(at), is_stop=what == "cancel and stop")
            else:
                await say_applied(session, registration, what, local(at))

        evening = await self.loader.evening()
        await self.unit_of_work.run(command, locks=[(OpenEvening, evening.id)])

    async def claim(self, at: str) -> Claim:
        """What a worker takes to send at that local time; it holds it from then on."""
        truth = Truth(checks(self.correspondence), local(at))
        return await self.unit_of_work.run(partial(claim, now=datetime.now(UTC), lease=LEASE, limit=500, truth=truth))

    async def send(self, at: str) -> list[str]:
        """Claim and let the relay take what is true at that local time; to whom."""
        claimed, now = (await self.claim(at)).messages, datetime.now(UTC)
        accepted, step = Outcome(Verdict.ACCEPTED, 250, "Taken"), Step("sent", 1, now)
        settlements = [Settlement(message, accepted, step, now) for message in claimed]
        await self.unit_of_work.run(partial(settle, settlements=settlements))
        return [message.envelope.recipient for message in claimed]

    async def put(self, number: int, posts: Iterable[str], at: str) -> None:
        """A reminder of these posts, made now, as a worker that knows of no other would put it."""
        vacancies = [await self.vacancy(post) for post in posts]

        async def command(session: AsyncSession) -> None:
            query = with_posts(select(Registration).where(Registration.id == number))
            registration = (await session.scalars(query)).one()
            letters = ReminderLetters(self.correspondence, local(at))
            await put_rows(session, [letters.prepare(registration, vacancies, at[:10]).row(local(at))])

        await self.unit_of_work.run(command)

    async def rows(self, kind: str = "Reminder", *states: str) -> list[OutboxMessage]:
        """The messages of that kind in order, all or those in these states."""
        rows = [row for row in await self._every(OutboxMessage) if row.kind == kind]
        return [row for row in rows if not states or row.state in states]

    async def messages(self, kind: str = "Reminder", *states: str) -> list[EmailMessage]:
        return [parsed(row) for row in await self.rows(kind, *states)]

    async def told(self, kind: str = "Reminder") -> list[str]:
        """Who has, or will have, a message of that kind, once for each."""
        return [row.recipient for row in await self.rows(kind, "waiting", "sent")]

    async def texts(self, kind: str = "Reminder", *states: str) -> list[str]:
        return [words(message) for message in await self.messages(kind, *states)]

    async def vacancy(self, key: str = "caseworker") -> Vacancy:
        return next(each for each in (await self.loader.evening()).vacancies if each.key == key)

    async def _every(self, model: type[Row]) -> list[Row]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(model).order_by(model.id)))
