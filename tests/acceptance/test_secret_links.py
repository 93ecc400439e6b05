"""A survey link is in the delivered message, and nowhere else: no table, no log, no command ever shows one."""

import asyncio
from pathlib import Path

import pytest
import structlog
from sqlalchemy import update

from engage.cli import main
from engage.notify.models import OutboxMessage
from engage.surveys.mail.delivered_links import STAND_IN
from tests.conftest import SECRET
from tests.pulse import CONSULTED_AT, OPENS_AT
from tests.site import Site, on_sqlite
from tests.telling import Telling, make_telling, to, tokens_in


@pytest.fixture
async def telling(site: Site, tmp_path: Path) -> Telling:
    telling = await make_telling(site, tmp_path)
    await telling.at(CONSULTED_AT)
    return telling


async def test_no_row_and_no_log_ever_holds_a_link(telling: Telling) -> None:
    site = telling.site
    site.relay.script("RCPT", "451 4.2.0 Busy", "250 OK", "550 5.1.1 Unknown")
    with structlog.testing.capture_logs() as logged:
        sent = await telling.at(OPENS_AT)
        async with site.database.writing() as session:
            await session.execute(update(OutboxMessage).values(leased_until=None))
        links = await telling.links()
    assert [tokens_in(message) for message in sent] == [{links[to(message)]} for message in sent]
    assert sent
    assert logged
    written = repr(await site.dump()) + repr(logged)
    assert STAND_IN.encode() in b"".join(row.content or b"" for row in await telling.pulse.every(OutboxMessage))
    for token in links.values():
        assert token not in written
        assert token[:12] not in written


async def test_file_of_the_database_holds_no_link(telling: Telling) -> None:
    await telling.at(OPENS_AT)
    folder = telling.site.settings.data_dir
    stored = b"".join(file.read_bytes() for file in folder.glob("engage.db*"))
    assert b"http://engage.example.org/pulse/" in stored or telling.site.settings.database_url.startswith("postgresql")
    for token in (await telling.links()).values():
        assert token.encode() not in stored


@on_sqlite
async def test_mail_command_shows_an_invitation_without_its_link(
    telling: Telling, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    telling.site.relay.script("RCPT", *["451 4.2.0 Busy"] * 3)
    await telling.at(OPENS_AT)
    links = await telling.links()
    (first, *_) = [row for row in await telling.pulse.every(OutboxMessage) if row.kind == "Invited"]
    monkeypatch.setenv("ENGAGE_SECRET_KEY", SECRET)
    monkeypatch.setenv("ENGAGE_DATABASE_URL", telling.site.settings.database_url)
    for arguments in (["mail", "show", str(first.id)], ["mail", "list"]):
        await asyncio.to_thread(main, arguments)
    shown = capsys.readouterr().out
    assert "You can answer until" in shown
    assert STAND_IN in shown
    assert not any(token in shown for token in links.values())
