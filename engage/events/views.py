"""What pages and JSON show of open evenings, worked out once from the rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from engage.bank_holidays import bank_holidays
from engage.events import rules
from engage.events.deadlines import allow_weeks, earliest_start_on, help_until
from engage.events.models import ACCESS_NEEDS, OpenEvening, Registration, Slot, Vacancy
from engage.late import library


@dataclass(frozen=True, slots=True)
class Sitting:
    """A sitting and whether one can still choose it; ``reason`` says why not."""

    slot: Slot
    is_open: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Post:
    """A vacancy with what its closing instant means."""

    vacancy: Vacancy
    is_closed: bool
    help_until: datetime | None
    allow_weeks: int | None
    earliest_start_on: date | None


@dataclass(frozen=True, slots=True)
class Need:
    """An access need that one can ask for; after ``ask_by`` it is tried but not promised."""

    key: str
    title: str
    ask_by: date | None
    is_promised: bool


def sittings_of(slots: Sequence[Slot], now: datetime) -> list[Sitting]:
    """An evening's sittings, in the same order."""
    return [
        Sitting(slot, is_open=now < slot.starts_at, reason=None if now < slot.starts_at else "It has begun")
        for slot in slots
    ]


def posts_of(vacancies: Sequence[Vacancy], now: datetime, zone: ZoneInfo) -> list[Post]:
    """The posts in order of their closing."""
    return [
        Post(
            vacancy,
            is_closed=now >= vacancy.closes_at,
            help_until=help_until(vacancy.help_hours, vacancy.closes_at, zone, bank_holidays()),
            allow_weeks=allow_weeks(vacancy.vetting),
            earliest_start_on=earliest_start_on(vacancy.closes_at, vacancy.vetting, zone),
        )
        for vacancy in vacancies
    ]


def form_hints(vacancies: Sequence[Vacancy]) -> list[str]:
    """What helps to fill in the forms of these posts, each hint once."""
    return list(dict.fromkeys(hint["text"] for each in vacancies for hint in each.hints if hint["stage"] == "form"))


def needs_of(evening: OpenEvening, now: datetime, zone: ZoneInfo) -> list[Need]:
    """The access needs that the form offers."""
    today = now.astimezone(zone).date()
    by = {key: date.fromisoformat(day) for key, day in evening.ask_by.items()}
    return [Need(key, title, by.get(key), key in by and today <= by[key]) for key, title in ACCESS_NEEDS.items()]


def refusal_of(evening: OpenEvening, now: datetime) -> str | None:
    """Why nobody can register any more, None while they can."""
    last_start = max([slot.starts_at for slot in evening.slots], default=None)
    return rules.why_closed(evening.status, evening.registration_closes_at, last_start, now)


def can_ask(evening: OpenEvening, now: datetime) -> bool:
    """Whether questions are still taken before the evening."""
    if evening.status != "published" or not evening.slots:
        return False
    return now < (evening.questions_close_at or evening.slots[0].starts_at)


def qr_of(text: str) -> Markup:
    """The text as a QR code in SVG, sharp at any size, with no style of its own."""
    code = library("segno").make(text, error="m", micro=False)
    return Markup(code.svg_inline(scale=4, border=4, svgclass="engage-qr", lineclass=None, omitsize=True))  # noqa: S704 - drawn here


def evening_json(evening: OpenEvening, vacancies: list[Vacancy] | None = None) -> dict[str, Any]:
    """An open evening for machines; posts where they are given."""
    shown = {
        "slug": evening.slug,
        "title": evening.title,
        "status": evening.status,
        "summary": evening.summary,
        "venue": evening.venue,
        "address": evening.address,
        "registration_closes_at": _instant(evening.registration_closes_at),
        "slots": [slot_json(slot) for slot in evening.slots],
    }
    if vacancies is not None:
        shown["vacancies"] = [_vacancy_json(vacancy) for vacancy in vacancies]
    return shown


def slot_json(slot: Slot | None) -> dict[str, Any] | None:
    """A sitting for machines."""
    if slot is None:
        return None
    return {
        "key": slot.key,
        "title": slot.title,
        "starts_at": _instant(slot.starts_at),
        "ends_at": _instant(slot.ends_at),
        "capacity": slot.capacity,
        "seats_left": slot.seats_left,
        "waiting": slot.waiting,
    }


def registration_json(registration: Registration, position: int | None) -> dict[str, Any]:
    """A registration for machines; ``position`` is that in the queue it stands in, its own or its wish's."""
    entry, is_wish = registration.entry, registration.status == "confirmed"
    expires_at = _instant(entry.offer_expires_at) if entry else None
    wish = {"slot": slot_json(entry.slot), "position": position, "offer_expires_at": expires_at} if entry else None
    return {
        "status": registration.status,
        "slot": slot_json(registration.slot),
        "position": None if is_wish else position,
        "offer_expires_at": None if is_wish else expires_at,
        "wish": wish if is_wish else None,
        "open_evening": evening_json(registration.open_evening),
    }


def _vacancy_json(vacancy: Vacancy) -> dict[str, Any]:
    return {
        "key": vacancy.key,
        "title": vacancy.title,
        "grade": vacancy.grade,
        "posts": vacancy.posts,
        "permanent": vacancy.permanent,
        "salary": vacancy.salary,
        "closes_at": _instant(vacancy.closes_at),
        "apply_url": vacancy.apply_url,
    }


def _instant(value: datetime | None) -> str | None:
    return value.isoformat().replace("+00:00", "Z") if value else None
