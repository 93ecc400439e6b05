"""The commands of pulse surveys, as an operator runs them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage.cli import main
from engage.settings import Settings
from tests.acceptance.commands import ROOT
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


@dataclass(frozen=True)
class Operator:
    """Runs the commands in this process, and reads what they say."""

    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str | Path) -> str:
        main([str(each) for each in arguments])
        return self.capsys.readouterr().out

    def complaint(self, *arguments: str | Path) -> str:
        """The one line on standard error of a command that did not do it; the faults that it listed come first."""
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in arguments])
        said = self.capsys.readouterr()
        assert (ended.value.code, said.err.count("\n")) == (1, 1)
        return said.out + said.err


@pytest.fixture
def operator(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    monkeypatch.setenv("ENGAGE_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("ENGAGE_DATABASE_URL", settings.database_url)
    return Operator(capsys)


@on_sqlite
def test_a_wave_is_loaded_opened_extended_closed_and_voided(operator: Operator, tmp_path: Path) -> None:
    staff, wave = tmp_path / "staff.csv", tmp_path / "next.toml"
    staff.write_bytes(staff_file(count=12))
    wave.write_text(WAVE)
    assert operator.run("staff", "import", staff) == "added: 12\nchanged: 0\nleft: 0\nunchanged: 0\n"
    assert operator.run("load", EXAMPLE, wave).count("added: ") == 4
    assert "needs a reason, which is published" in operator.complaint("wave", "open", "next")
    opened = operator.run("wave", "open", "next", "--reason", "A rehearsal")
    assert opened.startswith("next is open until 5pm on ")
    assert opened.endswith(": 12 people are asked.\n")
    assert operator.run("wave", "open", "next") == "next: nothing to do, it is open.\n"
    staff.write_bytes(staff_file("Ann,Policy,6", count=12))
    operator.run("staff", "import", staff)
    assert operator.run("wave", "open", "next", "--joiners").endswith(": 13 people are asked.\n")
    until = f"{AHEAD + timedelta(days=25)}T17:00"
    assert operator.run("wave", "extend", "next", "--until", until).startswith("next is extended: it closes at 5pm on ")
    assert operator.run("wave", "close", "next") == "next is closed; everybody is told.\n"
    assert "next is closed and cannot be opened again" in operator.complaint("wave", "open", "next")
    assert "destroyed unopened" in operator.run("wave", "void", "next", "--reason", "A rehearsal")
    assert "There is no wave none" in operator.complaint("wave", "close", "none")


@on_sqlite
def test_every_bad_row_of_a_directory_is_listed_and_nobody_is_imported(operator: Operator, tmp_path: Path) -> None:
    staff = tmp_path / "staff.csv"
    staff.write_bytes(staff_file(",Policy,6", "Bob,,7", count=1))
    assert operator.complaint("staff", "import", staff).splitlines() == [
        f"{staff}: line 2, name: is empty",
        f"{staff}: line 3, directorate: is empty",
        "engage: Nothing was loaded: 2 faults, listed above.",
    ]
    assert "there is no such file" in operator.complaint("staff", "import", tmp_path / "none.csv")
    staff.write_bytes(staff_file(count=1))
    assert operator.run("staff", "import", staff).startswith("added: 1\n")
