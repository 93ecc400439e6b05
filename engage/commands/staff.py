"""`engage staff`: the directory of who is asked in a pulse wave."""

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from engage.commands.running import settings, workplace
from engage.files.loading import content_of
from engage.people.directory import import_staff
from engage.people.staff_file import read


def define(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(required=True, metavar="import")
    importing = acts.add_parser("import", help="make the directory what a CSV file says: email,name,directorate,grade")
    importing.add_argument("file", metavar="FILE.csv", type=Path)
    importing.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        with Console(stderr=True).status(f"Reading {options.file} …"):
            file = read(str(options.file), content_of(options.file))
            async with workplace(settings()) as at:
                report = await import_staff(at.unit_of_work, file, datetime.now(UTC))
        print(report.text)

    asyncio.run(run())
