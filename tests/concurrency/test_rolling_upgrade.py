"""A release with a wider schema comes while people register: no request fails, under the old code or under the new."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from engage.events.models import Registration
from engage.resources import folder
from engage.storage.database import Database
from tests.concurrency.mailbox import Mailbox
from tests.concurrency.stage import books_of, open_evening
from tests.concurrency.visitors import AT_ONCE, WITHIN, Visitors
from tests.conftest import SECRET
from tests.server import Browsers, Server

NEXT = "20991231_expand"
EXPANDING = '''"""What a later release adds."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registration", sa.Column("preferred_name", sa.String(length=100), nullable=True))
    op.create_index("ix_registration_preferred_name", "registration", ["preferred_name"])
    op.create_table("badge", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("colour", sa.String(20)))
'''

pytestmark = [
    pytest.mark.parametrize("database_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True),
    pytest.mark.timeout(1_800),
]


async def test_old_and_new_code_over_the_new_schema_fail_no_request(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    await _upgrade_under_visitors(database, mailbox, tmp_path, between=16)


@pytest.mark.prove
async def test_an_upgrade_under_a_long_burst_fails_no_request(
    database: Database, mailbox: Mailbox, tmp_path: Path
) -> None:
    await _upgrade_under_visitors(database, mailbox, tmp_path, between=500)


async def test_new_code_is_not_ready_over_the_old_schema_and_old_code_is_over_the_new(
    database: Database, tmp_path: Path
) -> None:
    told = []
    async with Server(tmp_path, DATABASE_URL=database.url) as server, Browsers(server.url) as browsers:
        for revision in (NEXT, "20000101_early"):
            async with database.writing() as session:
                await session.execute(text("UPDATE alembic_version SET version_num = :name"), {"name": revision})
            told.append((await browsers.get("/health/ready")).json())
    assert told == [{"status": "ready"}, {"status": "not ready", "schema": "older than this version needs"}]


async def _upgrade_under_visitors(database: Database, mailbox: Mailbox, tmp_path: Path, *, between: int) -> None:
    evening = await open_evening(database, 100_000)
    given = {"DATABASE_URL": database.url, "SMTP_URL": mailbox.url}
    old, new = Server(tmp_path, **given), Server(tmp_path, **given)
    new.code = _release(tmp_path / "release")
    async with old, Browsers(old.url) as at_old, Browsers(new.url) as at_new:
        visitors = Visitors(await at_old.open(evening), [at_old])
        lines = [asyncio.create_task(visitors.come(line)) for line in range(AT_ONCE)]
        await visitors.until(between)
        async with database.reading() as session:
            await session.scalar(select(func.count(Registration.id)))  # somebody who reads for long, such as a backup
            migrating = asyncio.create_task(_migrate(new.code, database.url))
            await visitors.until(between)
        assert f"{NEXT}, the newest" in await migrating
        await visitors.until(between)
        async with new:
            visitors.sites = [at_old, at_new]
            await visitors.until(between)
            visitors.sites = [at_new]
            await visitors.until(between)
            await old.stop()  # which ends what is under way
            await visitors.until(between)
            visitors.is_over = True
            await asyncio.gather(*lines)
            await mailbox.hold(visitors.confirmed, WITHIN)
    books = await books_of(database)
    books.check()
    assert visitors.faults == []
    assert visitors.statuses == {200, 303}
    assert visitors.confirmed == books.confirmed


def _release(at: Path) -> Path:
    """A checkout of it, in which only the migrations are its own."""
    at.mkdir()
    for each in folder("migrations").parent.iterdir():
        if each.name in ("engage", "templates", "examples"):
            (at / each.name).symlink_to(each)
    shutil.copytree(folder("migrations"), at / "migrations")
    before = ScriptDirectory(str(folder("migrations"))).get_current_head()
    (at / "migrations" / "versions" / f"{NEXT}.py").write_text(EXPANDING.format(revision=NEXT, before=before))
    return at


async def _migrate(code: Path, url: str) -> str:
    """What `engage migrate` of that release says."""
    environment = os.environ | {"ENGAGE_DATABASE_URL": url, "ENGAGE_SECRET_KEY": SECRET}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "engage", "migrate"), cwd=code, env=environment, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return out.decode()
