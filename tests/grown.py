"""A database that has been in use for years: many evenings, and thousands of rows in every table that grows.

The database makes the rows of people itself, each out of its number, so that a million take minutes.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Integer, LargeBinary, String, case, cast, column, func, insert, literal, select
from sqlalchemy import text as statement
from sqlalchemy.ext.asyncio import AsyncSession

from engage.storage.database import Base, Database

SITTINGS, WAVES = 2, 20
FIRST = 1_000_000  # ids of these evenings and sittings begin here, so that others can stand beside them
SHARES = {"registration": 1, "interest": 1, "queue_entry": 2, "journal_entry": 1, "outbox_message": 1}
SHARE = 4  # of all people that have a row in any other table
ROOM = "PRAGMA cache_size = -500000"  # kilobytes, so that indexes are not written to the disk for every few rows
UNCHECKED = "SET LOCAL session_replication_role = replica"  # foreign keys, which are all known to be there
EIGHT_DIGITS = 100_000_000
DETAILS = {"starts_at": "2027-09-01T18:00:00+00:00", "ends_at": "2027-09-01T18:50:00+00:00"}
EMPLOYED = {"name": "Ann", "directorate": "Policy", "grade": "6"}
Row = dict[str, Any]
Number = ColumnElement[int]
Ago = Callable[[Number], ColumnElement[Any]]
NUMBER: Number = column("number", Integer)


async def grow(database: Database, evenings: int, people: int, now: datetime) -> None:
    """So many evenings, months ahead, and so many people, half with places and half waiting, and what surrounds them.

    That is messages, journal, receipts, needs, doors, questions, staff and a survey. As many wait as have a place, so
    of each evening there is an even number.
    """
    ago = partial(_in_sqlite if database.is_sqlite else _in_postgresql, now)
    async with database.writing() as session:
        for name, rows in _evenings(evenings, people // evenings, now).items():
            await session.execute(insert(Base.metadata.tables[name]), list(rows))
    for name, row in (_people(evenings, now, ago) | _rest(evenings, now, ago)).items():
        async with database.writing() as session:
            await session.execute(statement(ROOM if database.is_sqlite else UNCHECKED))
            await make_rows(session, name, row, people // SHARES.get(name, SHARE))
    async with database.writing() as session:
        await session.execute(statement("ANALYZE"))


async def make_rows(session: AsyncSession, name: str, row: Row, count: int) -> None:
    """One of that table for each ``NUMBER`` below ``count``, in its order."""
    table = Base.metadata.tables[name]
    numbers = select(literal(0).label(NUMBER.name)).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.number + 1).where(numbers.c.number < count - 1))
    made = [
        literal(value, table.c[of].type) if not isinstance(value, ColumnElement) else value for of, value in row.items()
    ]
    await session.execute(insert(table).from_select(list(row), select(*made).select_from(numbers)))


def _in_sqlite(now: datetime, minutes: Number) -> ColumnElement[Any]:
    return func.strftime("%Y-%m-%d %H:%M:%S.000000", f"{now:%Y-%m-%d %H:%M:%S}", text_of("-", minutes, " minutes"))


def _in_postgresql(now: datetime, minutes: Number) -> ColumnElement[Any]:
    return literal(now) - func.make_interval(0, 0, 0, 0, 0, minutes)


def text_of(before: str, number: Number, after: str = "") -> ColumnElement[str]:
    return literal(before) + cast(number, String) + after


def _bytes(before: str) -> ColumnElement[bytes]:
    return cast(text_of(before, NUMBER), LargeBinary)


def _evenings(count: int, people: int, now: datetime) -> dict[str, Iterable[Row]]:
    return {
        "open_evening": map(_evening, range(count)),
        "slot": (_slot(number, people, now) for number in range(SITTINGS * count)),
        "vacancy": (_vacancy(number, now) for number in range(count)),
        "questionnaire": [{"id": FIRST, "key": "grown", "version": 1, "title": "Grown", "content": {}}],
        "wave": (_wave(number, now) for number in range(WAVES)),
    }


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


def _people(evenings: int, now: datetime, ago: Ago) -> dict[str, Row]:
    evening, turn = NUMBER % evenings, NUMBER // evenings
    waiting = turn * 2 + 1  # in its evening
    return {
        "registration": {
            "id": FIRST + NUMBER,
            "open_evening_id": FIRST + evening,
            "slot_id": FIRST + evening * SITTINGS,
            "uid": text_of("uid-of-", NUMBER),
            "ticket_code": func.substr(cast(EIGHT_DIGITS + NUMBER, String), 2),
            "form": text_of("form-", NUMBER),
            "email": text_of("person", NUMBER, "@example.org"),
            "email_key": text_of("person", NUMBER, "@example.org"),
            "name": text_of("Somebody ", NUMBER),
            "status": case((turn % 2 == 1, "waiting"), else_="confirmed"),
            "party": 1,
            "has_reminders": True,
            "created_at": ago(NUMBER % 10_000),
        },
        "interest": {"registration_id": FIRST + NUMBER, "vacancy_id": FIRST + evening, "created_at": now},
        "queue_entry": {
            "registration_id": FIRST + waiting * evenings + evening,
            "slot_id": FIRST + evening * SITTINGS,
            "turn": waiting,
        },
    }


def _rest(evenings: int, now: datetime, ago: Ago) -> dict[str, Row]:
    of = {"open_evening_id": FIRST + NUMBER % evenings}
    person = {"registration_id": FIRST + NUMBER}
    wave = {"wave_id": FIRST + NUMBER % WAVES}
    email = {"email": text_of("staff", NUMBER, "@example.org")}
    stream = {"stream": text_of("registration:", FIRST + NUMBER)}
    soon, lately = now + timedelta(days=400), now - timedelta(days=2)
    is_odd = NUMBER % 2 == 1
    return {
        "journal_entry": stream
        | {"id": FIRST + NUMBER, "kind": "PlaceConfirmed", "occurred_at": ago(NUMBER)}
        | {"actor": "visitor", "details": DETAILS},
        "pending_fact": stream | {"entry_id": FIRST + NUMBER, "subscriber": "nobody"},
        "outbox_message": stream
        | {
            "key": text_of("grown:", NUMBER),
            "kind": "PlaceConfirmed",
            "recipient": text_of("person", NUMBER, "@example.org"),
            "envelope_from": "evenings@example.org",
            "message_id": text_of("<", NUMBER, "@example.org>"),
            "state": "sent",
            "due_at": lately,
            "created_at": lately,
            "settled_at": now + timedelta(days=39),
        },
        "answered_form": person | email | {"form": text_of("form-", NUMBER), "expires_at": soon},
        "admission": of
        | person
        | {
            "key": text_of("admission-", NUMBER),
            "slot_id": FIRST + NUMBER % evenings * SITTINGS,
            "door": 1,
            "admitted_at": lately,
            "undone_at": lately,
            "changed_at": lately,
        },
        "access_need": person | {"kind": "bsl", "state": case((is_odd, "refused"), else_="confirmed")},
        "asked_question": of
        | {"text": "Can I park?", "answer": "No.", "asked_at": lately}
        | {"status": case((is_odd, "declined"), else_="published")},
        "feedback": of | {"answers": {}},
        "sign_in_session": email | {"fingerprint": text_of("session-", NUMBER), "expires_at": soon},
        "sign_in_link": email
        | {"fingerprint": text_of("link-", NUMBER), "created_at": now, "expires_at": soon, "next_path": "/"},
        "staff": email | {"id": FIRST + NUMBER} | EMPLOYED,
        "roster_entry": wave | email | {"staff_id": FIRST + NUMBER} | EMPLOYED,
        "spent_link": wave | {"fingerprint": _bytes("link")},
        "sealed_sheet": wave | {"key": _bytes("sheet"), "content": b"sealed"},
        "sealed_comments": wave | {"key": _bytes("words"), "content": b"sealed"},
        "counted_comment": wave | {"key": _bytes("comment"), "question": "better", "redacted": "More light"},
    }
