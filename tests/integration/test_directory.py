"""The staff directory becomes what its file says: all of it or nothing, and the same again changes nothing."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engage.people.directory import ImportReport, import_staff
from engage.people.models import Staff
from engage.people.staff_file import read
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.pulse import HEAD, Pulse, staff_file
from tests.site import on_sqlite

MANY = 100_000
LONGEST = 60  # seconds, on a machine that is busy with ten other things


@pytest.fixture
def pulse(database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime) -> Pulse:
    return Pulse(database, unit_of_work, settings, tmp_path, now)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.left, report.unchanged


async def test_people_are_added_changed_and_left_and_nobody_twice(pulse: Pulse) -> None:
    assert counts(await pulse.employ("Ann,Policy,6", "Bob,Audit,7", "Cem,Audit,7")) == (3, 0, 0, 0)
    ids = {email: person.id for email, person in (await pulse.staff()).items()}
    assert counts(await pulse.employ("Ann,Policy,6", "Bob,Policy,7")) == (0, 1, 1, 1)
    staff = await pulse.staff()
    assert {email: person.id for email, person in staff.items()} == ids
    assert staff["person1@example.org"].directorate == "Policy"
    assert [person.left_at for person in staff.values()] == [None, None, pulse.now]


async def test_the_same_file_again_changes_nothing(pulse: Pulse) -> None:
    await pulse.employ("Ann,Policy,6", "Bob,Audit,7")
    await pulse.employ("Ann,Policy,6")
    before = pulse.now
    pulse.now += timedelta(days=1)
    assert counts(await pulse.employ("Ann,Policy,6")) == (0, 0, 0, 1)
    assert (await pulse.staff())["person1@example.org"].left_at == before, "the day of leaving stays"


async def test_whoever_comes_back_is_the_same_person(pulse: Pulse) -> None:
    await pulse.employ("Ann,Policy,6", "Bob,Audit,7")
    await pulse.employ("Ann,Policy,6")
    assert counts(await pulse.employ("Ann,Policy,6", "Bob,Audit,7")) == (0, 1, 0, 1)
    assert [person.left_at for person in (await pulse.staff()).values()] == [None, None]


async def test_small_groups_and_a_guessed_encoding_are_named(pulse: Pulse) -> None:
    rows = "\n".join([HEAD, *(f"a{number}@example.org,Zoë,Policy,6" for number in range(5)), "b@example.org,B,Audit,6"])
    report = await import_staff(pulse.unit_of_work, read("staff.csv", rows.encode("cp1252")), pulse.now)
    assert report.text.splitlines() == [
        "added: 6",
        "changed: 0",
        "left: 0",
        "unchanged: 0",
        "note: the file is not UTF-8 and was read as Windows-1252; look whether names with accents are right",
        "note: directorates with fewer than 5 people, never shown by themselves: Audit (1)",
    ]


async def test_two_imports_at_the_same_instant_leave_each_person_once(pulse: Pulse, settings: Settings) -> None:
    others = [UnitOfWork(pulse.database), UnitOfWork(pulse.database)]
    file = read("staff.csv", staff_file(count=50))
    reports = await asyncio.gather(*(import_staff(other, file, pulse.now) for other in others))
    assert sorted(counts(report) for report in reports) == [(0, 0, 0, 50), (50, 0, 0, 0)]
    assert len(await pulse.every(Staff)) == 50
    for other in others:
        await other.close()


@on_sqlite
async def test_a_hundred_thousand_people_are_imported_in_bounded_time(pulse: Pulse) -> None:
    began = time.monotonic()
    content = staff_file(count=MANY)
    assert counts(await import_staff(pulse.unit_of_work, read("staff.csv", content), pulse.now)) == (MANY, 0, 0, 0)
    assert time.monotonic() - began < LONGEST
