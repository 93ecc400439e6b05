"""Several processes may hear replies: one does, and another one when that is gone."""

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path

from aiosmtplib import SMTPException
from sqlalchemy import select

from engage.journal import JournalEntry
from engage.notify.tags import REPLIES, tagged
from engage.notify.watching import look
from engage.settings import Settings
from engage.storage.database import Database
from engage.tokens import Tokens
from tests.acceptance.commands import Commands
from tests.replying import calendar, deliver, mail
from tests.server import Server
from tests.site import on_sqlite

WITHIN = 60.0  # seconds: the machine may be busy with other things


async def take(port: int, recipient: str) -> str:
    """Hand a reply over as a relay does: again and again until somebody listens."""
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                return await deliver(port, recipient, mail(calendar()))
            except (SMTPException, OSError):
                await asyncio.sleep(0.1)


@on_sqlite
async def test_replies_are_heard_by_another_process_when_their_listener_is_killed(
    database: Database, settings: Settings, tokens: Tokens, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    inbound = f"smtp://127.0.0.1:{port}"
    given = {"DATABASE_URL": settings.database_url, "SECRET_KEY": settings.secret_key, "MAIL_INBOUND": inbound}
    recipient = tagged(settings.mail_from, REPLIES, tokens.issue("reply", 7))
    once = Commands(given | {"DATA_DIR": str(tmp_path), "MAIL_FROM": settings.mail_from}, tmp_path)
    assert "hearing replies" not in once.run("work", "--once").err
    async with Server(tmp_path, **given) as first:
        assert (await take(port, recipient)).startswith("250")
        async with Server(tmp_path, **given) as second:
            first.kill()
            assert (await take(port, recipient)).startswith("250")
            assert "hearing replies" in second.log
            now = datetime.now(UTC)
            async with database.reading() as session:
                assert (await look(session, now, now)).listening_since is not None
    async with database.reading() as session:
        heard = await session.scalars(select(JournalEntry).where(JournalEntry.kind == "ReplyHeard"))
        assert len(heard.all()) == 2
