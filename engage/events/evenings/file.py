"""The tables that describe an open evening in a file: what may stand in them, and what of it contradicts itself.

Pure. Fields are named like the columns, their aliases are the file's keys. Of the tables within tables only what makes
them meaningful is required; the rest stays left out where the file leaves it out.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from engage.events.timetable import LIMITS, timetable_of
from engage.files.shapes import (
    Code,
    Count,
    Day,
    Days,
    Given,
    Instant,
    Key,
    Many,
    OptionalCode,
    OptionalMailAddress,
    OptionalParagraph,
    OptionalProse,
    OptionalTitle,
    OptionalUrl,
    Paragraph,
    Part,
    Sentence,
    Shape,
    Slug,
    Table,
    Title,
    Url,
    doubled,
    shown,
    tables,
)

NO_SLOT = "none"  # what the registration form calls "I cannot come"
TimingKey = Literal["reminder_hour", "coming_hours_before", "release_hours_before", "thanks_hours_after"]
CLOCK_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def _clock_time(text: str) -> str:
    if not CLOCK_TIME.fullmatch(text):
        raise ValueError('must be a time of day, such as "18:10"')
    return text


def _slot_key(text: str) -> str:
    if text == NO_SLOT:
        raise ValueError(f"must not be {NO_SLOT!r}, which stands for people who cannot come")
    return text


def _timing(given: dict[str, int]) -> dict[str, int]:
    for key, hours in given.items():
        first, last = LIMITS[key]
        if not first <= hours <= last:
            raise ValueError(f"{key} must lie between {first} and {last}")
    timetable = timetable_of(given, ZoneInfo("UTC"))
    if timetable.coming_hours_before <= timetable.release_hours_before:
        raise ValueError("coming_hours_before must be more than release_hours_before: people are asked first")
    return given


Timing = Annotated[dict[TimingKey, int], AfterValidator(_timing)]
ClockTime = Annotated[str, AfterValidator(_clock_time)]
SlotKey = Annotated[Key, AfterValidator(_slot_key)]


class AgendaItem(Shape):
    at: ClockTime
    title: Title


class Material(Shape):
    title: Title
    url: Url


class FormPart(Shape):
    title: Title
    maps_to: Sentence | None = None


class SelectionTest(Shape):
    title: Title
    assesses: Many[Sentence]


class Interview(Shape):
    minutes: Count | None = None
    panel: Sentence | None = None
    covers: Many[Sentence]


class Hint(Shape):
    stage: Key
    text: Paragraph


class Vetting(Shape):
    code: Code
    title: Title
    order: Count | None = None
    valid_years: Count | None = None
    allow_weeks: Count | None = None


class EveningPart(Part):
    """[[open_evening]] without its sittings and vacancies."""

    required = ("slug", "title", "status")
    named_by = "slug"

    slug: Slug | None = None
    title: Title | None = None
    status: Literal["draft", "published", "cancelled"] | None = None
    cancel_reason: OptionalParagraph = None
    summary: OptionalParagraph = None
    body: OptionalProse = None
    host: OptionalTitle = None
    venue: OptionalTitle = None
    address: OptionalParagraph = None
    joining_url: OptionalUrl = None
    agenda: Many[AgendaItem]
    aims: Many[Sentence]
    accessibility: Many[Sentence]
    ask_by: Annotated[dict[str, Day], Field(default_factory=dict)]
    materials: Many[Material]
    timing: Annotated[Timing, Field(default_factory=dict)]
    registration_closes_at: Instant | None = Field(None, alias="registration_closes")
    questions_close_at: Instant | None = Field(None, alias="questions_close")


class SlotPart(Part):
    """[[open_evening.slot]], a sitting."""

    required = ("key", "starts", "ends", "capacity")

    key: SlotKey | None = None
    title: OptionalTitle = None
    starts_at: Instant | None = Field(None, alias="starts")
    ends_at: Instant | None = Field(None, alias="ends")
    capacity: Count | None = None


class VacancyPart(Part):
    """[[open_evening.vacancy]], a post."""

    required = ("key", "title", "closes")

    key: Key | None = None
    title: Title | None = None
    grade: OptionalCode = None
    posts: Count | None = None
    permanent: bool | None = None
    salary: OptionalTitle = None
    apply_url: OptionalUrl = None
    description_url: OptionalUrl = None
    contact: OptionalMailAddress = None
    help_hours: OptionalTitle = None
    closes_at: Instant | None = Field(None, alias="closes")
    reminders_days_before: Annotated[list[Days], Field(max_length=20, default_factory=lambda: [7, 1])]
    form_parts: Many[FormPart]
    tests: Many[SelectionTest]
    interview: Interview | None = None
    hints: Many[Hint]
    vetting: Many[Vetting]


@dataclass(frozen=True, slots=True)
class GivenEvening:
    """One evening of a file with its sittings and vacancies; ``faults`` are those of all of them."""

    head: Given
    slots: list[Given]
    vacancies: list[Given]
    faults: list[str]


def read_evening(table: Table, place: str, zone: ZoneInfo) -> GivenEvening:
    """Read one [[open_evening]]; ``place`` is that of the table ("reviews-team.toml: open_evening 1")."""
    slug = table.get("slug")
    place = f"{place} ({shown(slug)})" if isinstance(slug, str) else place
    own = {key: value for key, value in table.items() if key not in ("slot", "vacancy")}
    head = EveningPart.read(own, place, zone)
    slots, faulty_slots = _read_each(SlotPart, table.get("slot", []), f"{place}, slot", zone)
    vacancies, faulty_vacancies = _read_each(VacancyPart, table.get("vacancy", []), f"{place}, vacancy", zone)
    return GivenEvening(head, slots, vacancies, [*head.faults, *faulty_slots, *faulty_vacancies])


def _read_each(shape: type[Part], value: object, place: str, zone: ZoneInfo) -> tuple[list[Given], list[str]]:
    found, faults = tables(value, place)
    parts = [shape.read(table, f"{place} {number}", zone) for number, table in enumerate(found, start=1)]
    for part in parts:
        faults += part.faults
    return parts, faults + doubled(parts)
