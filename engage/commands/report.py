"""`engage report`: what an audience may see of a published wave, as a file."""

import argparse
import asyncio
from pathlib import Path

from engage.commands.running import settings, workplace
from engage.errors import CannotWrite, NotFound
from engage.surveys.reports.audiences import is_audience
from engage.surveys.reports.export import FORMATS, exported
from engage.surveys.reports.published import open_report


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("wave", metavar="WAVE")
    parser.add_argument(
        "--audience",
        type=_audience,
        required=True,
        metavar="AUDIENCE",
        help="workforce, pcs, staff, public or group:FAMILY:KEY",
    )
    parser.add_argument("--format", choices=list(FORMATS), required=True)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    content = asyncio.run(_file(options.wave, options.audience, options.format))
    try:
        options.output.write_bytes(content)
    except OSError as error:
        raise CannotWrite(f"{options.output} cannot be written: {error.strerror}.") from None
    print(f"{options.output}: {options.wave} for {options.audience}, {len(content):,} bytes.")


async def _file(wave: str, audience: str, form: str) -> bytes:
    given = settings()
    async with workplace(given) as at, at.database.reading() as session:
        try:
            published = await open_report(session, wave, [audience])
        except NotFound:
            raise NotFound(f"There is no published report of {wave} for {audience}.") from None
        return await exported(published, form, given.organisation)


def _audience(text: str) -> str:
    if not is_audience(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no audience such as staff or group:directorate:audit")
    return text
