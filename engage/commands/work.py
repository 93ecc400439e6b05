"""`engage work`."""

import argparse
import asyncio
import json
import signal
from datetime import UTC, datetime

from engage.commands.running import instant, settings, workplace
from engage.worker import Worker

SUMMARY = ("facts", "lapsed", "given_up", "planned", "released", "sent", "retried", "dead", "dropped")


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="do all that is due, print a summary in JSON, and exit")
    parser.add_argument("--now", type=instant, metavar="ISO8601", help="act as at that instant (with --once)")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    asyncio.run(_once(options.now) if options.once or options.now else _on())


async def _once(now: datetime | None) -> None:
    given = settings()
    async with workplace(given) as at:
        worker = Worker(given, at.database, at.unit_of_work, lambda: now or datetime.now(UTC))
        await worker.open()
        try:
            done = await worker.work_off()
        finally:
            await worker.close()
    print(json.dumps({name: done[name] for name in SUMMARY}))


async def _on() -> None:
    given = settings()
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    async with workplace(given) as at:
        worker = Worker(given, at.database, at.unit_of_work, lambda: datetime.now(UTC))
        await worker.start()
        await stopped.wait()
        await worker.stop()
