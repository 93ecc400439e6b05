"""`engage purge`."""

import argparse
import asyncio
from datetime import UTC, datetime

from engage.commands.running import instant, settings, workplace
from engage.purging import purge
from engage.surveys.answers.mixing import mix_all


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--now", type=instant, metavar="ISO8601", help="act as at that instant")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        given = settings()
        async with workplace(given) as at:
            done = await purge(at.database, at.unit_of_work, options.now or datetime.now(UTC), given.zone)
            await mix_all(at.database, at.unit_of_work)
        print("Forgotten: " + ", ".join(f"{count} {name}" for name, count in done.items()))

    asyncio.run(run())
