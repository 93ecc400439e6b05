"""TOML documents: bytes read into tables, every fault with its place, and all their dates moved by whole weeks."""

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from engage.errors import FileFaulty

Document = dict[str, Any]

POSITION = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


def parse(name: str, content: bytes) -> Document:
    """The tables of a file; a byte order mark is passed over. Raises FileFaulty with the place of the first fault."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileFaulty([f"{name}: line {line}: is not UTF-8; save the file as UTF-8"]) from None
    except RecursionError:
        raise FileFaulty([f"{name}: is nested too deeply"]) from None
    except ValueError as error:
        raise FileFaulty([f"{name}: {_placed(str(error), content)}"]) from None


def _placed(message: str, content: bytes) -> str:
    """tomllib's own words, with the place first."""
    found = POSITION.search(message)
    if found is None:
        return f"is not TOML: {message}"
    lines = content.split(b"\n")
    line, column = found.group(1, 2) if found.group(1) else (len(lines), len(lines[-1]) + 1)
    return f"line {line}, column {column}: is not TOML: {message[: found.start()]}"


def shift_weeks(document: Document, weeks: int) -> Document:
    """The document with every date and time moved by whole weeks.

    Local times stay what the clock on the wall says, across summer time too; a time with an offset keeps its offset.
    """
    return shift(document, timedelta(weeks=weeks))


def shift(document: Document, by: timedelta) -> Document:
    """The document with every date and time moved by whole days."""
    return {key: _shifted(value, by) for key, value in document.items()}


def _shifted(value: Any, by: timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _shifted(each, by) for key, each in value.items()}
    if isinstance(value, list):
        return [_shifted(each, by) for each in value]
    return value + by if isinstance(value, date) else value


def weeks_ahead(document: Document, today: date) -> int:
    """The fewest whole weeks that bring all dates of the document past today; 0 where there is none to bring."""
    dates = [date(each.year, each.month, each.day) for each in _dates(document)]
    earliest = min(dates, default=None)
    return 0 if earliest is None or earliest > today else (today - earliest).days // 7 + 1


def _dates(value: Any) -> Iterator[date]:
    if isinstance(value, date):
        yield value
    elif isinstance(value, dict):
        yield from _dates(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            yield from _dates(each)
