"""Loading files of open evenings: all or nothing, idempotent, and careful with what was edited since."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engage.errors import FileFaulty
from engage.events.models import ACCESS_NEEDS, OpenEvening
from engage.files.documents import shift_weeks, weeks_ahead
from engage.journal import JournalEntry
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.loader import EVENING, FIRST, HEAD, SECOND, VACANCY, Loader

EXAMPLES = [Path("examples/commissioning.toml"), Path("examples/reviews-team.toml")]
NAME = "open evening reviews-team"


@pytest.fixture
def loader(database: Database, unit_of_work: UnitOfWork, tmp_path: Path, now: datetime) -> Loader:
    return Loader(database, unit_of_work, tmp_path, now)


async def faults(loader: Loader, *texts: str | bytes) -> list[str]:
    with pytest.raises(FileFaulty) as refused:
        await loader.load(*texts)
    return [fault.replace(f"{loader.folder}/", "") for fault in refused.value.faults]


async def count_rows(database: Database) -> int:
    async with database.reading() as session:
        evenings = await session.scalar(select(func.count()).select_from(OpenEvening))
        entries = await session.scalar(select(func.count()).select_from(JournalEntry))
    return (evenings or 0) + (entries or 0)


async def test_evening_is_added_as_the_file_says(loader: Loader) -> None:
    report = await loader.load(EVENING)
    assert report.added == [f"{NAME} (sittings: 2, vacancies: 1)"]
    assert (report.changed, report.unchanged, report.kept, report.told) == ([], [], [], 0)
    evening = await loader.evening()
    assert [slot.starts_at for slot in evening.slots] == [
        datetime(2027, 2, 24, 18, tzinfo=UTC),
        datetime(2027, 2, 24, 19, 30, tzinfo=UTC),
    ]
    assert evening.vacancies[0].reminders_days_before == [7, 1]
    assert await loader.facts("EveningLoaded") == [("EveningLoaded", {"open_evening_id": evening.id, "changes": 1})]


async def test_the_same_file_again_changes_nothing(loader: Loader, database: Database) -> None:
    await loader.load(EVENING)
    rows = await count_rows(database)
    report = await loader.load(EVENING)
    assert report.unchanged == [NAME]
    assert (report.added, report.changed, report.kept) == ([], [], [])
    assert report.text == f"unchanged: {NAME}\n0 people will be told."
    assert await count_rows(database) == rows


async def test_examples_load_twice_and_in_the_future(loader: Loader, now: datetime) -> None:
    assert EXAMPLES
    first = await loader.load_files(
        *EXAMPLES, prepare=lambda document: shift_weeks(document, weeks_ahead(document, now.date()))
    )
    assert len(first.added) == len(EXAMPLES)
    again = await loader.load_files(
        *EXAMPLES, prepare=lambda document: shift_weeks(document, weeks_ahead(document, now.date()))
    )
    assert len(again.unchanged) == len(EXAMPLES)
    evening = await loader.evening("commissioning")
    assert all(slot.starts_at > now for slot in evening.slots)


async def test_changed_keys_are_written_and_named(loader: Loader) -> None:
    await loader.load(EVENING)
    text = EVENING.replace('"Reviews Team"', '"Reviews"').replace("capacity = 2", "capacity = 3", 1)
    third = SECOND.replace("1930", "2100").replace("T20:30", "T22:30").replace("T19:30", "T21:30")
    report = await loader.load(text + third)
    assert report.changed == [f"{NAME}: title Reviews Team → Reviews; slot 1800, capacity 2 → 3; slot 2100, added"]
    evening = await loader.evening()
    assert evening.title == "Reviews"
    assert [slot.capacity for slot in evening.slots] == [3, 2, 2]


async def test_what_is_left_out_stays_and_is_named(loader: Loader) -> None:
    await loader.load(EVENING)
    report = await loader.load(HEAD.replace('venue = "City Hall"', "") + SECOND)
    assert report.unchanged == [NAME]
    assert report.kept == [f"{NAME}, slot 1800: is not in the file", f"{NAME}, vacancy caseworker: is not in the file"]
    evening = await loader.evening()
    assert evening.venue == "City Hall"
    assert [slot.key for slot in evening.slots] == ["1800", "1930"]


@pytest.mark.parametrize("file", [EVENING, EVENING.replace("City Hall", "Town Hall")], ids=["same", "changed"])
async def test_what_was_edited_since_stays_and_is_named(loader: Loader, file: str) -> None:
    await loader.load(EVENING)
    await loader.edit(venue="Palestra")
    for _ in range(2):
        report = await loader.load(file)
        (kept,) = report.kept
        assert kept.startswith(f"{NAME}, venue: Palestra, not ")
        assert (await loader.evening()).venue == "Palestra"
    assert (await loader.load(file, is_forced=True)).kept == []
    assert f'venue = "{(await loader.evening()).venue}"' in file
    assert (await loader.load(file)).unchanged == [NAME]


async def test_what_was_never_in_a_file_but_edited_stays(loader: Loader) -> None:
    await loader.load(EVENING)
    await loader.edit(host="Deputy Mayor")
    host = 'host = "Head of Reviews"\n'
    report = await loader.load(HEAD + host + FIRST + SECOND + VACANCY)
    assert len(report.kept) == 1
    assert (await loader.evening()).host == "Deputy Mayor"


async def test_what_was_never_in_a_file_nor_edited_is_taken(loader: Loader) -> None:
    await loader.load(EVENING)
    await loader.load(HEAD + 'host = "Head of Reviews"\n' + FIRST + SECOND + VACANCY)
    assert (await loader.evening()).host == "Head of Reviews"


async def test_edit_of_one_sitting_stays_while_the_other_is_changed(loader: Loader) -> None:
    await loader.load(EVENING)
    await loader.edit(slot="1800", capacity=7)
    report = await loader.load(EVENING.replace("capacity = 2", "capacity = 5"))
    assert len(report.kept) == 1
    assert [slot.capacity for slot in (await loader.evening()).slots] == [7, 5]


async def test_dry_run_reports_the_same_and_writes_nothing(loader: Loader, database: Database) -> None:
    await loader.load(EVENING)
    await loader.register("a@example.org")
    rows = await count_rows(database)
    text = EVENING.replace("T18:00", "T17:30")
    dry = await loader.load(text, is_dry_run=True)
    assert dry.text.splitlines()[0] == "Dry run: nothing was written."
    assert dry.text.splitlines()[-1] == "1 person would be told."
    assert await count_rows(database) == rows
    real = await loader.load(text)
    assert (dry.changed, dry.told) == (real.changed, real.told)


async def test_one_faulty_file_keeps_the_others_out_and_all_faults_are_named(
    loader: Loader, database: Database
) -> None:
    texts = EVENING, HEAD + FIRST.replace("= 2\n", "= 0\n"), "[[wave]]\n", "x = ", b"\xff", "open_evening = 1"
    place = "open_evening 1 (reviews-team)"
    assert await faults(loader, *texts) == [
        "3.toml: wave: is not a known table; there are open_evening",
        "4.toml: line 1, column 5: is not TOML: Invalid value",
        "5.toml: line 1: is not UTF-8; save the file as UTF-8",
        "6.toml: open_evening: must be tables with double brackets, [[open_evening]]",
        "2.toml: open_evening 1 (reviews-team), slot 1, capacity: must be at least 1",
        f"2.toml: {place}, slug: reviews-team is already that of 1.toml: {place}",
    ]
    assert await count_rows(database) == 0


async def test_missing_file_is_one_clear_line(loader: Loader) -> None:
    with pytest.raises(FileFaulty) as refused:
        await loader.load_files(loader.folder / "none.toml")
    assert refused.value.faults == [f"{loader.folder}/none.toml: there is no such file"]


async def test_folder_is_one_clear_line(loader: Loader) -> None:
    with pytest.raises(FileFaulty, match="cannot be read: Is a directory"):
        await loader.load_files(loader.folder)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (EVENING.replace("T19:00", "T18:00"), "slot 1, ends: must be after starts"),
        (
            EVENING.replace('"published"', '"cancelled"'),
            "cancel_reason: is missing; say why, for everybody who is told",
        ),
        (
            EVENING.replace("venue", "registration_closes = 2027-02-24T20:30:01\nvenue"),
            "registration_closes: must not be after the end of the last sitting",
        ),
        (
            EVENING.replace("venue", "ask_by = {bsl = 2027-02-25}\nvenue"),
            "ask_by, bsl: must not be after the day of the last sitting",
        ),
        (
            EVENING.replace("venue", "ask_by = {braille = 2027-02-20}\nvenue"),
            f"ask_by, braille: is not an access need; write one of {', '.join(ACCESS_NEEDS)}",
        ),
    ],
)
async def test_contradiction_is_refused(loader: Loader, database: Database, text: str, fault: str) -> None:
    assert await faults(loader, text) == [f"1.toml: open_evening 1 (reviews-team), {fault}"]
    assert await count_rows(database) == 0


async def test_contradiction_with_what_is_stored_is_refused(loader: Loader) -> None:
    await loader.load(EVENING.replace("venue", "registration_closes = 2027-02-24T12:00:00\nvenue"))
    (fault,) = await faults(loader, EVENING.replace("2027-02-24", "2027-02-22"))
    assert fault.endswith("registration_closes: must not be after the end of the last sitting")


async def test_fault_in_one_table_hides_no_contradiction_and_makes_up_none(loader: Loader) -> None:
    await loader.load(EVENING)
    text = EVENING.replace('"Reviews Team"', '""').replace("T20:30", "T19:30").replace("2027-02-24T19:00:00", '"soon"')
    assert await faults(loader, text) == [
        "1.toml: open_evening 1 (reviews-team), title: must not be empty",
        "1.toml: open_evening 1 (reviews-team), slot 1, ends: must be a date and a time, such as 2027-09-24T18:00:00",
        "1.toml: open_evening 1 (reviews-team), slot 2, ends: must be after starts",
    ]


async def test_capacity_below_the_places_given_is_refused_with_the_numbers(loader: Loader) -> None:
    await loader.load(EVENING)
    await loader.register("a@example.org", party=2)
    (fault,) = await faults(loader, EVENING.replace("capacity = 2", "capacity = 1", 1))
    assert fault.endswith("slot 1, capacity: 1 is fewer than the 2 places already given or offered")
    assert (await loader.evening()).slots[0].capacity == 2


async def test_sitting_that_is_over_cannot_be_moved(loader: Loader, now: datetime) -> None:
    await loader.load(EVENING)
    loader.now = now + timedelta(weeks=4)
    found = await faults(loader, EVENING.replace("02-24T18:00", "03-24T18:00").replace("02-24T19:00", "03-24T19:00"))
    assert len(found) == 1
    assert "slot 1, starts: this sitting is over" in found[0]


async def test_sitting_cannot_be_moved_into_the_past(loader: Loader) -> None:
    await loader.load(EVENING)
    found = await faults(loader, EVENING.replace("02-24T18:00", "01-24T18:00").replace("02-24T19:00", "01-24T19:00"))
    assert found == ["1.toml: open_evening 1 (reviews-team), slot 1, starts: would move the sitting into the past"]


async def test_draft_can_be_moved_out_of_the_past(loader: Loader) -> None:
    draft = EVENING.replace("published", "draft")
    await loader.load(draft.replace("2027-02-24", "2019-02-24"))
    assert (await loader.load(draft)).told == 0
    assert (await loader.evening()).slots[0].starts_at.year == 2027


async def test_two_who_load_the_same_new_evening_at_once_add_it_once(loader: Loader, database: Database) -> None:
    path = loader.folder / "1.toml"
    path.write_text(EVENING)
    others = [Loader(database, UnitOfWork(database), loader.folder, loader.now) for _ in range(3)]
    reports = await asyncio.gather(*(each.load_files(path) for each in (loader, *others)))
    assert sorted((len(report.added), len(report.unchanged)) for report in reports) == [(0, 1), (0, 1), (0, 1), (1, 0)]
