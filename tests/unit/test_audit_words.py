"""Every fact has words for those who look into the journal."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

import pytest

import engage
from engage.audit.words import HIDDEN, WORDS, about, title_of, words_of
from engage.journal import Fact
from engage.surveys.follow_up.action_facts import due_stream

LONDON = ZoneInfo("Europe/London")
INSTANT, DAY = "2027-07-01T17:30:00+00:00", "2027-07-01"

for module in pkgutil.walk_packages(engage.__path__, "engage."):
    if module.name.endswith("facts"):
        importlib.import_module(module.name)


def facts(parent: type[Fact]) -> Iterator[type[Fact]]:
    """Every fact that somebody writes: what only gathers others ends in Fact."""
    for fact in parent.__subclasses__():
        yield from facts(fact)
        if not fact.__name__.endswith("Fact") and fact.__module__.startswith("engage."):
            yield fact


FACTS = sorted(facts(Fact), key=lambda fact: fact.__name__)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.__name__)
def test_every_fact_has_words_for_what_it_holds(fact: type[Fact]) -> None:
    name = fact.__name__
    if name in HIDDEN:
        return
    assert name in WORDS, f"engage/audit/words.py has no words for {name}"
    for variant in (name, *(key for key in WORDS if key.startswith(f"{name}:"))):
        flag = variant.partition(":")[2]
        assert not flag or flag in fact.model_fields
        WORDS[variant].format_map(dict.fromkeys(fact.model_fields, "x"))


def test_no_words_outlive_their_fact() -> None:
    assert {name.partition(":")[0] for name in WORDS} <= {fact.__name__ for fact in FACTS}


def test_instants_and_days_are_said_in_the_venues_time() -> None:
    assert words_of("WaveExtended", {"closes_at": INSTANT}, LONDON) == "Extended until 6:30pm on Thursday 1 July 2027"
    due = words_of("ActionDue", {"action_id": 3, "due_on": DAY}, LONDON)
    assert due == "Owner of action 3 reminded that it is due on Thursday 1 July 2027"


@pytest.mark.parametrize(("is_awaited", "expected"), [(True, "waits for confirmation"), (False, "given the role pcs")])
def test_what_is_so_has_words_of_its_own(is_awaited: bool, expected: str) -> None:
    assert expected in words_of("RoleGranted", {"role": "pcs", "is_awaited": is_awaited, "account_id": 1}, LONDON)


def test_kind_of_another_version_is_named() -> None:
    assert words_of("SlotPainted", {"colour": "red"}, LONDON) == "Slot painted"
    assert title_of("PlaceConfirmed") == "Place confirmed"


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        ("open_evening:3", "open evening 3"),
        ("wave:1", "pulse wave 1"),
        ("odd_one", "odd one"),
        (due_stream(2, date(2026, 2, 9)), "action 2, due on Monday 9 February 2026"),
    ],
)
def test_stream_is_named(stream: str, expected: str) -> None:
    assert about(stream, LONDON) == expected
