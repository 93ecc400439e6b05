"""A file laid over what is stored: what was edited since the last load gives way to nothing but force."""

from collections.abc import Mapping
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from engage.events.evenings.file import SlotPart
from engage.files.merging import Merged, merge, plain
from engage.files.shapes import Given

STARTS_AT = datetime(2027, 2, 24, 18, tzinfo=UTC)
STORED = {"key": "1800", "title": None, "starts_at": STARTS_AT, "ends_at": STARTS_AT.replace(hour=19), "capacity": 2}
CAPACITY = st.integers(1, 3)


def lay(
    loaded: Mapping[str, object], *, stored: Mapping[str, object] = STORED, is_forced: bool = False, **columns: object
) -> Merged:
    """A sound table that gives those columns, laid over a stored one."""
    return merge(Given(SlotPart, "a.toml: slot 1", columns, [], set()), stored, loaded, is_forced=is_forced)


@given(CAPACITY, CAPACITY, CAPACITY, st.booleans())
def test_stored_value_stays_where_it_was_edited_and_nothing_is_forced(
    file: int, stored: int, loaded: int, is_forced: bool
) -> None:
    merged = lay({"capacity": loaded}, is_forced=is_forced, stored=STORED | {"capacity": stored}, capacity=file)
    is_kept = file != stored != loaded and not is_forced
    assert merged.after["capacity"] == (stored if is_kept else file)
    assert merged.kept == (("capacity",) if is_kept else ())
    assert merged.changed == (["capacity"] if stored != merged.after["capacity"] else [])


def test_instant_is_compared_with_what_was_loaded() -> None:
    later = STARTS_AT.replace(hour=20)
    assert lay(plain(STORED), starts_at=later).after["starts_at"] == later
    assert lay(plain(STORED | {"starts_at": later}), starts_at=STARTS_AT.replace(hour=17)).kept == ("starts_at",)


def test_key_left_out_keeps_the_stored_value() -> None:
    merged = lay({}, key="1800")
    assert (merged.after, merged.changed) == (STORED, [])


def test_key_that_no_file_ever_gave_counts_as_loaded_with_its_default() -> None:
    assert lay({}, title="First").after["title"] == "First"
    assert lay({}, stored=STORED | {"title": "Edited"}, title="First").after["title"] == "Edited"


def test_new_row_gets_what_is_given_and_defaults_for_the_rest() -> None:
    merged = merge(Given(SlotPart, "a.toml: slot 1", {"key": "1800"}, [], set()), None, {}, is_forced=False)
    assert merged.after == dict.fromkeys(STORED) | {"key": "1800"}
    assert merged.changed == []


def test_faulty_column_is_unknown_rather_than_the_stored_one() -> None:
    given = Given(SlotPart, "a.toml: slot 1", {"key": "1800"}, ["…"], {"ends"})
    assert merge(given, STORED, {}, is_forced=False).after["ends_at"] is None
