"""Loading questionnaires, series and waves: all or nothing, idempotent, and never behind anybody's back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage.errors import FileFaulty
from engage.journal import JournalEntry
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.models import Questionnaire, Series, Wave
from engage.surveys.waves import closing
from tests.pulse import AUTUMN, CLOSES_AT, CONSULTED_AT, OPENS_AT, QUESTIONNAIRE, SERIES, WAVE, Pulse
from tests.site import on_sqlite

ALL = QUESTIONNAIRE + SERIES + WAVE
REWORDED = ALL.replace("I am treated with respect.", "People treat me with respect.")
EXAMPLE = Path("examples/gptw.toml").read_text()


@pytest.fixture
def pulse(database: Database, unit_of_work: UnitOfWork, settings: Settings, tmp_path: Path, now: datetime) -> Pulse:
    return Pulse(database, unit_of_work, settings, tmp_path, now)


async def faults(pulse: Pulse, *texts: str) -> list[str]:
    with pytest.raises(FileFaulty) as refused:
        await pulse.load(*texts)
    return [fault.replace(f"{pulse.folder}/", "") for fault in refused.value.faults]


async def open_now(pulse: Pulse) -> None:
    await pulse.employ(count=3)
    assert await pulse.open(reason="A test")


async def test_everything_is_added_as_the_file_says(pulse: Pulse) -> None:
    report = await pulse.load(ALL)
    assert report.added == [
        "questionnaire gptw, version 1 (questions: 2, comments: 1, families: 2; about 2 minutes)",
        "series pulse",
        "wave 2027-spring",
    ]
    wave = await pulse.wave()
    assert (wave.status, wave.opens_at, wave.closes_at) == ("draft", OPENS_AT, CLOSES_AT)
    assert (wave.threshold, wave.is_public, wave.reminders_days_before) == (10, False, [7, 2])
    assert wave.families == ["directorate", "grade", "working_group"], "those of one line each have no reports"
    assert [each.months for each in await pulse.every(Series)] == [[4, 10]]


async def test_the_same_file_again_changes_nothing(pulse: Pulse) -> None:
    await pulse.load(ALL)
    before = len(await pulse.every(JournalEntry))
    report = await pulse.load(ALL)
    assert report.unchanged == ["questionnaire gptw, version 1", "series pulse", "wave 2027-spring"]
    assert (report.added, report.changed, report.kept, report.told) == ([], [], [], 0)
    assert len(await pulse.every(JournalEntry)) == before


async def test_a_table_may_stand_in_a_file_of_its_own(pulse: Pulse) -> None:
    assert len((await pulse.load(WAVE, SERIES, QUESTIONNAIRE)).added) == 3
    assert (await pulse.load(WAVE)).unchanged == ["wave 2027-spring"]


async def test_example_loads_twice(pulse: Pulse) -> None:
    first, again = [await pulse.load(EXAMPLE) for _ in range(2)]
    assert [line.split(" (")[0] for line in first.added] == again.unchanged
    assert "about 8 minutes" in first.added[0]


async def test_a_dry_run_writes_nothing(pulse: Pulse) -> None:
    report = await pulse.load(ALL, is_dry_run=True)
    assert len(report.added) == 3
    assert await pulse.every(Questionnaire) == await pulse.every(Series) == await pulse.every(Wave) == []


async def test_a_questionnaire_is_changed_in_place_until_it_is_used(pulse: Pulse) -> None:
    await pulse.load(ALL)
    assert (await pulse.load(REWORDED)).changed == ["questionnaire gptw, version 1: question valued, changed"]
    (only,) = await pulse.every(Questionnaire)
    assert only.content["questions"][0]["text"] == "People treat me with respect."


async def test_a_frozen_questionnaire_stays_and_its_next_version_shows_the_differences(pulse: Pulse) -> None:
    await pulse.load(ALL)
    await open_now(pulse)
    report = await pulse.load(REWORDED)
    assert report.changed == ["questionnaire gptw, version 2: question valued, changed"]
    assert "wave 2027-spring" in report.unchanged
    first, second = await pulse.every(Questionnaire)
    assert (first.is_frozen, second.is_frozen, second.version) == (True, False, 2)
    assert first.content["questions"][0]["text"] == "I am treated with respect."
    assert (await pulse.wave()).questionnaire_id == first.id, "who is asked now is asked what was consulted about"
    assert (await pulse.load(REWORDED)).unchanged[0] == "questionnaire gptw, version 2"


async def test_waves_that_have_not_opened_move_on_to_the_new_version(pulse: Pulse) -> None:
    await pulse.load(ALL + AUTUMN)
    await open_now(pulse)
    await pulse.load(REWORDED)
    assert (await pulse.wave("2027-autumn")).questionnaire.version == 2


async def test_a_question_left_out_is_taken_out(pulse: Pulse) -> None:
    await pulse.load(ALL)
    start, end = ALL.index("  [[questionnaire.comment]]"), ALL.index("  [[questionnaire.family]]")
    report = await pulse.load(ALL[:start] + ALL[end:])
    assert report.changed == ["questionnaire gptw, version 1: comment better, taken out"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I am treated with respect.", "People treat me with respect."),
        ("results_by = 2027-05-31", "results_by = 2027-06-01"),
        ("opens = 2027-04-12T09", "opens = 2027-04-13T09"),
        ('questionnaire = "gptw"\nopens', 'questionnaire = "gptw"\nthreshold = 8\nopens'),
        ('questionnaire = "gptw"\nopens', 'questionnaire = "gptw"\nfamilies = ["grade"]\nopens'),
        ('questionnaire = "gptw"\nopens', 'questionnaire = "gptw"\ntrustees = ["a@x.test", "b@x.test"]\nopens'),
    ],
)
@on_sqlite
async def test_what_is_consulted_about_cannot_change_unnoticed(pulse: Pulse, old: str, new: str) -> None:
    for role in ("pcs", "workforce", "group_lead:working_group:carers", "organiser"):
        await pulse.grant(role)
    await pulse.load(ALL)
    assert await pulse.plan(CONSULTED_AT) == 1
    pulse.now += timedelta(days=3)
    assert old in ALL
    report = await pulse.load(ALL.replace(old, new))
    assert report.told == 3
    wave = await pulse.wave()
    assert (wave.status, wave.consultation_began_at) == ("consulting", pulse.now), "the ten days begin anew"
    assert [
        each.details["is_anew"] for each in await pulse.every(JournalEntry) if each.kind == "ConsultationBegan"
    ] == [
        False,
        True,
    ]


async def test_a_title_can_change_without_a_new_consultation(pulse: Pulse) -> None:
    await pulse.load(ALL)
    await pulse.plan(CONSULTED_AT)
    report = await pulse.load(ALL.replace("Spring 2027", "Spring pulse"))
    assert report.changed == ["wave 2027-spring: title Spring 2027 → Spring pulse"]
    assert (report.told, (await pulse.wave()).consultation_began_at) == (0, CONSULTED_AT)


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("threshold = 8\n", "threshold: the wave has opened, so this cannot be changed any more"),
        ("public = true\n", "public: the wave has opened, so this cannot be changed any more"),
        ('families = ["grade"]\n', "families: the wave has opened, so this cannot be changed any more"),
        (
            "closes = 2027-05-07T17:00:00\n",
            "closes: the wave has opened, so this cannot be changed any more; use engage wave extend",
        ),
    ],
)
@on_sqlite
async def test_what_was_promised_at_the_opening_cannot_change(pulse: Pulse, new: str, fault: str) -> None:
    await pulse.load(ALL)
    await open_now(pulse)
    wave = WAVE.replace("closes = 2027-04-30T17:00:00\n", "") if new.startswith("closes") else WAVE
    assert f"1.toml: wave 1 (2027-spring), {fault}" in await faults(pulse, wave + new)


async def test_an_extended_wave_stays_so_when_its_file_is_loaded_again(pulse: Pulse) -> None:
    await pulse.load(ALL)
    await open_now(pulse)
    until = CLOSES_AT + timedelta(days=7)
    await pulse.act(lambda session, wave: closing.extend(session, wave, until, UTC, pulse.now))  # type: ignore[arg-type]
    report = await pulse.load(ALL)
    assert [line.split(": ")[0] for line in report.kept] == ["wave 2027-spring, closes", "wave 2027-spring, results_by"]
    assert (await pulse.wave()).closes_at == until


async def test_nothing_is_loaded_where_anything_is_faulty(pulse: Pulse) -> None:
    place = "1.toml: questionnaire 1 (gptw)"
    assert await faults(
        pulse,
        QUESTIONNAIRE.replace('"valued"', '"pride"'),
        WAVE.replace('"gptw"', '"other"'),
        SERIES.replace('"gptw"', '"another"'),
        WAVE.replace("2027-04-30", "2027-04-01"),
    ) == [
        f"{place}, question 2, key: pride is already that of {place}, question 1",
        "4.toml: wave 1 (2027-spring), key: 2027-spring is already that of 2.toml: wave 1 (2027-spring)",
        "3.toml: series 1 (pulse), questionnaire: there is no questionnaire another; load it too",
        "2.toml: wave 1 (2027-spring), questionnaire: there is no questionnaire other; load it too",
        "4.toml: wave 1 (2027-spring), closes: must be after opens",
    ]
    assert await pulse.every(Questionnaire) == await pulse.every(Wave) == []


async def test_a_family_that_a_wave_reports_by_cannot_be_taken_out_alone(pulse: Pulse) -> None:
    await pulse.load(ALL)
    without = QUESTIONNAIRE.replace("working_group", "network")
    place = "1.toml: questionnaire 1 (gptw), family"
    assert await faults(pulse, without) == [f"{place}: wave 2027-spring reports by working_group; change that wave too"]
    families = 'families = ["directorate", "network"]\n'
    assert (await pulse.load(without + WAVE + families)).changed[-1] == "wave 2027-spring: families"


async def test_settings_given_later_are_taken(pulse: Pulse) -> None:
    await pulse.load(ALL)
    report = await pulse.load(ALL + 'families = ["grade"]\nthreshold = 20\n')
    assert (report.kept, (await pulse.wave()).families) == ([], ["grade"])
