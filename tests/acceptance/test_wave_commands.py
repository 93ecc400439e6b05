"""The commands of pulse surveys, as an operator runs them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage.cli import main
from tests.acceptance.commands import ROOT, Commands
from tests.pulse import staff_file
from tests.site import on_sqlite

EXAMPLE = str(ROOT / "examples" / "gptw.toml")
AHEAD = datetime.now(UTC).date() + timedelta(days=60)
WAVE = f"""
[[wave]]
key = "next"
questionnaire = "gptw"
opens = {AHEAD}T09:00:00
closes = {AHEAD + timedelta(days=18)}T17:00:00
"""


@pytest.mark.parametrize("act", ["open", "close", "extend", "void"])
def test_every_act_explains_itself(act: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["wave", act, "--help"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: engage wave {act}")


@pytest.mark.parametrize(
    "call",
    [
        ["wave"],
        ["wave", "open"],
        ["wave", "fly", "next"],
        ["wave", "extend", "next"],
        ["wave", "extend", "next", "--until", "later"],
        ["wave", "extend", "next", "--until", "2027-05-07"],
        ["staff"],
        ["staff", "import"],
        ["staff", "export", "a.csv"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_from_failure(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(call)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].startswith("engage")


@on_sqlite
def test_a_wave_is_loaded_opened_extended_closed_and_voided(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_bytes(staff_file(count=12))
    (tmp_path / "next.toml").write_text(WAVE)
    assert commands.run("staff", "import", "staff.csv").out == "added: 12\nchanged: 0\nleft: 0\nunchanged: 0\n"
    assert commands.run("load", EXAMPLE, "next.toml").out.count("added: ") == 4
    assert "needs a reason, which is published" in commands.run("wave", "open", "next").complaint
    opened = commands.run("wave", "open", "next", "--reason", "A rehearsal").out
    assert opened.startswith("next is open until 5pm on ")
    assert opened.endswith(": 12 people are asked.\n")
    assert commands.run("wave", "open", "next").out == "next stays as it was: open.\n"
    until = f"{AHEAD + timedelta(days=25)}T17:00"
    assert commands.run("wave", "extend", "next", "--until", until).out.startswith(
        "next is extended: it closes at 5pm on "
    )
    assert commands.run("wave", "close", "next").out == "next is closed; everybody is told.\n"
    assert "next is closed and cannot be opened again" in commands.run("wave", "open", "next").complaint
    assert "destroyed unopened" in commands.run("wave", "void", "next", "--reason", "A rehearsal").out
    assert "There is no wave none" in commands.run("wave", "close", "none").complaint


@on_sqlite
def test_every_bad_row_of_a_directory_is_listed_and_nobody_is_imported(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "staff.csv").write_bytes(staff_file(",Policy,6", "Bob,,7", count=1))
    ran = commands.run("staff", "import", "staff.csv")
    assert ran.complaint.endswith("2 faults, listed above.")
    assert ran.out.splitlines() == ["staff.csv: line 2, name: is empty", "staff.csv: line 3, directorate: is empty"]
    assert "there is no such file" in commands.run("staff", "import", "none.csv").complaint
    (tmp_path / "staff.csv").write_bytes(staff_file(count=1))
    assert commands.run("staff", "import", "staff.csv").out.startswith("added: 1\n")
