"""Things to test with, each as plain as it can be; what matters to a test is given by that test."""

from datetime import UTC, datetime, timedelta
from typing import Any

from engage.events.models import OpenEvening, Slot, Vacancy
from engage.events.registrations.applications import Application, Details
from engage.notify.models import OutboxMessage

EVENING_STARTS_AT = datetime(2027, 2, 24, 18, 0, tzinfo=UTC)


def make_evening(*capacities: int, **changed: Any) -> OpenEvening:
    """A published evening with a sitting of each capacity, an hour after one another, and one vacancy."""
    given: dict[str, Any] = {"slug": "reviews-team", "title": "Reviews Team open evening", "status": "published"}
    evening = OpenEvening(**given | changed)
    evening.slots = [
        make_slot(f"sitting-{number}", capacity, EVENING_STARTS_AT + timedelta(hours=number))
        for number, capacity in enumerate(capacities or (2,))
    ]
    evening.vacancies = [
        Vacancy(
            key="caseworker",
            title="Caseworker",
            grade="7",
            posts=4,
            closes_at=datetime(2027, 3, 14, 23, 59, tzinfo=UTC),
        )
    ]
    return evening


def make_slot(key: str, capacity: int, starts_at: datetime) -> Slot:
    """A sitting of fifty minutes."""
    return Slot(
        key=key, capacity=capacity, held=0, waiting=0, starts_at=starts_at, ends_at=starts_at + timedelta(minutes=50)
    )


def make_application(
    evening: OpenEvening, slot: Slot | None, email: str, *, form: str | None = None, **changed: Any
) -> Application:
    """A posted form; ``form`` tells it from another one with the same address."""
    given: dict[str, Any] = {
        "name": "Somebody Interested",
        "party": 1,
        "vacancy_ids": frozenset(vacancy.id for vacancy in evening.vacancies),
        "has_reminders": True,
        "needs": {},
    }
    return Application(
        open_evening_id=evening.id,
        slot_id=slot.id if slot else None,
        email=email,
        email_key=email.lower(),
        details=Details(**given | changed),
        form=form or f"form-of-{email}",
    )


def make_asking(registration_id: int, now: datetime, key: str = "asking", state: str = "sent") -> OutboxMessage:
    """The message that asks whether they are still coming, as the relay took it."""
    return OutboxMessage(
        key=f"coming:{key}",
        kind="ComingAsked",
        stream=f"registration:{registration_id}",
        recipient="somebody@example.org",
        envelope_from="evenings@example.org",
        message_id=f"<{key}@example.org>",
        state=state,
        due_at=now,
        created_at=now,
    )
