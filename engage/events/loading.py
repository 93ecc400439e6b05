"""Open evenings from files: laid over what is stored, checked, written, and told to those whom they touch."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from engage.events import changes, closings, contradictions
from engage.events.facts import EveningLoaded
from engage.events.file import read_evening
from engage.events.laying import Laid, lay
from engage.events.models import ACCESS_NEEDS, OpenEvening
from engage.journal import append
from engage.loading import Entry, LoadReport, Room
from engage.shapes import doubled
from engage.unit_of_work import Lock

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
        return [fault for laid in self._laid for fault in self._contradictions(laid, now)]

    async def apply(self, session: AsyncSession, now: datetime) -> LoadReport:
        report = LoadReport()
        for laid in self._laid:
            if laid.row is None:
                await self._add(session, laid, report, now)
            else:
                await self._change(session, laid, laid.row, report, now)
        return report

    def _contradictions(self, laid: Laid, now: datetime) -> Iterator[str]:
        stored = laid.row.slots if laid.row else []
        held = {slot.key: slot.held for slot in stored}
        is_draft = laid.row is None or laid.row.status == "draft"
        for slot in laid.slots:
            yield from contradictions.of_sitting(slot, held.get(slot.given.key or "", 0), is_draft=is_draft, now=now)
        yield from contradictions.of_evening(laid.head, _ends(laid), ACCESS_NEEDS, self._zone)

    async def _add(self, session: AsyncSession, laid: Laid, report: LoadReport, now: datetime) -> None:
        evening = laid.write()
        closings.begin_anew(evening, {}, self._zone, now)
        session.add(evening)
        await session.flush()
        report.added.append(f"{laid.name} (sittings: {len(laid.slots)}, vacancies: {len(laid.vacancies)})")
        await append(session, EveningLoaded(open_evening_id=evening.id, changes=1), now, ACTOR)

    async def _change(
        self, session: AsyncSession, laid: Laid, evening: OpenEvening, report: LoadReport, now: datetime
    ) -> None:
        before, different = changes.remember(evening), laid.changes(self._zone)
        reminded = closings.reminded(evening, self._zone, now)
        laid.write()
        closings.begin_anew(evening, reminded, self._zone, now)
        await session.flush()
        report.kept += laid.kept(self._zone)
        if not different:
            report.unchanged.append(laid.name)
            return
        report.changed.append(f"{laid.name}: {'; '.join(different)}")
        report.told += len(await changes.tell(session, evening, before, now, ACTOR))
        await append(session, EveningLoaded(open_evening_id=evening.id, changes=len(different)), now, ACTOR)


def _ends(laid: Laid) -> list[datetime]:
    """When all the sittings end, those left out too; none where one of the ends is faulty."""
    given = {slot.given.key: slot.after["ends_at"] for slot in laid.slots}
    stored = {slot.key: slot.ends_at for slot in laid.row.slots} if laid.row else {}
    ends = list((stored | given).values())
    return ends if all(ends) else []


OPEN_EVENINGS = Room(kinds=("open_evening",), read=EveningSection)
