"""A file laid over what is stored: three-way, so that what somebody edited since the last load is noticed. Pure.

The three are the file's value, the stored one, and the one that the last load wrote. Where the latter two differ, the
stored one was edited in between, and the file's gives way to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engage.files.shapes import Given

LONGEST_SHOWN = 60  # a longer text is only named in the report


@dataclass(frozen=True, slots=True)
class Merged:
    """One table after the load. ``before`` is None for a new row, ``kept`` the columns whose edited value stays."""

    given: Given
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]
    kept: tuple[str, ...]

    @property
    def changed(self) -> list[str]:
        """The columns of a stored row that become different, in the order of the shape."""
        if self.before is None:
            return []
        return [column for column, value in self.after.items() if value != self.before[column]]

    def is_changed(self, *columns: str) -> bool:
        return not set(columns).isdisjoint(self.changed)

    def changes(self, zone: ZoneInfo) -> list[str]:
        """What becomes different in a stored row, in words."""
        before: Mapping[str, Any] = self.before or {}
        return [
            f"{self.given.shape.key_of(column)}{_step(before[column], self.after[column], zone)}"
            for column in self.changed
        ]

    def kept_words(self, zone: ZoneInfo) -> list[str]:
        """What stays although the file says otherwise, in words."""
        return [self._kept(column, zone) for column in self.kept]

    def _kept(self, column: str, zone: ZoneInfo) -> str:
        old, new = _worded(self.after[column], zone), _worded(self.given.columns[column], zone)
        values = f"{old}, not {new} as in the file" if old and new else "not as in the file"
        key = self.given.shape.key_of(column)
        return f"{key}: {values}; edited in the console since the last load (--force overwrites it)"


def merge(given: Given, before: Mapping[str, Any] | None, loaded: Mapping[str, Any], *, is_forced: bool) -> Merged:
    """The table laid over the stored row. ``loaded`` is what ``plain`` made of the columns of earlier loads.

    Of a faulty column nothing is known after it: it has its default.
    """
    defaults = given.shape.defaults()
    if before is None:
        return Merged(given, None, defaults | dict(given.columns), ())
    last = plain(defaults) | dict(loaded)
    kept = tuple(
        column
        for column, value in given.columns.items()
        if not is_forced and value != before[column] and plain_value(before[column]) != last[column]
    )
    taken = {column: value for column, value in given.columns.items() if column not in kept}
    faulty = {column: value for column, value in defaults.items() if given.shape.key_of(column) in given.faulty}
    return Merged(given, before, {**before, **taken, **faulty}, kept)


def plain(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as JSON can hold them."""
    return {column: plain_value(value) for column, value in columns.items()}


def plain_value(value: Any) -> Any:
    """An instant as text in UTC; anything else is plain already."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def _step(before: Any, after: Any, zone: ZoneInfo) -> str:
    old, new = _worded(before, zone), _worded(after, zone)
    return f" {old} → {new}" if old and new else ""


def _worded(value: Any, zone: ZoneInfo) -> str | None:
    """A short value in words; None for one that is too long to show."""
    if value is None:
        return "nothing"
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value) if len(str(value)) <= LONGEST_SHOWN and "\n" not in str(value) else None
    return None
