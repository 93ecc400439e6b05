"""How small it is when it is small: the command's help, the time until it serves, and memory, on SQLite.

    python -m bench.small [--short]

One process is web and worker, on the demo's data. Memory is what is resident after all kinds of pages were read and the
worker has done what there was to do; shared libraries count whole.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import httpx2
from sqlalchemy import exists, or_, select

from bench.databases import fresh
from bench.load import Measured
from engage.commands.running import workplace
from engage.demo.play import play
from engage.demo.stage import Stage
from engage.journal import PendingFact
from engage.notify.models import OutboxMessage
from engage.settings import from_environment
from engage.storage.database import Database
from tests.conftest import SECRET

PAGES = ("/open-evenings", "/open-evenings/commissioning", "/open-evenings/commissioning/register", "/sign-in", "/mail")
READ = 20  # times each page
KILOBYTES = 1_024
LOOK_SECONDS = 0.1


class Small(Measured):
    """The server with its worker, as the demo has it."""

    @property
    def resident(self) -> float:
        """Megabytes."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / KILOBYTES


async def set_stage(url: str) -> None:
    """The demo's data."""
    given = from_environment({"ENGAGE_SECRET_KEY": SECRET, "ENGAGE_DATABASE_URL": url, "ENGAGE_IS_DEMO": "yes"})
    async with workplace(given) as at:
        await play(Stage(given, at.database, at.unit_of_work, at.tokens, datetime.now(UTC)))


def helped() -> float:
    """Seconds of `engage --help`."""
    begun = perf_counter()
    subprocess.run([Path(sys.executable).with_name("engage"), "--help"], check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - begun


async def served(url: str, folder: Path) -> tuple[float, float]:
    """Seconds until it serves, and megabytes after it did for a while."""
    begun = perf_counter()
    async with Small(folder, DATABASE_URL=url, IS_DEMO="yes") as server:
        ready = perf_counter() - begun
        async with httpx2.AsyncClient(base_url=server.url, trust_env=False) as reader:
            for path in PAGES * READ:
                (await reader.get(path)).raise_for_status()
        await worked_off(url)
        return ready, server.resident


async def worked_off(url: str) -> None:
    """Return when no fact and no message of the demo waits for the worker."""
    waiting = select(OutboxMessage.id).where(
        OutboxMessage.state == "waiting", OutboxMessage.due_at <= datetime.now(UTC)
    )
    database = Database(url)
    async with database.reading() as session:
        while await session.scalar(select(or_(exists(PendingFact.entry_id), waiting.exists()))):
            await session.rollback()  # the next look sees what was done meanwhile
            await asyncio.sleep(LOOK_SECONDS)
    await database.close()


def told(name: str, unit: str, values: Sequence[float]) -> dict[str, float]:
    return {
        f"{name}_{unit}": round(statistics.median(values), 2),
        f"{name}_from": round(min(values), 2),
        f"{name}_to": round(max(values), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.small", description=__doc__)
    parser.add_argument("--short", action="store_true", help="once instead of 5 times")
    turns = 1 if parser.parse_args().short else 5
    with fresh("sqlite") as url, tempfile.TemporaryDirectory() as folder:
        asyncio.run(set_stage(url))
        helps = [helped() for _ in range(turns + 1)][1:]
        runs = [asyncio.run(served(url, Path(folder))) for _ in range(turns + 1)][1:]
    ready, resident = zip(*runs, strict=True)
    found = told("help", "seconds", helps) | told("ready", "seconds", ready) | told("memory", "mb", resident)
    print(json.dumps({"measurement": "small"} | found))


if __name__ == "__main__":
    main()
