"""A file laid over what is stored: three-way, so that what somebody edited since the last load is noticed. Pure.

The three are the file's value, the stored one, and the one that the last load wrote. Where the latter two differ, the
stored one was edited in between, and the file's gives way to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from engage.shapes import Given


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
