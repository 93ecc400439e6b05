"""From a fact to a message: what a person is told of each thing that happened to their registration."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from engage.events import facts
from engage.events.facts import RegistrationFact
from engage.events.mail.calendar_entries import invitation_of
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.happening import Happening
from engage.events.models import Interest, Registration
from engage.journal import JournalEntry
from engage.notify.calendar import cancel, request
from engage.notify.message import CalendarPart, Message
from engage.notify.outbox import count_since, put
from engage.settings import Settings
from engage.tokens import Tokens

WRITERS = {"REQUEST": request, "CANCEL": cancel}
MOST_ASKED_FOR = 6  # messages that anybody can have sent to somebody else's address, in 24 hours
SPAN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Told:
    """How a kind of fact is told: the folder of its letter, and the method of its calendar part."""

    fact: type[RegistrationFact]
    letter: str
    method: str | None = None
    is_asked_for: bool = False  # by whoever knows the address, so sent once for each form and not without end
    is_unsubscribable: bool = False  # from the mail program's own button


TOLD = {
    told.fact.__name__: told
    for told in (
        Told(facts.PlaceConfirmed, "place_confirmed", "REQUEST"),
        Told(facts.PlaceChanged, "place_changed", "REQUEST"),
        Told(facts.EveningMoved, "evening_moved", "REQUEST"),
        Told(facts.PlaceReleased, "place_released", "CANCEL"),
        Told(facts.RegistrationCancelled, "registration_cancelled", "CANCEL"),
        Told(facts.EveningCancelled, "evening_cancelled", "CANCEL"),
        Told(facts.DeclineHeard, "decline_heard"),
        Told(facts.QueueJoined, "queue_joined"),
        Told(facts.QueuedEveningMoved, "queued_evening_moved"),
        Told(facts.ClosingMoved, "closing_moved", is_unsubscribable=True),
        Told(facts.PlaceOffered, "place_offered"),
        Told(facts.OfferLapsed, "offer_lapsed"),
        Told(facts.Subscribed, "subscribed", is_unsubscribable=True),
        Told(facts.RegisteredAgain, "registered_again", is_asked_for=True),
        Told(facts.LinkRequested, "link_requested", is_asked_for=True),
    )
}
ASKED_FOR = tuple(kind for kind, told in TOLD.items() if told.is_asked_for)


class EveningMessages:
    """The journal's subscriber "messages": puts one message for each fact into the outbox."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self._correspondence = Correspondence(settings, tokens)

    async def hear(self, session: AsyncSession, entry: JournalEntry, now: datetime) -> None:
        """Nothing happens for a registration that is gone, nor for a fact that was told already."""
        told = TOLD[entry.kind]
        fact = told.fact.model_validate(entry.details)
        registration = await _load(session, fact.registration_id)
        if registration is None:
            return
        happening = Happening(entry, fact, registration)
        if happening.is_over(now) or (told.is_asked_for and await _is_flood(session, fact.stream, now)):
            return
        message, details = self._message(told, happening, now), happening.details
        await put(session, message, kind=entry.kind, stream=fact.stream, now=now, details=details)

    def _message(self, told: Told, happening: Happening, now: datetime) -> Message:
        return self._correspondence.write(
            told.letter,
            happening.registration,
            key=happening.key,
            now=now,
            calendar=self._calendar(told.method, happening),
            is_unsubscribable=told.is_unsubscribable,
            fact=happening.fact,
            slot=happening.slot,
            starts_at=happening.starts_at,
            ends_at=happening.ends_at,
            kept=happening.kept,
            moved=happening.moved,
            has_reminders=happening.has_reminders,
        )

    def _calendar(self, method: str | None, happening: Happening) -> CalendarPart | None:
        place = happening.place
        if method is None or place is None:
            return None
        writer = self._correspondence
        invitation = invitation_of(happening.registration, place, writer.settings, writer.tokens)
        return CalendarPart(method=method, content=WRITERS[method](invitation))


async def _load(session: AsyncSession, registration_id: int) -> Registration | None:
    query = (
        select(Registration)
        .where(Registration.id == registration_id)
        .options(
            joinedload(Registration.open_evening),
            selectinload(Registration.interests).joinedload(Interest.vacancy),
        )
    )
    return (await session.scalars(query)).one_or_none()


async def _is_flood(session: AsyncSession, stream: str, now: datetime) -> bool:
    return await count_since(session, stream, ASKED_FOR, now - SPAN) >= MOST_ASKED_FOR
