"""`engage load`."""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path

from engage.commands.running import settings, workplace
from engage.events.evenings.loading import OPEN_EVENINGS
from engage.files.loading import load
from engage.surveys.questionnaires.loading import PULSE


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="show what would happen, and change nothing")
    parser.add_argument("--force", action="store_true", help="overwrite what was edited in the console")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        given = settings()
        async with workplace(given) as at:
            report = await load(
                options.files,
                rooms=[OPEN_EVENINGS, PULSE],
                unit_of_work=at.unit_of_work,
                zone=given.zone,
                now=datetime.now(UTC),
                is_dry_run=options.dry_run,
                is_forced=options.force,
            )
        print(report.text)

    asyncio.run(run())
