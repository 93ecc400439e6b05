"""Open evenings from files: laid over what is stored, checked, written, and told to whom they touch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.events import changes, contradictions
from engage.events.facts import EveningLoaded
from engage.events.file import GivenEvening, read_evening
from engage.events.models import ACCESS_NEEDS, OpenEvening, Slot, Vacancy
from engage.journal import append
from engage.loading import Entry, LoadReport, Room
from engage.merging import Merged, merge, plain
from engage.shapes import Given, doubled
from engage.unit_of_work import Lock

ACTOR = "admin"  # whoever may run commands on the server


@dataclass(frozen=True, slots=True)
class Laid:
    """One evening laid over its row, which is None for a new one; ``left_out`` are stored rows not in the file."""

    row: OpenEvening | None
    head: Merged
    slots: dict[str, Merged]
    vacancies: dict[str, Merged]
    left_out: list[str]

    @property
    def slug(self) -> str:
        return str(self.head.after["slug"])

    @property
    def loaded(self) -> dict[str, Any]:
        """What is remembered of this load and of earlier ones."""
        earlier = self.row.loaded if self.row else {}
        return {
            "evening": earlier.get("evening", {}) | _written(self.head),
            "slots": earlier.get("slots", {}) | {key: _written(each) for key, each in self.slots.items()},
            "vacancies": earlier.get("vacancies", {}) | {key: _written(each) for key, each in self.vacancies.items()},
        }


class EveningSection:
    """The open evenings of some files."""

    def __init__(self, entries: Sequence[Entry], zone: ZoneInfo, is_forced: bool) -> None:
        self._zone = zone
        self._is_forced = is_forced
        self._given = [read_evening(entry.table, entry.place, zone) for entry in entries]
        self._laid: list[Laid] = []
        self.faults = [fault for each in self._given for fault in each.faults]
        self.faults += doubled([each.head for each in self._given])

    async def locks(self, session: AsyncSession) -> Sequence[Lock]:
        ids = await session.scalars(select(OpenEvening.id).where(OpenEvening.slug.in_(self._slugs())))
        return [(OpenEvening, each) for each in ids]

    async def check(self, session: AsyncSession, now: datetime) -> list[str]:
        query = select(OpenEvening).where(OpenEvening.slug.in_(self._slugs()))
        query = query.options(selectinload(OpenEvening.vacancies)).execution_options(populate_existing=True)
        rows = {row.slug: row for row in await session.scalars(query)}
        self._laid = [lay(each, rows.get(each.head.key or ""), is_forced=self._is_forced) for each in self._given]
        return [fault for laid in self._laid for fault in self._contradictions(laid, now)]
