"""How long it takes to open a wave and to put everybody's invitation into the outbox, and in how much memory.

    python -m bench.invitations [--short] [--databases sqlite postgresql]

Each number of people gets an empty database and a process of its own, whose peak of memory is measured; memory is
constant where the peak does not grow with the number. Nothing is delivered.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bench.databases import KINDS, fresh
from engage import journal
from engage.commands.running import Workplace, workplace
from engage.files.loading import load
from engage.journal import Subscriber
from engage.notify.models import OutboxMessage
from engage.people.models import Staff
from engage.resources import folder
from engage.settings import Settings, from_environment
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.messages import WaveMessages, tell_all
from engage.surveys.models import Wave
from engage.surveys.questionnaires.loading import PULSE
from engage.surveys.waves import opening
from engage.surveys.waves.rounds import act, find

SIZES = (1_000, 10_000, 100_000)
OPENED_AT = datetime(2027, 4, 12, 8, 0, tzinfo=UTC)
AT_ONCE = 5_000  # rows of one statement
WAVE = """
[[wave]]
key = "bench"
title = "Measured"
questionnaire = "gptw"
opens = 2027-04-12T09:00:00
closes = 2027-04-30T17:00:00
"""


def _settings(url: str) -> Settings:
    return from_environment({"ENGAGE_SECRET_KEY": "x" * 40, "ENGAGE_DATABASE_URL": url})


async def prepare(url: str, size: int) -> None:
    """A wave, and that many people to ask."""
    given = _settings(url)
    with tempfile.TemporaryDirectory() as place:
        wave = Path(place) / "wave.toml"
        wave.write_text(WAVE)
        async with workplace(given) as at:
            files = [folder("examples") / "gptw.toml", wave]
            await load(files, rooms=[PULSE], unit_of_work=at.unit_of_work, zone=given.zone, now=OPENED_AT)
            for some in _slices(size):
                await at.unit_of_work.run(partial(_employ, some))


async def measure(url: str) -> dict[str, float]:
    """Open the wave and invite everybody; what the whole process took."""
    given = _settings(url)
    async with workplace(given) as at:
        begun = perf_counter()
        await act(at.unit_of_work, await find(at.database, "bench"), partial(_open, given))
        opened = perf_counter()
        letters = WaveLetters(given)
        subscribers = {"wave_messages": Subscriber(WaveMessages(letters).hear)}
        await journal.follow(at.database, at.unit_of_work, subscribers, OPENED_AT, datetime.now(UTC))
        made = await tell_all(at.database, at.unit_of_work, letters, OPENED_AT)
        lasted = perf_counter() - opened
        await _see_that_all_are_there(at, made)
    return {
        "people": made,
        "opening_seconds": round(opened - begun, 2),
        "invitations_per_second": round(made / lasted),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


async def _see_that_all_are_there(at: Workplace, made: int) -> None:
    async with at.database.reading() as session:
        count = await session.scalar(select(func.count()).select_from(OutboxMessage))
    if count != made:
        raise SystemExit(f"{count} invitations lie in the outbox, and {made} were made")


async def _open(given: Settings, session: AsyncSession, wave: Wave) -> bool:
    return await opening.open_wave(session, wave, given, OPENED_AT, reason="To measure it")


async def _employ(some: range, session: AsyncSession) -> None:
    rows = [
        {
            "email": f"person{number}@example.org",
            "name": f"Somebody {number}",
            "directorate": f"Directorate {number % 12}",
            "grade": str(number % 7),
        }
        for number in some
    ]
    await session.execute(insert(Staff), rows)


def _slices(size: int) -> Iterator[range]:
    return (range(first, min(first + AT_ONCE, size)) for first in range(0, size, AT_ONCE))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.invitations", description=__doc__)
    parser.add_argument("--short", action="store_true", help="without the largest number")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--prepared", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.prepared:
        print(json.dumps(asyncio.run(measure(given.prepared))))
        return
    for kind in given.databases:
        for size in SIZES[:-1] if given.short else SIZES:
            with fresh(kind) as url:
                asyncio.run(prepare(url, size))
                command = [sys.executable, "-m", "bench.invitations", "--prepared", url]
                said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(json.dumps({"measurement": "invitations", "database": kind} | json.loads(said)), flush=True)


if __name__ == "__main__":
    main()
