"""Loading of TOML files: each top-level table goes to the room that knows it, all or nothing, in one transaction.

Every fault of every file is collected before anything is written, those that only the database can tell included.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import FileFaulty
from engage.files.documents import Document, parse
from engage.files.shapes import Table, shown, tables
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Command, Lock


@dataclass(slots=True)
class LoadReport:
    """What a load did, or would do: one line for each thing, and how many people are told."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    told: int = 0
    is_dry_run: bool = False

    def add(self, other: "LoadReport") -> None:
        self.added += other.added
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.kept += other.kept
        self.told += other.told

    @property
    def text(self) -> str:
        """The report as lines to print."""
        lines = ["Dry run: nothing was written."] if self.is_dry_run else []
        for name in ("added", "changed", "unchanged", "kept"):
            lines += [f"{name}: {each}" for each in getattr(self, name)]
        people = "1 person" if self.told == 1 else f"{self.told:,} people"
        lines.append(f"{people} {'would' if self.is_dry_run else 'will'} be told.")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Entry:
    """One top-level table: ``kind`` is its name, ``place`` where it stands ("reviews-team.toml: open_evening 1")."""

    kind: str
    place: str
    table: Table


class Section(Protocol):
    """What one room read from the files; ``faults`` are those that the files alone show."""

    faults: list[str]

    async def locks(self, session: AsyncSession) -> Sequence[Lock]:
        """The rows to lock first."""

    async def check(self, session: AsyncSession, now: datetime) -> list[str]:
        """Lay the files over what is stored; the faults that show then, those of half-sound tables too."""

    async def apply(self, session: AsyncSession, now: datetime) -> LoadReport:
        """Write what was checked; only called where nothing is faulty."""


@dataclass(frozen=True, slots=True)
class Room:
    """A room that reads some of the top-level tables."""

    kinds: tuple[str, ...]
    read: Callable[[Sequence[Entry], ZoneInfo, bool], Section]  # the entries, the venue's zone, whether it is forced


async def load(
    paths: Iterable[Path],
    *,
    rooms: Sequence[Room],
    unit_of_work: UnitOfWork,
    zone: ZoneInfo,
    now: datetime,
    is_dry_run: bool = False,
    is_forced: bool = False,
    prepare: Callable[[Document], Document] = dict,
) -> LoadReport:
    """Load the files; ``prepare`` may alter each one first. Raises FileFaulty with all faults, and nothing is loaded.

    A dry run does everything and takes it back.
    """
    entries, faults = _read_all(paths, [kind for room in rooms for kind in room.kinds], prepare)
    sections = [room.read([each for each in entries if each.kind in room.kinds], zone, is_forced) for room in rooms]
    for section in sections:
        faults += section.faults
    command = partial(_load, sections, faults, now, is_dry_run)
    try:
        return await _run(command, sections, unit_of_work)
    except IntegrityError:  # somebody added the same row meanwhile: now it is there to be laid over
        return await _run(command, sections, unit_of_work)


def content_of(path: Path) -> bytes:
    """The bytes of a file. Raises FileFaulty where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileFaulty([f"{path}: there is no such file"]) from None
    except OSError as error:
        raise FileFaulty([f"{path}: cannot be read: {error.strerror}"]) from None


class _TakenBack(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, report: LoadReport) -> None:
        self.report = report


async def _run(command: Command[LoadReport], sections: Sequence[Section], unit_of_work: UnitOfWork) -> LoadReport:
    locks = await unit_of_work.run(partial(_locks, sections))
    try:
        return await unit_of_work.run(command, locks=locks)
    except _TakenBack as taken_back:
        return taken_back.report


async def _locks(sections: Sequence[Section], session: AsyncSession) -> list[Lock]:
    return [lock for section in sections for lock in await section.locks(session)]


async def _load(
    sections: Sequence[Section], faults: Sequence[str], now: datetime, is_dry_run: bool, session: AsyncSession
) -> LoadReport:
    found = [*faults]
    for section in sections:
        found += await section.check(session, now)
    if found:
        raise FileFaulty(found)
    report = LoadReport(is_dry_run=is_dry_run)
    for section in sections:
        report.add(await section.apply(session, now))
    await session.flush()
    if is_dry_run:
        raise _TakenBack(report)
    return report


def _read_all(
    paths: Iterable[Path], kinds: Sequence[str], prepare: Callable[[Document], Document]
) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    faults: list[str] = []
    for path in paths:
        try:
            found, wrong = _entries(str(path), prepare(parse(str(path), content_of(path))), kinds)
        except FileFaulty as faulty:
            faults += faulty.faults
        else:
            entries += found
            faults += wrong
    return entries, faults


def _entries(name: str, document: Document, kinds: Sequence[str]) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    faults: list[str] = []
    for kind, value in document.items():
        if kind not in kinds:
            faults.append(f"{name}: {shown(kind)}: is not a known table; there are {', '.join(kinds)}")
            continue
        found, wrong = tables(value, f"{name}: {kind}")
        entries += [Entry(kind, f"{name}: {kind} {number}", table) for number, table in enumerate(found, start=1)]
        faults += wrong
    return entries, faults
