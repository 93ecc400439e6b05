"""What a visitor tells when they register, and the registration that it makes."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from engage.events.doors.tickets import CODES, ticket_code
from engage.events.models import AccessNeed, Interest, OpenEvening, Registration
from engage.tokens import Tokens

PRINT_LENGTH = 20  # hexadecimal digits of a form: 80 bits, which nobody guesses


class Details(NamedTuple):
    """What somebody tells about themselves. ``needs`` maps a kind of access need to a note or None."""

    name: str
    party: int
    vacancy_ids: frozenset[int]
    has_reminders: bool
    needs: Mapping[str, str | None]


class Application(NamedTuple):
    """A posted registration form; ``form`` tells it from any other, and is the same where it comes again."""

    open_evening_id: int
    slot_id: int | None
    email: str
    email_key: str
    details: Details
    form: str

    @property
    def whose(self) -> tuple[int, str]:
        """One evening and one address: whose registration it is."""
        return self.open_evening_id, self.email_key


def form_of(tokens: Tokens, evening: OpenEvening, token: str, email_key: str) -> str:
    """What tells a form from any other: which page it came from, by its CSRF token, and whose address it holds."""
    return tokens.fingerprint("form", evening.slug, token, email_key)[:PRINT_LENGTH]


def new_row(number: int, application: Application, status: str, position: int | None, now: datetime) -> dict[str, Any]:
    """The columns of a newcomer's registration of that id."""
    return {
        "id": number,
        "open_evening_id": application.open_evening_id,
        "slot_id": application.slot_id,
        "uid": _new_uid(),
        "ticket_code": ticket_code(secrets.randbelow(CODES)),
        "email": application.email,
        "email_key": application.email_key,
        "name": application.details.name,
        "status": status,
        "party": application.details.party,
        "sequence": 0 if status == "confirmed" else None,
        "has_reminders": application.details.has_reminders,
        "has_given_feedback": False,
        "created_at": now,
        "form": application.form,
        "first_slot_id": application.slot_id,
        "first_position": position,
    }


def describe(registration: Registration, details: Details, now: datetime) -> None:
    """Take over the details, but for the places: what was known stays as old as it is."""
    registration.name = details.name
    registration.has_reminders = details.has_reminders
    kept = {interest.vacancy_id: interest for interest in registration.interests}
    registration.interests = [
        kept.get(vacancy_id) or Interest(vacancy_id=vacancy_id, created_at=now)
        for vacancy_id in sorted(details.vacancy_ids)
    ]
    stated = {need.kind: need for need in registration.needs}
    for kind, note in details.needs.items():
        need = stated.setdefault(kind, AccessNeed(kind=kind))
        if need.note != note:
            need.note, need.state = note, "asked"  # what was arranged may not do any more
    registration.needs = [stated[kind] for kind in details.needs]


def _new_uid() -> str:
    """A random UUID (RFC 9562, version 4), for a quarter of what the library's costs."""
    digits = secrets.token_hex(16)
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
