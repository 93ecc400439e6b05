"""What may stand in a file of open evenings, and how each fault is named."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.events.evenings import contradictions
from engage.events.evenings.file import EveningPart, GivenEvening, SlotPart, VacancyPart, read_evening
from engage.files.documents import parse
from engage.files.merging import merge

LONDON = ZoneInfo("Europe/London")
PLACE = "a.toml: open_evening 1"
SOUND: dict[str, Any] = {
    "slug": "reviews-team",
    "title": "Reviews Team",
    "status": "published",
    "slot": [
        {
            "key": "1800",
            "starts": datetime(2027, 9, 24, 18),  # noqa: DTZ001 - a local time
            "ends": datetime(2027, 9, 24, 19),  # noqa: DTZ001
            "capacity": 40,
        }
    ],
    "vacancy": [{"key": "head", "title": "Head", "closes": datetime(2027, 10, 13, 23, 59)}],  # noqa: DTZ001
}


def read(**changed: Any) -> GivenEvening:
    return read_evening(SOUND | changed, PLACE, LONDON)


def read_slot(**changed: Any) -> GivenEvening:
    return read(slot=[SOUND["slot"][0] | changed])


def read_vacancy(**changed: Any) -> GivenEvening:
    return read(vacancy=[SOUND["vacancy"][0] | changed])


def read_local(time: str) -> GivenEvening:
    return read(**tomllib.loads(f"registration_closes = {time}"))


def test_sound_evening_has_no_faults_and_gives_only_what_it_says() -> None:
    evening = read()
    assert evening.faults == []
    assert dict(evening.head.columns) == {"slug": "reviews-team", "title": "Reviews Team", "status": "published"}
    assert evening.slots[0].columns["starts_at"] == datetime(2027, 9, 24, 17, tzinfo=UTC)
    assert evening.vacancies[0].columns["closes_at"] == datetime(2027, 10, 13, 22, 59, tzinfo=UTC)


@pytest.mark.parametrize("example", [Path("examples/commissioning.toml"), Path("examples/reviews-team.toml")], ids=str)
def test_examples_have_no_faults(example: Path) -> None:
    document = parse(example.name, example.read_bytes())
    evenings = [read_evening(table, PLACE, LONDON) for table in document["open_evening"]]
    assert evenings
    assert [fault for evening in evenings for fault in evening.faults] == []
    assert all(evening.slots and evening.vacancies for evening in evenings)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"colour": "red"}, "colour: is not a known key"),
        ({"status": "open"}, "status: must be 'draft', 'published' or 'cancelled'"),
        ({"title": " "}, "title: must not be empty"),
        ({"title": "x" * 201}, "title: must have at most 200 characters"),
        ({"title": "two\nlines"}, "title: must be on one line, without control characters"),
        ({"body": "a bell \a"}, "body: has a control character; take it out"),
        ({"title": 7}, "title: must be text in quotation marks"),
        ({"slug": "Reviews Team"}, "slug: must be small letters, digits and hyphens, such as first-sitting"),
        (
            {"joining_url": "javascript:alert(1)"},
            "joining_url: must be a web address that begins with https:// or http://",
        ),
        ({"joining_url": "https://[broken"}, "joining_url: must be a web address that begins with "),
        ({"ask_by": {"bsl": datetime(2027, 9, 1, 12)}}, "ask_by, bsl: must be a date, such as 2027-09-24"),  # noqa: DTZ001
        ({"joining_url": "https://a b"}, "joining_url: must be a web address that begins with https:// or http://"),
        ({"registration_closes": date(2027, 9, 23)}, "registration_closes: must be a date and a time, such as "),
        (
            {"agenda": [{"at": "18:10", "title": "Talk"}, {"at": "25:00", "title": "x"}]},
            "agenda 2, at: must be a time of day",
        ),
        ({"agenda": "later"}, "agenda: must be a list"),
        ({"materials": [{"title": "Slides"}]}, "materials 1, url: is missing"),
        ({"ask_by": {"bsl": "soon"}}, "ask_by, bsl: must be a date, such as 2027-09-24"),
        ({"timing": 9}, "timing: must be a table"),
        ({"timing": {"hour": 9}}, "timing, hour: must be 'reminder_hour', 'coming_hours_before', "),
        ({"timing": {"reminder_hour": "9"}}, "timing, reminder_hour: must be a whole number"),
        ({"timing": {"reminder_hour": 24}}, "timing: reminder_hour must lie between 0 and 23"),
        ({"timing": {"coming_hours_before": 24}}, "timing: coming_hours_before must be more than release_hours_before"),
        ({"slot": {"key": "1800"}}, "slot: must be tables with double brackets, [[slot]]"),
    ],
)
def test_fault_of_an_evening_is_named_with_its_place(changed: dict[str, Any], fault: str) -> None:
    faults = read(**changed).faults
    slug = changed.get("slug", "reviews-team")
    assert len(faults) == 1
    assert faults[0].startswith(f"{PLACE} ({slug}), {fault}")


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"capacity": 0}, "capacity: must be at least 1"),
        ({"capacity": True}, "capacity: must be a whole number"),
        ({"capacity": 10**30}, "capacity: must be at most 100000"),
        ({"key": "none"}, "key: must not be 'none', which stands for people who cannot come"),
        ({"key": "k" * 41}, "key: must have at most 40 characters"),
    ],
)
def test_fault_of_a_sitting_is_named_with_its_place(changed: dict[str, Any], fault: str) -> None:
    assert read_slot(**changed).faults == [f"{PLACE} (reviews-team), slot 1, {fault}"]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"contact": "nobody at all"}, "contact: must be an email address, such as recruitment@example.org"),
        ({"grade": 7}, "grade: must be text in quotation marks"),
        ({"permanent": "yes"}, "permanent: must be true or false"),
        ({"reminders_days_before": [7, -1]}, "reminders_days_before 2: must be at least 0"),
        ({"interview": []}, "interview: must be a table"),
        ({"vetting": [{"code": "RV", "title": "RV", "order": 0}]}, "vetting 1, order: must be at least 1"),
    ],
)
def test_fault_of_a_vacancy_is_named_with_its_place(changed: dict[str, Any], fault: str) -> None:
    assert read_vacancy(**changed).faults == [f"{PLACE} (reviews-team), vacancy 1, {fault}"]


def test_every_fault_is_found_at_once_and_what_is_sound_is_read_all_the_same() -> None:
    slot = SOUND["slot"][0]
    evening = read(title="", colour="red", slot=[slot | {"capacity": 0}, {"key": "1800"}], vacancy=5)
    assert [fault.removeprefix(f"{PLACE} (reviews-team), ") for fault in evening.faults] == [
        "title: must not be empty",
        "colour: is not a known key",
        "slot 1, capacity: must be at least 1",
        "slot 2, starts: is missing",
        "slot 2, ends: is missing",
        "slot 2, capacity: is missing",
        f"slot 2, key: 1800 is already that of {PLACE} (reviews-team), slot 1",
        "vacancy: must be tables with double brackets, [[vacancy]]",
    ]
    assert evening.head.columns["status"] == "published"


@pytest.mark.parametrize("key", ["slug", "title", "status"])
def test_required_key_is_missed(key: str) -> None:
    table = {name: value for name, value in SOUND.items() if name != key}
    faults = read_evening(table, PLACE, LONDON).faults
    assert [fault.rpartition(", ")[2] for fault in faults] == [f"{key}: is missing"]


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2027-09-23T17:00:00", datetime(2027, 9, 23, 16, tzinfo=UTC)),
        ("2027-12-23T17:00:00", datetime(2027, 12, 23, 17, tzinfo=UTC)),
        ("2027-09-23T17:00:00+02:00", datetime(2027, 9, 23, 15, tzinfo=UTC)),
        ("2027-09-23T17:00:00Z", datetime(2027, 9, 23, 17, tzinfo=UTC)),
        ("2027-10-31T01:30:00", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # occurs twice: the first
        ("2027-10-31T01:30:00Z", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),  # the second, by its offset
    ],
)
def test_local_time_is_the_zones_unless_it_has_an_offset(local: str, instant: datetime) -> None:
    evening = read_local(local)
    assert evening.faults == []
    assert evening.head.columns["registration_closes_at"] == instant


@pytest.mark.parametrize(
    ("local", "fault"),
    [
        ("2027-03-28T01:30:00", "registration_closes: does not exist: the clocks go forward past that time"),
        ("0001-01-01T00:00:00+23:59", "registration_closes: must lie between 2000 and 2100"),
        ("9999-12-31T23:59:59-23:59", "registration_closes: must lie between 2000 and 2100"),
    ],
)
def test_time_that_cannot_be_is_a_fault(local: str, fault: str) -> None:
    assert read_local(local).faults == [f"{PLACE} (reviews-team), {fault}"]


def test_empty_text_empties_what_may_be_left_out() -> None:
    evening = read_vacancy(salary="", contact=" ", apply_url="")
    assert evening.faults == []
    assert [evening.vacancies[0].columns[key] for key in ("salary", "contact", "apply_url")] == [None, None, None]


def test_key_left_out_of_a_table_within_a_table_stays_left_out() -> None:
    evening = read_vacancy(vetting=[{"code": "RV", "title": "Recruitment"}], interview={"minutes": 50})
    assert evening.vacancies[0].columns["vetting"] == [{"code": "RV", "title": "Recruitment"}]
    assert evening.vacancies[0].columns["interview"] == {"minutes": 50}


def test_names_in_any_script_and_markup_are_read_as_they_stand() -> None:
    title = "Ünïcödé 夜会 <b>\"quotes\" & 'more'</b>"
    assert read(title=title).head.columns["title"] == title


def test_control_characters_of_a_file_do_not_reach_the_report() -> None:
    faults = read_evening({"slug": "\x1b[2J", "\x07": 1}, PLACE, LONDON).faults
    assert faults
    assert all(fault.isprintable() for fault in faults)


KEYS = sorted({part.key_of(column) for part in (EveningPart, SlotPart, VacancyPart) for column in part.model_fields})
WORDS = st.sampled_from([*KEYS, "slot", "vacancy", "\x07", ""])
TIMES = st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.times()
SCALARS = st.text(max_size=5) | st.integers() | st.sampled_from([0.5, float("nan"), True]) | TIMES
FLAT = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(WORDS, SCALARS, max_size=3)
JUNK = FLAT | st.lists(st.dictionaries(WORDS, FLAT, max_size=5), max_size=2)


@settings(max_examples=60)
@given(st.dictionaries(WORDS, JUNK, max_size=6))
def test_junk_is_faulty_and_never_an_accident(junk: dict[str, Any]) -> None:
    evening = read_evening(junk, PLACE, LONDON)
    assert evening.faults or {"slug", "title", "status"} <= junk.keys()
    head, *slots = (merge(part, None, {}, is_forced=False) for part in (evening.head, *evening.slots))
    ends = [slot.after["ends_at"] for slot in slots if slot.after["ends_at"]]
    found = [*evening.faults, *contradictions.of_evening(head, ends, ("bsl",), LONDON)]
    for slot in slots:
        found += contradictions.of_sitting(slot, 0, is_draft=True, now=datetime(2027, 2, 3, tzinfo=UTC))
    assert all(fault.startswith(PLACE) and fault.isprintable() for fault in found)
