"""A database that has been in use for years: many evenings, and thousands of rows in every table that grows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, text

from engage.database import Base, Database

AT_ONCE = 5_000  # rows of one statement
SITTINGS, WAVES = 2, 20
FIRST = 1_000_000  # ids of these evenings and sittings begin here, so that others can stand beside them
AS_MANY = ("journal_entry", "outbox_message")  # as there are people; of the rest, one for four of them
DETAILS = {"starts_at": "2027-09-01T18:00:00+00:00", "ends_at": "2027-09-01T18:50:00+00:00"}
EMPLOYED = {"name": "Ann", "directorate": "Policy", "grade": "6"}
Row = dict[str, Any]


async def grow(
    database: Database, evenings: int, people: int, now: datetime, *, with_rest: bool = True, first: int = 0
) -> None:
    """So many evenings more, months ahead, and so many people, half with places and half waiting.

    ``with_rest`` adds what surrounds them: messages, journal, receipts, needs, doors, questions, staff and a survey.
    Ids of people begin at ``first``.
    """
    await _fill(database, "open_evening", evenings, _evening)
    await _fill(database, "slot", SITTINGS * evenings, lambda number: _slot(number, people // evenings, now))
    if with_rest and not first:
        await _fill(database, "questionnaire", 1, _questionnaire)
        await _fill(database, "wave", WAVES, lambda number: _wave(number, now))
    await _fill(database, "vacancy", evenings, lambda number: _vacancy(number, now))
    for name, row in _people(evenings, now).items():
        await _fill(database, name, people, row, first)
    if with_rest:
        for name, row in _rest(evenings, now).items():
            await _fill(database, name, people if name in AS_MANY else people // 4, row, first)
    async with database.writing() as session:
        await session.execute(text("ANALYZE"))


async def _fill(database: Database, name: str, count: int, row: Callable[[int], Row | None], first: int = 0) -> None:
    table: Table = Base.metadata.tables[name]
    for begin in range(first, first + count, AT_ONCE):
        rows = [made for number in range(begin, min(begin + AT_ONCE, first + count)) if (made := row(number))]
        async with database.writing() as session:
            await session.execute(insert(table), rows)


def _questionnaire(number: int) -> Row:
    return {"id": FIRST + number, "key": "grown", "version": 1, "title": "Grown", "content": {}}


def _wave(number: int, now: datetime) -> Row:
    """Nothing of it is due."""
    opens_at = now + timedelta(days=900)
    times = {"opens_at": opens_at, "closes_at": opens_at + timedelta(days=9)}
    return {"id": FIRST + number, "key": f"grown-{number}", "title": "Grown", "questionnaire_id": FIRST} | times


def _evening(number: int) -> Row:
    return {"id": FIRST + number, "slug": f"evening-{number}", "title": f"Evening {number}", "status": "published"}


def _slot(number: int, people: int, now: datetime) -> Row:
    starts_at = now + timedelta(days=200 + number // SITTINGS % 300, hours=number % SITTINGS)
    return {
        "id": FIRST + number,
        "open_evening_id": FIRST + number // SITTINGS,
        "key": f"sitting-{number % SITTINGS}",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=50),
        "capacity": people,
        "held": people // 2,
        "waiting": people // 2,
    }


def _vacancy(number: int, now: datetime) -> Row:
    return {
        "id": FIRST + number,
        "open_evening_id": FIRST + number,
        "key": "caseworker",
        "title": "Caseworker",
        "closes_at": now + timedelta(days=500 + number % 300),
    }


def _people(evenings: int, now: datetime) -> dict[str, Callable[[int], Row | None]]:
    return {
        "registration": lambda number: {
            "id": FIRST + number,
            "open_evening_id": FIRST + number % evenings,
            "slot_id": FIRST + number % evenings * SITTINGS,
            "uid": f"uid-of-{number}",
            "ticket_code": f"{number:08}",
            "email": f"person{number}@example.org",
            "email_key": f"person{number}@example.org",
            "name": f"Somebody {number}",
            "status": "waiting" if number // evenings % 2 else "confirmed",
            "party": 1,
            "has_reminders": True,
            "created_at": now - timedelta(minutes=number % 10_000),
        },
        "interest": lambda number: {
            "registration_id": FIRST + number,
            "vacancy_id": FIRST + number % evenings,
            "created_at": now,
        },
        "queue_entry": lambda number: {
            "registration_id": FIRST + number,
            "slot_id": FIRST + number % evenings * SITTINGS,
            "turn": number // evenings,
        } if number // evenings % 2 else None,
    }  # fmt: skip


def _rest(evenings: int, now: datetime) -> dict[str, Callable[[int], Row | None]]:
    def of(number: int) -> Row:
        return {"open_evening_id": FIRST + number % evenings}

    def person(number: int) -> Row:
        return {"registration_id": FIRST + number}

    def wave(number: int) -> Row:
        return {"wave_id": FIRST + number % WAVES}

    def email(number: int) -> Row:
        return {"email": f"staff{number}@example.org"}

    soon, ago = now + timedelta(days=400), now - timedelta(days=2)
    return {
        "journal_entry": lambda number: {
            "id": FIRST + number,
            "kind": "PlaceConfirmed",
            "stream": f"registration:{FIRST + number}",
            "occurred_at": now - timedelta(minutes=number),
            "actor": "visitor",
            "details": DETAILS,
        },
        "pending_fact": lambda number: {
            "entry_id": FIRST + number,
            "subscriber": "nobody",
            "stream": f"registration:{FIRST + number}",
        },
        "outbox_message": lambda number: {
            "key": f"grown:{number}",
            "kind": "PlaceConfirmed",
            "stream": f"registration:{FIRST + number}",
            "recipient": f"person{number}@example.org",
            "envelope_from": "evenings@example.org",
            "message_id": f"<{number}@example.org>",
            "state": "sent",
            "due_at": ago,
            "created_at": ago,
            "settled_at": now + timedelta(days=39),
        },
        "receipt": lambda number: of(number)
        | {"token": f"receipt-{number}", "status": "confirmed", "expires_at": soon} | email(number),
        "admission": lambda number: of(number) | person(number) | {
            "key": f"admission-{number}",
            "slot_id": FIRST + number % evenings * SITTINGS,
            "door": 1,
            "admitted_at": ago,
            "undone_at": ago,
            "changed_at": ago,
        },
        "access_need": lambda number: person(number) | {"kind": "bsl", "state": ("confirmed", "refused")[number % 2]},
        "asked_question": lambda number: of(number)
        | {"text": "Can I park?", "answer": "No.", "status": ("published", "declined")[number % 2], "asked_at": ago},
        "feedback": lambda number: of(number) | {"answers": {}},
        "sign_in_session": lambda number: email(number) | {"fingerprint": f"session-{number}", "expires_at": soon},
        "sign_in_link": lambda number: email(number)
        | {"fingerprint": f"link-{number}", "created_at": now, "expires_at": soon, "next_path": "/"},
        "staff": lambda number: email(number) | {"id": FIRST + number} | EMPLOYED,
        "roster_entry": lambda number: wave(number) | email(number) | {"staff_id": FIRST + number} | EMPLOYED,
        "spent_link": lambda number: wave(number) | {"fingerprint": b"link%d" % number},
        "sealed_sheet": lambda number: wave(number) | {"key": b"sheet%d" % number, "content": b"sealed"},
        "sealed_comments": lambda number: wave(number) | {"key": b"words%d" % number, "content": b"sealed"},
        "counted_comment": lambda number: wave(number)
        | {
            "key": b"comment%d" % number,
            "question": "better",
            "redacted": "More light",
        },
    }  # fmt: skip
