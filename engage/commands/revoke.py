"""`engage revoke`."""

import argparse
import asyncio
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.commands.grant import add_arguments, said
from engage.commands.running import settings, workplace
from engage.people import roles


def define(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def revoke(session: AsyncSession) -> frozenset[str]:
        await roles.revoke(session, options.email, options.roles, datetime.now(UTC))
        return await roles.roles_of(session, options.email)

    async def run() -> None:
        async with workplace(settings()) as at:
            held = await at.unit_of_work.run(revoke)
        print(said(options.email, held))

    asyncio.run(run())
