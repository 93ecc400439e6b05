"""One evening of a file, or of a form, laid over its row: what becomes different, what stays, and what cannot be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engage.events.evenings import contradictions
from engage.events.evenings.file import GivenEvening
from engage.events.models import ACCESS_NEEDS, OpenEvening, Slot, Vacancy
from engage.files.merging import Merged, merge, plain
from engage.files.shapes import Given


@dataclass(frozen=True, slots=True)
class Laid:
    """``row`` is None for a new evening; ``left_out`` names stored sittings and vacancies that are not in the file.

    ``removed`` names those that are in the file and were taken away in the console since it was loaded.
    """

    row: OpenEvening | None
    head: Merged
    slots: list[Merged]
    vacancies: list[Merged]
    left_out: list[str]
    removed: list[str]

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
        return row

    def faults(self, zone: ZoneInfo, now: datetime) -> Iterator[str]:
        """What cannot be true together, or not any more."""
        held = {slot.key: slot.held for slot in self.row.slots} if self.row else {}
        is_draft = self.row is None or self.row.status == "draft"
        for slot in self.slots:
            yield from contradictions.of_sitting(slot, held.get(slot.given.key or "", 0), is_draft=is_draft, now=now)
        yield from contradictions.of_evening(self.head, self._ends, ACCESS_NEEDS, zone)

    @property
    def _ends(self) -> list[datetime]:
        """When all the sittings end, those left out too; none where one of the ends is faulty."""
        given = {slot.given.key: slot.after["ends_at"] for slot in self.slots}
        stored = {slot.key: slot.ends_at for slot in self.row.slots} if self.row else {}
        ends = list((stored | given).values())
        return ends if all(ends) else []

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
        gone = "removed in the console since the last load (--force adds it again)"
        return [
            *edited,
            *(f"{self.name}, {name}: is not in the file" for name in self.left_out),
            *(f"{self.name}, {name}: {gone}" for name in self.removed),
        ]


def lay(given: GivenEvening, row: OpenEvening | None, *, is_forced: bool) -> Laid:
    """Lay an evening over its row, whose vacancies have to be loaded; what was edited stays unless it is forced."""
    laid = Laid(row, _over(given.head, row, row, "", is_forced), [], [], [], [])
    slots, vacancies = (_by_key(row.slots), _by_key(row.vacancies)) if row else ({}, {})
    for kind, parts, stored, merged in (
        ("slot", given.slots, slots, laid.slots),
        ("vacancy", given.vacancies, vacancies, laid.vacancies),
    ):
        for part in parts:
            name = f"{kind} {part.key}"
            if row and part.key not in stored and name in row.loaded and not is_forced:
                laid.removed.append(name)
            else:
                merged.append(_over(part, stored.pop(part.key, None), row, name, is_forced))
        laid.left_out.extend(f"{kind} {key}" for key in stored)
    return laid


def _over(part: Given, stored: object | None, row: OpenEvening | None, name: str, is_forced: bool) -> Merged:
    loaded = row.loaded.get(name, {}) if row else {}
    return merge(part, _columns(part, stored), loaded, is_forced=is_forced)


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
