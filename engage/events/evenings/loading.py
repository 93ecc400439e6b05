"""Open evenings from files: laid over what is stored, checked, written, and told to those whom they touch."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.events.evenings import changing
from engage.events.evenings.file import read_evening
from engage.events.evenings.laying import Laid, lay
from engage.events.facts import EveningLoaded
from engage.events.models import OpenEvening
from engage.files.loading import Entry, LoadReport, Room
from engage.files.shapes import doubled
from engage.journal import append
from engage.storage.waiting import Lock

ACTOR = "admin"  # whoever may run commands on the server


class EveningSection:
    """The open evenings of some files."""

    def __init__(self, entries: Sequence[Entry], zone: ZoneInfo, is_forced: bool) -> None:
        self._zone = zone
        self._is_forced = is_forced
        self._given = [read_evening(entry.table, entry.place, zone) for entry in entries]
        self._slugs = [each.head.key for each in self._given if each.head.key]
        self._laid: list[Laid] = []
        self.faults = [fault for each in self._given for fault in each.faults]
        self.faults += doubled([each.head for each in self._given])

    async def locks(self, session: AsyncSession) -> Sequence[Lock]:
        ids = await session.scalars(select(OpenEvening.id).where(OpenEvening.slug.in_(self._slugs)))
        return [(OpenEvening, each) for each in ids]

    async def check(self, session: AsyncSession, now: datetime) -> list[str]:
        query = select(OpenEvening).where(OpenEvening.slug.in_(self._slugs))
        query = query.options(selectinload(OpenEvening.vacancies)).execution_options(populate_existing=True)
        rows = {row.slug: row for row in await session.scalars(query)}
        self._laid = [lay(each, rows.get(each.head.key or ""), is_forced=self._is_forced) for each in self._given]
        return [fault for laid in self._laid for fault in laid.faults(self._zone, now)]

    async def apply(self, session: AsyncSession, now: datetime) -> LoadReport:
        report = LoadReport()
        for laid in self._laid:
            if laid.row is None:
                await self._add(session, laid, report, now)
            else:
                await self._change(session, laid, laid.row, report, now)
        return report

    async def _add(self, session: AsyncSession, laid: Laid, report: LoadReport, now: datetime) -> None:
        loaded = laid.loaded
        evening = await changing.add(session, laid, self._zone, now)
        evening.loaded = loaded
        report.added.append(f"{laid.name} (sittings: {len(laid.slots)}, vacancies: {len(laid.vacancies)})")
        await append(session, EveningLoaded(open_evening_id=evening.id, changes=1), now, ACTOR)

    async def _change(
        self, session: AsyncSession, laid: Laid, evening: OpenEvening, report: LoadReport, now: datetime
    ) -> None:
        different, evening.loaded = laid.changes(self._zone), laid.loaded
        report.kept += laid.kept(self._zone)
        if not different:
            report.unchanged.append(laid.name)
            return
        report.changed.append(f"{laid.name}: {'; '.join(different)}")
        report.told += len(await changing.change(session, laid, evening, self._zone, now, ACTOR))
        await append(session, EveningLoaded(open_evening_id=evening.id, changes=len(different)), now, ACTOR)


OPEN_EVENINGS = Room(kinds=("open_evening",), read=EveningSection)
