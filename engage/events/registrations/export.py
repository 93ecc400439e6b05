"""All that is stored about one registered person, for them to read and to take away (UK GDPR, Article 15)."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from engage.events.facts import stream_of
from engage.events.models import Admission, Registration
from engage.events.registrations.receipts import Receipt, receipts_of
from engage.events.registrations.timeline import Line
from engage.events.views import registration_json
from engage.notify.models import OutboxMessage

STORED = (
    *("name", "email", "party", "ticket_code", "uid", "sequence", "has_reminders", "attendance"),
    *("asked_at", "declined_until", "has_given_feedback", "created_at"),
)
SENT = (
    *("kind", "recipient", "envelope_from", "message_id", "state", "reply", "attempts"),
    *("created_at", "first_tried_at", "settled_at"),
)


async def export_of(
    session: AsyncSession, registration: Registration, position: int | None, timeline: Sequence[Line]
) -> dict[str, Any]:
    """Ready for JSON; the registration has to be loaded whole."""
    messages = await session.scalars(
        select(OutboxMessage).where(OutboxMessage.stream == stream_of(registration.id)).order_by(OutboxMessage.id)
    )
    admissions = await session.scalars(
        select(Admission).where(Admission.registration_id == registration.id).order_by(Admission.admitted_at)
    )
    stored = {
        "registration": registration_json(registration, position) | _columns(registration, STORED),
        "posts": [
            {"key": interest.vacancy.key, "title": interest.vacancy.title}
            | _columns(interest, ("created_at", "applied_at"))
            for interest in registration.interests
        ],
        "access_needs": [_columns(need, ("kind", "note", "state", "answer")) for need in registration.needs],
        "admissions": [_columns(each, ("door", "admitted_at", "undone_at")) for each in admissions],
        "receipts": [_receipt(each) for each in await receipts_of(session, registration)],
        "messages": [_message(message) for message in messages],
        "timeline": [asdict(line) for line in timeline],
    }
    plain: dict[str, Any] = _plain(stored)
    return plain


def _receipt(receipt: Receipt) -> dict[str, Any]:
    slot = receipt.slot.key if receipt.slot else None
    return {"slot": slot} | _columns(receipt, ("email", "status", "position", "until"))


def _message(message: OutboxMessage) -> dict[str, Any]:
    """With its text as it was sent, while that is kept."""
    content = message.content.decode("ascii") if message.content is not None else None
    return _columns(message, SENT) | {"content": content}


def _columns(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _plain(value: Any) -> Any:
    """Instants as RFC 3339 writes them, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
