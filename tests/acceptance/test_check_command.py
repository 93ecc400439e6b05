"""What a deployment gets wrong is named, one line each."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from engage.journal import JournalEntry
from engage.storage.database import Database
from tests.acceptance.commands import Commands, Ran
from tests.provider import real_provider
from tests.site import on_sqlite
from tests.smtp_server import SmtpServer

SOUND = {"BASE_URL": "https://evenings.example.org", "CONTACT": "recruitment@example.org"}


def found(ran: Ran) -> dict[str, str]:
    """What was found of each thing, by its first word: ok or fault."""
    lines = [line.split(maxsplit=2) for line in ran.out.splitlines()]
    return {about.rstrip(":"): state for state, about, _ in lines}


async def checked(commands: Commands, **changed: str | None) -> Ran:
    """The command in a process of its own while this one serves as its relay."""
    return await asyncio.to_thread(commands.run, "check", **changed)


async def test_sound_deployment_is_ok_in_every_line(commands: Commands) -> None:
    async with SmtpServer() as relay:
        ran = await checked(commands, **SOUND, SMTP_URL=relay.url)
    assert (ran.code, ran.err) == (0, ""), ran
    assert set(found(ran).values()) == {"ok"}
    assert set(found(ran)) == {
        "settings", "secret", "https", "sender", "contact", "smtp", "database", "schema", "durability", "clock",
    }  # fmt: skip


@on_sqlite
async def test_every_fault_is_named(commands: Commands, tmp_path: Path) -> None:
    given = {
        "SECRET_KEY": "x" * 40,
        "MAIL_FROM": "evenings@elsewhere.example",
        "CONTACT": None,
        "BASE_URL": "http://localhost:8000",
        "DATABASE_URL": f"sqlite:///{tmp_path}/missing.db",
    }
    ran = await checked(commands, **given)
    faulty = {"secret", "https", "sender", "contact", "smtp", "database"}
    assert {about for about, state in found(ran).items() if state == "fault"} == faulty
    assert ran.complaint == "engage: 6 faults, listed above."
    assert not (tmp_path / "missing.db").exists(), "looking makes nothing"


@on_sqlite
async def test_settings_that_make_no_sense_are_the_only_line(commands: Commands) -> None:
    ran = await checked(commands, SECRET_KEY="short")
    assert found(ran) == {"settings": "fault"}
    assert ran.complaint == "engage: 1 fault, listed above."


async def test_database_that_is_not_there_or_not_migrated_is_a_fault(commands: Commands, database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("DROP TABLE alembic_version")
        await connection.commit()
    ran = await checked(commands, **SOUND)
    assert found(ran)["schema"] == "fault"
    gone = {"DATABASE_URL": "postgresql://127.0.0.1:1/engage"}
    assert found(await checked(commands, **SOUND | gone))["database"] == "fault"


@on_sqlite
async def test_clock_behind_the_record_is_a_fault(commands: Commands, database: Database) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    async with database.writing() as session:
        session.add(JournalEntry(kind="X", stream="x:1", occurred_at=ahead, actor="visitor", details={}))
    assert found(await checked(commands, **SOUND))["clock"] == "fault"


@on_sqlite
@pytest.mark.parametrize(
    "url", ["smtp://127.0.0.1:1", "smtp://127.0.0.1:{port}?starttls=required", "smtps://127.0.0.1:{port}"]
)
async def test_relay_that_does_not_let_us_in_is_a_fault(commands: Commands, url: str) -> None:
    async with SmtpServer() as relay:
        ran = await checked(commands, **SOUND, SMTP_URL=url.format(port=relay.port))
    assert found(ran)["smtp"] == "fault"


@on_sqlite
async def test_provider_that_answers_is_told_from_one_that_does_not(commands: Commands, tmp_path: Path) -> None:
    client = {"OIDC_CLIENT_ID": "engage", "OIDC_CLIENT_SECRET": "known to both"}
    async with real_provider(tmp_path) as provider:
        sound = await checked(commands, **client, OIDC_ISSUER=provider.url)
        other = await checked(commands, **client, OIDC_ISSUER=provider.url.replace("127.0.0.1", "localhost") + "/")
    gone = await checked(commands, **client, OIDC_ISSUER=provider.url)
    assert [found(ran)["sign-in"] for ran in (sound, other, gone)] == ["ok", "fault", "fault"]
    assert "http://engage.example.org/oidc/callback" in sound.out
