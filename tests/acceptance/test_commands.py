"""The commands do what they say, and say in one line what they cannot do."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from engage.cli import COMMANDS, main
from engage.errors import SettingsInvalid
from engage.settings import from_environment
from engage.storage.schema import engine_for_migrations
from tests.acceptance.commands import ROOT, Commands
from tests.site import on_sqlite

EXAMPLES = [str(ROOT / "examples" / name) for name in ("commissioning.toml", "reviews-team.toml")]
AT_ONCE = 2  # processes
WRONG_USAGE = [
    [],
    ["fly"],
    ["load"],
    ["grant", "a@example.org"],
    ["grant", "a@example.org", "emperor"],
    ["grant", "nobody", "admin"],
    ["work", "--once", "--now", "yesterday"],
    ["purge", "--now", "2027-13-01"],
    ["serve", "--port", "many"],
    ["mail"],
    ["mail", "show", "x"],
    ["mail", "retry"],
    ["mail", "retry", "1", "--all-dead"],
    ["sign-in-link"],
]


@pytest.mark.parametrize(
    "call", [[], *([name] for name in COMMANDS), *(["mail", act] for act in ("list", "show", "retry"))]
)
def test_every_command_explains_itself(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*call, "--help"])
    said = capsys.readouterr()
    assert (ended.value.code, said.err) == (0, "")
    assert said.out.startswith(" ".join(["usage: engage", *call]))


@pytest.mark.parametrize("call", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_told_from_failure(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(call)
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert said.err.splitlines()[-1].startswith("engage")


@on_sqlite
def test_process_answers_as_its_command_does(commands: Commands) -> None:
    assert commands.run("purge", "--help", SECRET_KEY=None).code == 0
    assert commands.run("fly").code == 2


@on_sqlite
def test_failures_are_one_line_each(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("slug = = 3")
    (tmp_path / "text.db").write_text("no database at all, however long this text may be" * 50)
    cases: list[tuple[list[str], dict[str, str | None], str]] = [
        (["migrate"], {"SECRET_KEY": None}, "ENGAGE_SECRET_KEY is missing or shorter than 32"),
        (["migrate"], {"DATABASE_URL": "postgresql://127.0.0.1:1/engage"}, "database cannot be used"),
        (["purge"], {"DATABASE_URL": f"sqlite:///{tmp_path}/text.db"}, "not a database"),
        (["mail", "list"], {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}, "has `engage migrate` been run?"),
        (["serve"], {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}, "run `engage migrate` first"),
        (["serve", "--workers", "2"], {}, "SQLite has one writer"),
        (["load", "missing.toml"], {}, "missing.toml"),
        (["load", str(tmp_path)], {}, tmp_path.name),
        (["load", "bad.toml"], {}, "Nothing was loaded. bad.toml"),
        (["sign-in-link", "a@example.org"], {}, "holds no role"),
        (["mail", "show", "7"], {}, "no message 7"),
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ran = pool.map(lambda case: commands.run(*case[0], **case[1]), cases)
        for (call, _, words), each in zip(cases, ran, strict=True):
            assert words in each.complaint, call


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://somewhere/engage"),
        ("BASE_URL", "evenings.example.org"),
        ("TIMEZONE", "Atlantis"),
        ("SMTP_URL", "pigeon://loft"),
        ("MAIL_INBOUND", "smtps://127.0.0.1:2525"),
        ("MAIL_FROM", "the office"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_setting_that_makes_no_sense_is_named_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        from_environment({"ENGAGE_SECRET_KEY": "x" * 40} | {f"ENGAGE_{name}": value})
    assert str(refused.value).startswith(f"ENGAGE_{name}")
    assert len(str(refused.value).splitlines()) == 1


def test_migrating_twice_and_from_two_processes_at_once_is_once(commands: Commands, tmp_path: Path) -> None:
    is_sqlite = commands.settings["DATABASE_URL"].startswith("sqlite")
    fresh: dict[str, str | None] = {"DATABASE_URL": f"sqlite:///{tmp_path}/fresh/new.db"} if is_sqlite else {}
    processes = [commands.start("migrate", **fresh) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    again = commands.run("migrate", **fresh)
    assert again.code == 0
    assert {out for out, _ in said} == {again.out}
    assert "the newest" in again.out


@on_sqlite
def test_examples_are_added_once(commands: Commands) -> None:
    rehearsal = commands.run("load", "--dry-run", *EXAMPLES)
    assert rehearsal.out.startswith("Dry run: nothing was written.\nadded: ")
    first, again = (commands.run("load", *EXAMPLES) for _ in range(2))
    assert (first.code, again.code) == (0, 0)
    assert first.out == rehearsal.out.replace("Dry run: nothing was written.\n", "").replace("would", "will")
    assert "added: " not in again.out
    assert "changed: " not in again.out.replace("unchanged: ", "")
    assert again.out.count("unchanged: ") == first.out.count("added: ")


@on_sqlite
def test_bad_file_loads_nothing_and_names_every_fault(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text('[[open_evening]]\nslug = "A B"\ncolour = "red"\n')
    ran = commands.run("load", EXAMPLES[0], "bad.toml")
    assert "faults, listed above" in ran.complaint
    assert len(ran.out.splitlines()) >= 3
    assert all(line.startswith("bad.toml: open_evening 1") for line in ran.out.splitlines())
    assert "added: " in commands.run("load", EXAMPLES[0]).out, "the sound file was not loaded either"


@on_sqlite
def test_roles_are_given_and_taken(commands: Commands) -> None:
    assert commands.run("grant", "A@Example.org", "organiser", "door").out == "a@example.org holds: door, organiser\n"
    assert commands.run("grant", "a@example.org", "door").out == "a@example.org holds: door, organiser\n"
    link = commands.run("sign-in-link", "a@example.org").out
    assert link.startswith("http://engage.example.org/sign-in/")
    assert commands.run("revoke", "a@example.org", "door", "organiser").out == "a@example.org holds: no role\n"


def test_work_says_what_it_did(commands: Commands) -> None:
    ran = commands.run("work", "--once", "--now", "2027-02-03T12:00:00+00:00")
    assert ran.code == 0
    done = json.loads(ran.out)
    assert {"facts", "sent", "retried", "dead", "lapsed"} <= set(done)
    assert not any(done.values())


def test_database_of_a_newer_version_is_left_alone(commands: Commands) -> None:
    engine = engine_for_migrations(commands.settings["DATABASE_URL"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of_tomorrow'"))
    engine.dispose()
    assert "made by another version of Engage" in commands.run("migrate").complaint
