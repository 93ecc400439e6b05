"""Questionnaires, series and waves from files: laid over what is stored, checked, written, and consulted about anew."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager

from engage.files.loading import Entry, LoadReport, Room
from engage.files.shapes import Given, doubled
from engage.journal import append
from engage.storage.waiting import Lock
from engage.surveys.consultations import consultation
from engage.surveys.facts import WaveLoaded
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.models import Questionnaire, Series, Wave
from engage.surveys.questionnaires.file import SeriesPart, WavePart
from engage.surveys.questionnaires.laying import LaidWave, lay
from engage.surveys.questionnaires.questionnaire_file import placed, read_questionnaire
from engage.surveys.questionnaires.series_file import LaidSeries, lay_series
from engage.surveys.questionnaires.versions import LaidQuestionnaire, version_of
from engage.surveys.waves.planning import UNOPENED

ACTOR = "admin"  # whoever may run commands on the server
KINDS = ("questionnaire", "series", "wave")


class PulseSection:
    """The questionnaires, series and waves of some files."""

    def __init__(self, entries: Sequence[Entry], zone: ZoneInfo, is_forced: bool) -> None:
        self._zone, self._is_forced = zone, is_forced
        found = {kind: [each for each in entries if each.kind == kind] for kind in KINDS}
        self._given = [read_questionnaire(each.table, each.place, zone) for each in found["questionnaire"]]
        self._series = [SeriesPart.read(each.table, placed(each.table, each.place), zone) for each in found["series"]]
        self._waves = [WavePart.read(each.table, placed(each.table, each.place), zone) for each in found["wave"]]
        self._newest: dict[str, Questionnaire] = {}
        self._changed: set[str] = set()
        self._stored: dict[str, Wave] = {}
        self._laid_questionnaires: dict[str, LaidQuestionnaire] = {}
        self._laid_series: list[LaidSeries] = []
        self._laid_waves: list[LaidWave] = []
        heads = [each.head for each in self._given]
        self.faults = [fault for each in self._given for fault in each.faults]
        self.faults += [fault for each in [*self._series, *self._waves] for fault in each.faults]
        self.faults += chain.from_iterable(doubled(parts) for parts in (heads, self._series, self._waves))

    async def locks(self, session: AsyncSession) -> Sequence[Lock]:
        keys = [each.head.key for each in self._given]
        versions = await session.scalars(select(Questionnaire.id).where(Questionnaire.key.in_(keys)))
        waves = await session.scalars(self._touched())
        return [*((Questionnaire, each) for each in versions), *((Wave, each.id) for each in waves.all())]

    async def check(self, session: AsyncSession, now: datetime) -> list[str]:
        versions = await session.scalars(select(Questionnaire).order_by(Questionnaire.version))
        self._newest, self._changed = {row.key: row for row in versions}, set()
        self._laid_questionnaires = {
            each.head.key: LaidQuestionnaire(each, self._newest.get(each.head.key))
            for each in self._given
            if each.head.key
        }
        series = {row.key: row for row in await session.scalars(select(Series))}
        self._laid_series = [lay_series(each, series.get(each.key or "")) for each in self._series]
        self._stored = {row.key: row for row in await session.scalars(self._touched())}
        self._laid_waves = [self._lay_wave(each) for each in self._waves]
        faults = chain(self._unknown(), *(laid.faults(self._zone) for laid in self._laid_waves), self._orphans())
        return list(faults)

    async def apply(self, session: AsyncSession, now: datetime) -> LoadReport:
        report = LoadReport()
        for questionnaire in self._laid_questionnaires.values():
            self._write_questionnaire(session, questionnaire, report)
        for series in self._laid_series:
            session.add(series.write())
            _report(report, series.name, is_new=series.row is None, changes=series.changes(self._zone))
        await session.flush()
        consulted_anew = self._move_on()
        for laid in self._laid_waves:
            if laid.is_consulted_anew and laid.row is not None:
                consulted_anew[laid.row.key] = laid.row
            await self._write_wave(session, laid, report, now)
        for wave in consulted_anew.values():
            await consultation.begin(session, wave, self._zone, now)
        report.told += len(await consultation.consulted(session)) if consulted_anew else 0
        return report

    def _touched(self) -> Select[Wave]:
        """The waves of the files, and those unopened that are going to ask what a questionnaire of the files says."""
        is_asked = Questionnaire.key.in_([each.head.key for each in self._given])
        is_named = Wave.key.in_([each.key for each in self._waves])
        query = select(Wave).join(Wave.questionnaire).options(contains_eager(Wave.questionnaire))
        query = query.where(or_(is_named, and_(is_asked, Wave.status.in_(UNOPENED))))
        return query.order_by(Wave.id).execution_options(populate_existing=True)

    def _lay_wave(self, given: Given) -> LaidWave:
        row = self._stored.get(given.key or "")
        return lay(given, row, self._group_families(given, row), is_forced=self._is_forced)

    def _group_families(self, given: Given, row: Wave | None) -> list[str] | None:
        """The families of what the wave asks; None where that is faulty or not known."""
        if row is not None and row.status not in UNOPENED:
            return list(version_of(row.questionnaire).group_families)
        key = given.columns.get("questionnaire_key") or (row.questionnaire.key if row else "")
        if key in self._laid_questionnaires:
            questionnaire = self._laid_questionnaires[key].given
            return None if questionnaire.faults else questionnaire.group_families
        return list(version_of(self._newest[key]).group_families) if key in self._newest else None

    def _unknown(self) -> Iterator[str]:
        """Series and waves that ask what nobody has written."""
        for given in [*self._series, *self._waves]:
            key = given.columns.get("questionnaire_key")
            if key and key not in self._newest and key not in self._laid_questionnaires:
                yield f"{given.place}, questionnaire: there is no questionnaire {key}; load it too"

    def _orphans(self) -> Iterator[str]:
        """Families that waves not in the files have to report by, and that their questionnaire no longer has."""
        named = {each.key for each in self._waves}
        for wave in self._stored.values():
            laid = self._laid_questionnaires.get(wave.questionnaire.key)
            if wave.key in named or laid is None or laid.given.faults:
                continue
            for family in wave.families:
                if family not in (*DIRECTORY_FAMILIES, *laid.given.group_families):
                    yield f"{laid.head.place}, family: wave {wave.key} reports by {family}; change that wave too"

    def _write_questionnaire(self, session: AsyncSession, laid: LaidQuestionnaire, report: LoadReport) -> None:
        changes, name = laid.changes(), laid.name  # before the row is as the file says
        if laid.newest is None:
            report.added.append(laid.summary)
        else:
            _report(report, name, is_new=False, changes=changes)
        if laid.is_different:
            row = laid.write()
            session.add(row)
            self._newest[row.key] = row
            self._changed.add(row.key)

    def _move_on(self) -> dict[str, Wave]:
        """Let unopened waves ask the newest version; those whose running consultation is about another thing now."""
        anew: dict[str, Wave] = {}
        for wave in self._stored.values():
            key = wave.questionnaire.key
            if key in self._changed and wave.status in UNOPENED:
                wave.questionnaire_id = self._newest[key].id
                anew |= {wave.key: wave} if wave.status == "consulting" else {}
        return anew

    async def _write_wave(self, session: AsyncSession, laid: LaidWave, report: LoadReport, now: datetime) -> None:
        changes = laid.changes(self._zone)
        row = laid.write(self._newest[laid.merged.after["questionnaire_key"]])
        session.add(row)
        await session.flush()
        report.kept += laid.kept(self._zone)
        _report(report, laid.name, is_new=laid.row is None, changes=changes)
        if laid.row is None or changes:
            await append(session, WaveLoaded(wave_id=row.id, changes=len(changes) or 1), now, ACTOR)


def _report(report: LoadReport, name: str, *, is_new: bool, changes: Sequence[str]) -> None:
    if is_new:
        report.added.append(name)
    elif changes:
        report.changed.append(f"{name}: {'; '.join(changes)}")
    else:
        report.unchanged.append(name)


PULSE = Room(kinds=KINDS, read=PulseSection)
