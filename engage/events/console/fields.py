"""Kinds of fields of an evening's forms: how a value is shown, read from what was posted, and said as a file says it.

What does not fit its kind is passed on as it was typed, so that the file's shapes refuse it in their own words. Pure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from engage.files.shapes import LEFT_OUT
from engage.wording import instant

Shown = str | list[dict[str, str]] | dict[str, str]
Posted = Mapping[str, str]
Parsed = TypeVar("Parsed")

MOST_ROWS = 100
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Field:
    """One line of text. ``key`` is the file's; ``rows`` above 1 make it an area."""

    widget: ClassVar[str] = "line"

    key: str
    label: str
    hint: str | None = None
    is_required: bool = False
    rows: int = 1
    width: str = ""

    def shown(self, value: Any) -> Shown:
        """The file's value, None for none, as the form shows it."""
        return "" if value is None else str(value)

    def typed(self, posted: Posted, name: str) -> Shown:
        """What was typed."""
        return posted.get(name, "").replace("\r\n", "\n").strip()

    def said(self, shown: Shown) -> str:
        """The value in words, for somebody who compares it with another."""
        return str(shown) or NOTHING

    def value(self, shown: Shown) -> Any:
        """What a file would say."""
        return self.parsed(shown) if shown else (LEFT_OUT if self.is_required else self.empty)

    @property
    def empty(self) -> Any:
        return None

    def parsed(self, shown: Any) -> Any:
        return shown


class Lines(Field):
    """A list of texts, one a line."""

    def shown(self, value: Any) -> Shown:
        return "\n".join(map(str, value or []))

    @property
    def empty(self) -> Any:
        return []

    def parsed(self, shown: Any) -> Any:
        return [line.strip() for line in shown.split("\n") if line.strip()]


class Whole(Field):
    """A whole number."""

    widget = "number"

    def parsed(self, shown: Any) -> Any:
        return _parsed(int, shown)


class Numbers(Lines):
    """Whole numbers with commas between them."""

    widget = "line"

    def shown(self, value: Any) -> Shown:
        return ", ".join(map(str, value or []))

    def parsed(self, shown: Any) -> Any:
        return [_parsed(int, part.strip()) for part in shown.split(",") if part.strip()]


class When(Field):
    """A date and a time, local to the venue."""

    widget = "datetime-local"

    def shown(self, value: Any) -> Shown:
        return value.isoformat(timespec="minutes") if isinstance(value, datetime) else ""

    def said(self, shown: Shown) -> str:
        parsed = _parsed(datetime.fromisoformat, str(shown))
        if isinstance(parsed, datetime):
            return instant(parsed.replace(tzinfo=UTC), ZoneInfo("UTC"))
        return str(shown) or NOTHING

    def parsed(self, shown: Any) -> Any:
        return _parsed(datetime.fromisoformat, shown)


class Day(Field):
    """A date."""

    widget = "date"

    def shown(self, value: Any) -> Shown:
        return value.isoformat() if isinstance(value, date) else ""

    def parsed(self, shown: Any) -> Any:
        return _parsed(date.fromisoformat, shown)


class Stated(Field):
    """Yes, no, or not stated."""

    widget = "stated"

    def shown(self, value: Any) -> Shown:
        return "" if value is None else "yes" if value else "no"

    def parsed(self, shown: Any) -> Any:
        return {"yes": True, "no": False}.get(shown, shown)


@dataclass(frozen=True, slots=True)
class Several(Field):
    """A table within the table: fields of its own, none of which has to be there."""

    widget: ClassVar[str] = "several"

    fields: tuple[Field, ...] = ()
    blank: Callable[[], Any] = dict

    def shown(self, value: Any) -> Shown:
        return _shown(self.fields, value or {})

    def typed(self, posted: Posted, name: str) -> Shown:
        return _typed(self.fields, posted, name)

    def said(self, shown: Any) -> str:
        return _said(shown)

    def value(self, shown: Shown) -> Any:
        return _table(self.fields, shown) or self.blank()


@dataclass(frozen=True, slots=True)
class Rows(Field):
    """A list of tables, a row each. A row left empty is none."""

    widget: ClassVar[str] = "rows"

    fields: tuple[Field, ...] = ()
    row: str = "Row"

    def shown(self, value: Any) -> Shown:
        return [_shown(self.fields, each) for each in value or []]

    def typed(self, posted: Posted, name: str) -> Shown:
        rows = [_typed(self.fields, posted, f"{name}-{number}") for number in range(MOST_ROWS)]
        return [row for row in rows if any(row.values())]

    def said(self, shown: Any) -> str:
        return "\n".join(_said(row) for row in shown) or NOTHING

    def value(self, shown: Shown) -> Any:
        return [_table(self.fields, row) for row in shown]


def _shown(fields: tuple[Field, ...], table: Mapping[str, Any]) -> dict[str, str]:
    return {field.key: str(field.shown(table.get(field.key))) for field in fields}


def _typed(fields: tuple[Field, ...], posted: Posted, name: str) -> dict[str, str]:
    return {field.key: str(field.typed(posted, f"{name}-{field.key}")) for field in fields}


def _table(fields: tuple[Field, ...], shown: Any) -> dict[str, Any]:
    return {field.key: field.value(shown[field.key]) for field in fields if shown[field.key]}


def _said(table: Mapping[str, str]) -> str:
    return " – ".join(filter(None, table.values())) or NOTHING


def _parsed(parse: Callable[[str], Parsed], text: str) -> Parsed | str:
    try:
        return parse(text)
    except ValueError:
        return text
