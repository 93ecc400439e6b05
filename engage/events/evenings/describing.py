"""A stored evening as the table that a file would have: what forms begin with, and what a copy is made from. Pure."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from engage.files.shapes import Part, Table


def described(row: object, shape: type[Part], zone: ZoneInfo) -> dict[str, Any]:
    """The row's columns under the file's keys, times local to the zone; what is empty is left out."""
    columns = {shape.key_of(column): _value(column, getattr(row, column), zone) for column in shape.model_fields}
    return {key: value for key, value in columns.items() if value not in (None, "", [], {})}


def required_of(row: object, shape: type[Part], zone: ZoneInfo) -> Table:
    """Only what no table can do without."""
    return {key: value for key, value in described(row, shape, zone).items() if key in shape.required}


def _value(column: str, value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None)
    if column == "ask_by":
        return {need: date.fromisoformat(day) for need, day in value.items()}
    return value
