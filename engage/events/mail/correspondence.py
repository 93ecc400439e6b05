"""Letters to one registered person: from whom, to whom, under which links, and what every template knows."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from engage.events.mail.calendar_entries import location_of, public_url
from engage.events.models import OpenEvening, Registration, Vacancy
from engage.notify.calendar import Person
from engage.notify.letters import Letters
from engage.notify.message import CalendarPart, Letter, Message, is_mailable
from engage.notify.outbox import Unwritten
from engage.settings import Settings
from engage.tokens import Tokens

PLACEHOLDERS = {"link": "\ue000page\ue000", "unsubscribe_link": "\ue000stop\ue000"}  # for private use: in no text

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Circular:
    """A letter to many, with placeholders for their links; without one, the error that it failed with."""

    letter: Letter | None
    error: Exception | None


class Correspondence:
    """Writes letters about registrations, which have to be loaded with their evening and the posts of interest."""

    def __init__(self, settings: Settings, tokens: Tokens) -> None:
        self.settings = settings
        self.tokens = tokens
        self._letters = Letters(settings)

    def write(
        self,
        letter: str,
        registration: Registration,
        *,
        key: str,
        now: datetime,
        calendar: CalendarPart | None = None,
        is_unsubscribable: bool = False,
        **context: Any,
    ) -> Message:
        """The letter of that folder; ``context`` adds to what every template knows, or says it otherwise."""
        written = self._letters.render(letter, **self._known(registration, now) | context)
        message = self._message(written, registration, key=key, now=now, is_unsubscribable=is_unsubscribable)
        return replace(message, calendar=calendar)

    def try_to_write(self, letter: str, registration: Registration, *, key: str, **given: Any) -> Message | Unwritten:
        """What `write` makes, or a dead letter where it fails for this one of many."""
        try:
            return self.write(letter, registration, key=key, **given)
        except Exception as error:
            log.exception("letter cannot be written", letter=letter, registration=registration.id)
            return self._unwritten(registration, key, error)

    def circular(self, letter: str, evening: OpenEvening, **context: Any) -> "Circular":
        """The letter of that folder, which is the same for many but for their links."""
        known = {"evening": evening, "public_link": public_url(evening, self.settings)} | PLACEHOLDERS
        try:
            return Circular(self._letters.render(letter, **known, **context), None)
        except Exception as error:
            log.exception("letter cannot be written", letter=letter, evening=evening.slug)
            return Circular(None, error)

    def address(
        self, circular: "Circular", registration: Registration, *, key: str, now: datetime, is_unsubscribable: bool
    ) -> Message | Unwritten:
        """The letter to one of them, or a dead letter where it could not be written."""
        if circular.letter is None:
            return self._unwritten(registration, key, circular.error)
        letter = circular.letter
        for name, link in self._links(registration).items():
            text, html = (each.replace(PLACEHOLDERS[name], link) for each in (letter.text, letter.html))
            letter = replace(letter, text=text, html=html)
        return self._message(letter, registration, key=key, now=now, is_unsubscribable=is_unsubscribable)

    def to_staff(self, letter: str | Letter, email: str, *, key: str, now: datetime, **context: Any) -> Message:
        """The letter, or that of the folder of that name, to one of our own."""
        written = self._letters.render(letter, **context) if isinstance(letter, str) else letter
        sender = Person(self.settings.mail_from, self.settings.organisation)
        return Message(key=key, sender=sender, recipient=Person(email, ""), letter=written, dated=now)

    def _message(
        self, letter: Letter, registration: Registration, *, key: str, now: datetime, is_unsubscribable: bool
    ) -> Message:
        settings = self.settings
        return Message(
            key=key,
            sender=Person(settings.mail_from, settings.organisation),
            recipient=Person(registration.email, registration.name),
            letter=letter,
            dated=now,
            reply_to=settings.contact if is_mailable(settings.contact) else None,
            unsubscribe_url=self._links(registration)["unsubscribe_link"] if is_unsubscribable else None,
        )

    def _unwritten(self, registration: Registration, key: str, error: Exception | None) -> Unwritten:
        sender = Person(self.settings.mail_from, self.settings.organisation)
        return Unwritten(key, sender, Person(registration.email, registration.name), f"not written: {error!r}")

    def _links(self, registration: Registration) -> dict[str, str]:
        """The addresses that are theirs alone."""
        base_url, number = self.settings.base_url, registration.id
        return {
            "link": f"{base_url}/registrations/{self.tokens.issue('registration', number)}",
            "unsubscribe_link": f"{base_url}/unsubscribe/{self.tokens.issue('unsubscribe', number)}",
        }

    def _known(self, registration: Registration, now: datetime) -> dict[str, Any]:
        evening = registration.open_evening
        slot = next((each for each in evening.slots if each.id == registration.slot_id), None)
        return {
            "registration": registration,
            "evening": evening,
            "slot": slot,
            "starts_at": slot.starts_at if slot else None,
            "ends_at": slot.ends_at if slot else None,
            "has_reminders": registration.has_reminders,
            "where": location_of(evening),
            "posts": open_posts(registration, now),
            "public_link": public_url(evening, self.settings),
            **self._links(registration),
        }


def open_posts(registration: Registration, now: datetime) -> list[Vacancy]:
    """The posts that the person wants to hear of, has not applied for, and still can; those that close first first."""
    wanted = [interest.vacancy for interest in registration.interests if interest.applied_at is None]
    return sorted((post for post in wanted if post.closes_at > now), key=lambda post: (post.closes_at, post.id))
