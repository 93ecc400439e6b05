"""Bytes read as TOML, and documents whose dates move by whole weeks."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.errors import FileFaulty
from engage.files.documents import parse, shift_weeks, weeks_ahead


def faults_of(content: bytes) -> list[str]:
    try:
        parse("a.toml", content)
    except FileFaulty as faulty:
        return faulty.faults
    return []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"a = 1\nb = \n", "line 2, column 5: is not TOML: Invalid value"),
        (b"a = 1\nb", "line 2, column 2: is not TOML: Expected '=' after a key in a key/value pair"),
        (b"a = 2027-02-30", "line 1, column 5: is not TOML: Invalid date or datetime"),
        (b'a = 1\nb = "caf\xe9"', "line 2: is not UTF-8; save the file as UTF-8"),
        (b"a = " + b"[" * 100_000, "is nested too deeply"),
        (b"a = " + b"1" * 10_000, "is not TOML: "),
    ],
)
def test_text_that_is_no_toml_is_one_fault_with_its_place(content: bytes, fault: str) -> None:
    faults = faults_of(content)
    assert len(faults) == 1
    assert faults[0].startswith(f"a.toml: {fault}")


def test_byte_order_mark_is_passed_over() -> None:
    assert parse("a.toml", b"\xef\xbb\xbfa = 1") == {"a": 1}


def test_shifted_evening_keeps_its_weekday_and_what_the_clock_says() -> None:
    table = tomllib.loads("starts = 2019-08-13T17:30:00\nday = 2019-08-12\nlist = [{at = 2019-08-13T17:30:00}]\nn = 1")
    shifted = shift_weeks(table, 10)
    assert shifted == tomllib.loads(
        "starts = 2019-10-22T17:30:00\nday = 2019-10-21\nlist = [{at = 2019-10-22T17:30:00}]\nn = 1"
    )
    assert shift_weeks(shifted, -10) == table


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), st.dates(date(2000, 1, 1), date(2050, 1, 1)))
def test_fewest_weeks_bring_every_date_past_today(first: date, today: date) -> None:
    document = {"a": [{"b": first}], "c": date(2060, 1, 1)}
    weeks = weeks_ahead(document, today)
    assert shift_weeks(document, weeks)["a"][0]["b"] > today
    assert weeks == 0 or shift_weeks(document, weeks - 1)["a"][0]["b"] <= today


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_toml_or_faulty(content: bytes) -> None:
    assert all(fault.startswith("a.toml: ") for fault in faults_of(content))
