"""`engage revoke`."""

import argparse
import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from engage.commands.grant import add_arguments
from engage.commands.running import settings, workplace
from engage.people import sessions


def define(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def revoke(session: AsyncSession) -> frozenset[str]:
        await sessions.revoke(session, options.email, options.roles)
        return await sessions.roles_of(session, options.email)

    async def run() -> None:
        async with workplace(settings()) as at:
            held = await at.unit_of_work.run(revoke)
        print(f"{options.email} holds: {', '.join(sorted(held)) or 'no role'}")

    asyncio.run(run())
