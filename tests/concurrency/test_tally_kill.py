"""`kill -9` of a tally: everything is as it was, no child of it lives on, and the next one counts the same."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from tests.acceptance.commands import ROOT
from tests.answered import Voter, closed_wave, tables, tally

VOTERS = [Voter(answers={"valued": 4, "pride": 5}, comments={"better": "Light"})] * 40
BEGIN = """
import asyncio, os, signal, sys
from engage.storage.database import Database
from engage.surveys.tally import tallying
from engage.storage.unit_of_work import UnitOfWork
from tests import answered

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def main(url):
    database = Database(url)
    unit_of_work = UnitOfWork(database)
"""
WHILE_OPENING = (
    BEGIN
    + """
    wave = await answered.find(database, "2027-spring")
    key = answered.custody.unwrap_private_key(answered.SECRET, wave.key, wave.wrapped_private_key)
    await tallying.tally(database, unit_of_work, wave, key, answered.COUNTED_AT, say=die)

asyncio.run(main(sys.argv[1]))
"""
)
BEFORE_THE_COMMIT = (
    BEGIN
    + """
    write = tallying._write
    async def write_and_die(session, *given, **named):
        assert await write(session, *given, **named)
        await session.flush()
        die()
    tallying._write = write_and_die
    await answered.tally(database, unit_of_work)

asyncio.run(main(sys.argv[1]))
"""
)

WITH_CHILDREN = """
import os, signal
from engage.surveys.tally.boxes import Boxes
from engage.surveys.tally.unsealing import FEW, openers

with openers(FEW + 1, cores=2) as several:
    assert several.open(list, Boxes.of([b"box"])) == [b"box"]
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("script", [WHILE_OPENING, BEFORE_THE_COMMIT], ids=["while opening", "before the commit"])
async def test_killed_tally_changes_nothing_and_can_be_begun_again(
    database: Database, unit_of_work: UnitOfWork, tmp_path: Path, script: str
) -> None:
    await closed_wave(database, VOTERS)
    before = await tables(database)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, database.url, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}
    )
    assert await process.wait() == -signal.SIGKILL
    assert await tables(database) == before
    assert await tally(database, unit_of_work)
    (row,) = (await tables(database))["tally"]
    assert row["content"]["certificate"]["counted"] == 40


async def test_children_end_with_the_tally_that_was_killed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WITH_CHILDREN, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(30):
        _, complaints = await process.communicate()  # for as long as anybody could still write some
    assert (process.returncode, complaints) == (-signal.SIGKILL, b"")
