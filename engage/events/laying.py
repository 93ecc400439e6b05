"""One evening of a file laid over its row: what becomes different, what stays, and how that is reported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engage.events.file import GivenEvening
from engage.events.models import OpenEvening, Slot, Vacancy
from engage.merging import Merged, merge, plain
from engage.shapes import Given


@dataclass(frozen=True, slots=True)
class Laid:
    """``row`` is None for a new evening; ``left_out`` names stored sittings and vacancies that are not in the file."""

    row: OpenEvening | None
    head: Merged
    slots: list[Merged]
    vacancies: list[Merged]
    left_out: list[str]

    @property
    def name(self) -> str:
        return f"open evening {self.head.given.key}"

    @property
    def parts(self) -> Iterator[tuple[str, Merged]]:
        """The evening, each sitting and each vacancy, and how the report calls it within the evening."""
        yield "", self.head
        for kind, parts in (("slot", self.slots), ("vacancy", self.vacancies)):
            yield from ((f"{kind} {part.given.key}", part) for part in parts)

    @property
    def loaded(self) -> dict[str, Any]:
        """What this load and earlier ones gave, to notice the next time what was edited."""
        earlier = self.row.loaded if self.row else {}
        return earlier | {name: earlier.get(name, {}) | plain(part.given.columns) for name, part in self.parts}

    def write(self) -> OpenEvening:
        """Write all that is different; the row, which a new evening gets now."""
        row = self.row or OpenEvening(slots=[], vacancies=[])
        _write(row, self.head)
        _write_each(row.slots, Slot, self.slots)
        _write_each(row.vacancies, Vacancy, self.vacancies)
        row.loaded = self.loaded
        return row

    def changes(self, zone: ZoneInfo) -> list[str]:
        """What becomes different on a stored evening, in words."""
        return [
            change if not name else f"{name}, {change}"
            for name, part in self.parts
            for change in (part.changes(zone) if part.before else ["added"])
        ]

    def kept(self, zone: ZoneInfo) -> list[str]:
        """What stays although the file says otherwise, or nothing, in words."""
        edited = [
            f"{', '.join(filter(None, (self.name, name)))}, {words}"
            for name, part in self.parts
            for words in part.kept_words(zone)
        ]
        return edited + [f"{self.name}, {name}: is not in the file" for name in self.left_out]


def lay(given: GivenEvening, row: OpenEvening | None, *, is_forced: bool) -> Laid:
    """Lay an evening of a file over its row, whose vacancies have to be loaded."""
    loaded = row.loaded if row else {}
    slots, vacancies = (_by_key(row.slots), _by_key(row.vacancies)) if row else ({}, {})

    def over(part: Given, stored: object | None, name: str) -> Merged:
        return merge(part, _columns(part, stored), loaded.get(name, {}), is_forced=is_forced)

    laid = Laid(
        row,
        over(given.head, row, ""),
        [over(part, slots.pop(part.key, None), f"slot {part.key}") for part in given.slots],
        [over(part, vacancies.pop(part.key, None), f"vacancy {part.key}") for part in given.vacancies],
        [],
    )
    laid.left_out.extend([*(f"slot {key}" for key in slots), *(f"vacancy {key}" for key in vacancies)])
    return laid


def _by_key(rows: Sequence[Any]) -> dict[str | None, Any]:
    return {row.key: row for row in rows}


def _columns(part: Given, row: object | None) -> dict[str, Any] | None:
    return None if row is None else {column: getattr(row, column) for column in part.shape.model_fields}


def _write(row: object, part: Merged) -> None:
    for column in part.changed if part.before else part.after:
        setattr(row, column, part.after[column])


def _write_each(rows: list[Any], model: type[Slot | Vacancy], parts: Sequence[Merged]) -> None:
    stored = _by_key(rows)
    for part in parts:
        row = stored.get(part.given.key)
        if row is None:
            rows.append(row := model())
        _write(row, part)
