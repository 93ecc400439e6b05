import gc
import subprocess
import sys

import pytest

from engage.late import library, unswept, without

LOADED = """
import sys
import engage.app
print(*(name for name in sys.modules if name.startswith(tuple(sys.argv[1:]))))
"""


def test_what_is_loaded_unswept_is_never_looked_through_and_later_garbage_is() -> None:
    before = gc.get_freeze_count()
    with unswept():
        assert not gc.isenabled()
        kept = [[object()]]
    assert gc.isenabled()
    assert gc.get_freeze_count() > before
    gc.unfreeze()
    assert kept


def test_garbage_is_looked_for_again_after_a_library_that_cannot_be_loaded() -> None:
    with pytest.raises(ModuleNotFoundError), unswept():
        raise ModuleNotFoundError
    assert gc.isenabled()


def test_a_library_is_missing_only_as_long_as_it_is_done_without() -> None:
    for _ in ("not yet loaded", "loaded"):
        with without("colorsys"), pytest.raises(ModuleNotFoundError):
            library("colorsys")
        known = library("colorsys")
        assert library("colorsys") is known is sys.modules["colorsys"]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(("sqlalchemy.dialects.postgresql", "psycopg"), id="what speaks to PostgreSQL"),
        pytest.param(("engage.worker", "apscheduler", "aiosmtplib"), id="the worker"),
    ],
)
def test_a_start_on_sqlite_goes_without_what_is_not_needed_to_answer(later: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", LOADED, *later]
    started = subprocess.run(command, check=True, capture_output=True, text=True)
    assert started.stdout.split() == []
