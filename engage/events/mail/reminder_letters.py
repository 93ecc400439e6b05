"""What a reminder says, and of what somebody still has to be reminded: when it is planned, and when it is sent."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from engage.events.facts import stream_of
from engage.events.mail.correspondence import Circular, Correspondence
from engage.events.models import OpenEvening, Registration, Vacancy
from engage.events.views import form_hints, posts_of
from engage.notify.rounds import Prepared

REMINDER = "Reminder"

Closing = tuple[int, datetime]  # a vacancy's id, and when it closes


class ReminderLetters:
    """Reminders written together, at ``now``: that of each choice of posts once, and addressed to each person."""

    def __init__(self, correspondence: Correspondence, now: datetime) -> None:
        self._correspondence = correspondence
        self._now = now
        self._written: dict[tuple[int, ...], Circular] = {}

    def prepare(self, registration: Registration, vacancies: Sequence[Vacancy], on: str) -> Prepared:
        """The message that reminds the person of these posts on the local date ``on``."""
        closings = [(vacancy.id, vacancy.closes_at) for vacancy in vacancies]
        message = self._correspondence.address(
            self._circular(registration.open_evening, vacancies),
            registration,
            key=f"reminder:{registration.id}:{on}:{digest(closings)}",
            now=self._now,
            is_unsubscribable=True,
        )
        details = {
            "on": on,
            "closings": [[vacancy_id, closes_at.isoformat()] for vacancy_id, closes_at in closings],
            "until": min(closes_at for _, closes_at in closings).isoformat(),
        }
        return Prepared(registration.id, message, REMINDER, stream_of(registration.id), details)

    def _circular(self, evening: OpenEvening, vacancies: Sequence[Vacancy]) -> Circular:
        chosen = tuple(vacancy.id for vacancy in vacancies)
        if chosen not in self._written:
            self._written[chosen] = self._correspondence.circular(
                "reminder",
                evening,
                written_at=self._now,
                closing=posts_of(vacancies, self._now, self._correspondence.settings.zone),
                hints=form_hints(vacancies),
            )
        return self._written[chosen]


def remaining(registration: Registration, closings: Iterable[Closing], now: datetime) -> list[Vacancy]:
    """The posts, of those that close then, of which the person still has to be reminded, in order."""
    if not registration.has_reminders:
        return []
    known = set(closings)
    wanted = [interest.vacancy for interest in registration.interests if interest.applied_at is None]
    left = [each for each in wanted if (each.id, each.closes_at) in known and each.closes_at > now]
    return sorted(left, key=lambda vacancy: (vacancy.closes_at, vacancy.id))


def closings_of(details: Any) -> set[Closing]:
    """What a message's details say of which closings it reminds."""
    return {(vacancy_id, datetime.fromisoformat(closes_at)) for vacancy_id, closes_at in details["closings"]}


def digest(closings: Iterable[Closing]) -> str:
    """The closings in a few characters: another one where one of them moves."""
    listed = ",".join(f"{vacancy_id}@{closes_at.timestamp():.0f}" for vacancy_id, closes_at in sorted(closings))
    return sha256(listed.encode()).hexdigest()[:24]
