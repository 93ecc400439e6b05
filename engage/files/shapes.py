"""What the tables of a file are made of: pydantic shapes, and every fault in plain words with its place.

A shape's faults never hide one another: what is sound in a faulty table is still read, so that it can be checked on.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails

from engage.late import library

Table = Mapping[str, Any]
Item = TypeVar("Item")

LEFT_OUT = object()  # what a form gives for a value that has to be there and was left empty
FIRST_YEAR, LAST_YEAR = 2000, 2100
KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
FAULTS = {
    "extra_forbidden": "is not a known key",
    "missing": "is missing",
    "string_type": "must be text in quotation marks",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "datetime_type": "must be a date and a time, such as 2027-09-24T18:00:00",
    "date_type": "must be a date, such as 2027-09-24",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "must have at most {max_length} entries",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}


class Shape(BaseModel):
    """A table within a table."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Part(Shape):
    """A table with a row of its own: any key may be left out but those ``required`` of a new one.

    Keys are the file's; the fields behind them are named like the columns, and their defaults are a new row's.
    """

    required: ClassVar[tuple[str, ...]] = ()
    named_by: ClassVar[str] = "key"

    @classmethod
    def key_of(cls, column: str) -> str:
        """What the file calls a column."""
        return cls.model_fields[column].alias or column

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The columns of a row of which nothing is given."""
        return cls().model_dump()

    def given(self) -> dict[str, Any]:
        """The columns that the file gives, and within them the keys that it gives."""
        return self.model_dump(exclude_unset=True)

    @classmethod
    def read(cls, table: Table, place: str, zone: ZoneInfo) -> "Given":
        """What is sound in the table, and the faults of the rest; local times are the zone's."""
        missing = [key for key in cls.required if key not in table]
        found: list[ErrorDetails] = []
        context = {"zone": zone}
        try:
            part = cls.model_validate(table, context=context)
        except ValidationError as error:
            found = error.errors(include_url=False)
            sound = table.keys() - {each["loc"][0] for each in found}
            part = cls.model_validate({key: table[key] for key in sound}, context=context)
        faults = [f"{place}, {key}: is missing" for key in missing] + [_line(place, each) for each in found]
        return Given(cls, place, part.given(), faults, {*missing, *(str(each["loc"][0]) for each in found)})


@dataclass(frozen=True, slots=True)
class Given:
    """What one table of a file gives: its sound columns, where it stands, its faults, one line each, and their keys."""

    shape: type[Part]
    place: str
    columns: Mapping[str, Any]
    faults: list[str]
    faulty: set[str]

    @property
    def key(self) -> str | None:
        """The slug or key, None where that is what is wrong."""
        key: str | None = self.columns.get(self.shape.named_by)
        return key


def tables(value: object, place: str) -> tuple[list[Table], list[str]]:
    """The tables of [[…]], or the fault where something else stands there."""
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return value, []
    name = place.rpartition(" ")[2]
    return [], [f"{place}: must be tables with double brackets, [[{name}]]"]


def doubled(parts: Sequence[Given]) -> list[str]:
    """The faults of those whose key another one has already."""
    first: dict[str, Given] = {}
    return [
        f"{part.place}, {part.shape.named_by}: {part.key} is already that of {other.place}"
        for part in parts
        if part.key is not None and (other := first.setdefault(part.key, part)) is not part
    ]


def shown(text: str) -> str:
    """A word of somebody's file as it may stand in a message: short, on one line, without control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:60])


def _line(place: str, fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    message = FAULTS[fault["type"]].format(**context) if fault["type"] in FAULTS else fault["msg"]
    return f"{place}, {_steps(fault['loc'])}: {message}"


def _steps(location: Sequence[int | str]) -> str:
    """("agenda", 0, "at") is "agenda 1, at"."""
    words = ""
    for step in location:
        if isinstance(step, int):
            words += f" {step + 1}"
        elif step != "[key]":
            words += f", {shown(step)}"
    return words.removeprefix(", ")


def _on_one_line(text: str) -> str:
    if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        raise ValueError("must be on one line, without control characters")
    return text


def _in_paragraphs(text: str) -> str:
    text = text.replace("\r\n", "\n")
    if any(unicodedata.category(letter) == "Cc" and letter not in "\n\t" for letter in text):
        raise ValueError("has a control character; take it out")
    return text


def _key(text: str) -> str:
    if not KEY.fullmatch(text):
        raise ValueError("must be small letters, digits and hyphens, such as first-sitting")
    return text


def _url(text: str) -> str:
    if not _is_web_address(text):
        raise ValueError("must be a web address that begins with https:// or http://")
    return text


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_printed = all(letter.isprintable() and not letter.isspace() for letter in text)
    return is_printed and parts.scheme in ("http", "https") and bool(parts.hostname)


def _mail_address(text: str) -> str:
    try:
        library("email_validator").validate_email(text, check_deliverability=False, test_environment=True)
    except ValueError:
        raise ValueError("must be an email address, such as recruitment@example.org") from None
    return text


def _year(value: date) -> date:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"must lie between {FIRST_YEAR} and {LAST_YEAR}")
    return value


def _instant(value: datetime, info: ValidationInfo) -> datetime:
    """The instant in UTC; without an offset it is the zone's local time.

    Of a time that occurs twice, in an autumn night, the first is meant. One that a spring night skips is a fault.
    """
    _year(value)
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    zone = info.context["zone"] if info.context else UTC
    instant = value.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != value:
        raise ValueError("does not exist: the clocks go forward past that time")
    return instant


def _filled(check: Any) -> AfterValidator:
    """The check, but for empty text: that empties what is stored."""
    return AfterValidator(lambda text: check(text) if text else None)


def _text(length: int, least: int = 0) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=length)


Title = Annotated[str, _text(200, least=1), AfterValidator(_on_one_line)]
Code = Annotated[str, _text(40, least=1), AfterValidator(_on_one_line)]
Sentence = Annotated[str, _text(1_000, least=1), AfterValidator(_on_one_line)]
Paragraph = Annotated[str, _text(2_000, least=1), AfterValidator(_in_paragraphs)]
Key = Annotated[str, _text(40), AfterValidator(_key)]
Slug = Annotated[str, _text(80), AfterValidator(_key)]
Url = Annotated[str, _text(2_000), AfterValidator(_url)]
MailAddress = Annotated[str, _text(254, least=1), AfterValidator(_mail_address)]
Instant = Annotated[datetime, AfterValidator(_instant)]
Day = Annotated[date, AfterValidator(_year), PlainSerializer(date.isoformat)]
Days = Annotated[int, Field(ge=0, le=365)]
Many = Annotated[list[Item], Field(max_length=100, default_factory=list)]
Count = Annotated[int, Field(ge=1, le=100_000)]

# Left out or empty, these are None.
OptionalCode = Annotated[str, _text(40), _filled(_on_one_line)] | None
OptionalTitle = Annotated[str, _text(200), _filled(_on_one_line)] | None
OptionalParagraph = Annotated[str, _text(2_000), _filled(_in_paragraphs)] | None
OptionalProse = Annotated[str, _text(50_000), _filled(_in_paragraphs)] | None
OptionalUrl = Annotated[str, _text(2_000), _filled(_url)] | None
OptionalMailAddress = Annotated[str, _text(254), _filled(_mail_address)] | None
