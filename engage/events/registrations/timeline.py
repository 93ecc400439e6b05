"""What happened to one registration, in order: from the journal and from what became of the messages about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.facts import stream_of
from engage.events.models import Registration
from engage.journal import JournalEntry
from engage.notify.models import OutboxMessage
from engage.wording import date, instant, period

FACTS = {
    "PlaceConfirmed": "Place confirmed: {when}",
    "PlaceChanged": "Sitting changed: {when}",
    "EveningMoved": "Time or place of the sitting changed: {when}",
    "PlaceReleased": "Place that was not confirmed offered to people who wait: {when}",
    "RegistrationCancelled": "Registration cancelled",
    "EveningCancelled": "Open evening called off",
    "AddressFailed": "Registration cancelled, because the address takes no email",
    "QueueJoined": "Number {position} in the queue: {when}",
    "QueuedEveningMoved": "Time or place of the sitting changed: {when}",
    "PlaceOffered": "Place held until {until}: {when}",
    "OfferLapsed": "Place held passed on: {when}",
    "Subscribed": "Registered for the materials and closing dates",
    "RegisteredAgain": "Registration form sent again with this address",
    "LinkRequested": "Link to the registration asked for",
    "DetailsCorrected": "Details corrected",
    "ComingConfirmed": "Said “Yes, I am coming”",
    "AttendanceAnswered": "Calendar says: {answer}",
    "DeclineHeard": "Calendar says: declined. Place held until {until}: {when}",
    "AppliedForVacancy": "Applied for a post: {post}",
    "RemindersStopped": "Reminders of closing dates stopped",
    "ClosingMoved": "Closing date of a chosen post changed",
    "CheckedIn": "Checked in at door {door}",
    "CheckInUndone": "Check-in undone",
    "AddressRefused": "Address refused for good, with the code {code}",
    "ReplyHeard": "Answer from a calendar arrived: {answer}",
}
MESSAGES = {
    "PlaceConfirmed": "{your} place",
    "PlaceChanged": "{your} new sitting",
    "EveningMoved": "a new time or place",
    "PlaceReleased": "{your} place that passed on",
    "RegistrationCancelled": "{your} cancellation",
    "EveningCancelled": "the evening called off",
    "QueueJoined": "{your} place in the queue",
    "QueuedEveningMoved": "a new time or place",
    "PlaceOffered": "a place held for {you}",
    "OfferLapsed": "a place that passed on",
    "DeclineHeard": "{your} answer from {your} calendar",
    "Subscribed": "the materials and closing dates",
    "RegisteredAgain": "the form sent again",
    "LinkRequested": "the link to {your} page",
    "ClosingMoved": "a new closing date",
    "Reminder": "closing dates",
    "ComingAsked": "whether {you_are} still coming",
    "Thanks": "the materials",
    "NeedAnswered": "what {you_need}, to take part",
    "OrganiserMessage": "something that the organisers wrote",
}
TO_THEM = {"your": "your", "you": "you", "you_are": "you are", "you_need": "you need"}
OF_THEM = {"your": "their", "you": "them", "you_are": "they are", "you_need": "they need"}
BECAME = {
    "sent": "accepted for delivery",
    "dead": "could not be delivered",
    "bounced": "came back",
    "dropped": "not sent, because it was no longer true",
}
REPLIED = ("dead", "bounced")  # where the mail server's reply says why
# What tells whether somebody wants a post, applied for it, needs something, or came: none of the organiser's business.
PRIVATE = frozenset(
    {"AppliedForVacancy", "DetailsCorrected", "RemindersStopped", "ClosingMoved", "Reminder", "NeedAnswered"}
)
PRIVATE |= {"CheckedIn", "CheckInUndone"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; ``kind`` is the fact's or the message's."""

    at: datetime
    kind: str
    words: str


async def timeline_of(
    session: AsyncSession, registration: Registration, zone: ZoneInfo, person: Mapping[str, str] = TO_THEM
) -> list[Line]:
    """All that happened to the registration, which has to be loaded with its evening and the evening's vacancies.

    ``person`` has the words for whose it is: ``TO_THEM`` or, for others who read it, ``OF_THEM``.
    """
    stream = stream_of(registration.id)
    entries = await session.scalars(select(JournalEntry).where(JournalEntry.stream == stream).order_by(JournalEntry.id))
    messages = await session.scalars(
        select(OutboxMessage).where(OutboxMessage.stream == stream).order_by(OutboxMessage.id)
    )
    lines = [Line(entry.occurred_at, entry.kind, _fact(registration, entry, zone)) for entry in entries]
    lines += [line for message in messages for line in _lines(message, person)]
    return sorted(lines, key=lambda line: line.at)


async def for_organiser(session: AsyncSession, registration: Registration, zone: ZoneInfo) -> list[Line]:
    """The same for those who run the evening, without anything about posts, applying, needs or coming."""
    return [line for line in await timeline_of(session, registration, zone, OF_THEM) if line.kind not in PRIVATE]


def _fact(registration: Registration, entry: JournalEntry, zone: ZoneInfo) -> str:
    told = entry.details
    until = told.get("expires_at") or told.get("held_until")
    titles = {vacancy.id: vacancy.title for vacancy in registration.open_evening.vacancies}
    worded = {
        "when": _when(registration, told, zone),
        "until": instant(datetime.fromisoformat(until), zone) if until else None,
        "post": titles.get(told.get("vacancy_id", 0)),
    }
    return FACTS[entry.kind].format_map(told | worded)


def _when(registration: Registration, told: dict[str, Any], zone: ZoneInfo) -> str | None:
    """The sitting's time as it was then, where the fact tells it, else as it is now."""
    if told.get("starts_at"):
        starts_at, ends_at = (datetime.fromisoformat(told[name]) for name in ("starts_at", "ends_at"))
        return f"{date(starts_at, zone)}, {period(starts_at, ends_at, zone)}"
    slots = {slot.id: slot for slot in registration.open_evening.slots}
    slot = slots.get(told.get("slot_id", 0))
    return f"{date(slot.starts_at, zone)}, {period(slot.starts_at, slot.ends_at, zone)}" if slot else None


def _lines(message: OutboxMessage, person: Mapping[str, str]) -> list[Line]:
    about = f"Email about {MESSAGES[message.kind].format_map(person)}"
    lines = [Line(message.created_at, message.kind, f"{about}: made")]
    if message.settled_at is not None:
        reply = f" ({message.reply})" if message.state in REPLIED else ""
        at = max(message.settled_at, message.created_at)  # by two clocks, of which one may be that of a rehearsal
        lines.append(Line(at, message.kind, f"{about}: {BECAME[message.state]}{reply}"))
    return lines
