"""`engage sign-in-link`."""

import argparse
import asyncio
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.commands.grant import address
from engage.commands.running import settings, workplace
from engage.errors import NotFound, Overloaded
from engage.people import sessions
from engage.people.roles import may_sign_in
from engage.tokens import Tokens


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", type=address)
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        given = settings()
        tokens = Tokens(given.secret_key)

        async def make(session: AsyncSession) -> str:
            return await _make(session, tokens, options.email)

        async with workplace(given) as at:
            print(f"{given.base_url}/sign-in/{await at.unit_of_work.run(make)}")

    asyncio.run(run())


async def _make(session: AsyncSession, tokens: Tokens, email: str) -> str:
    if not await may_sign_in(session, email):
        raise NotFound(f"{email} holds no role; give one first with: engage grant {email} ROLE")
    secret = await sessions.make_link(session, tokens, email, datetime.now(UTC))
    if secret is None:
        raise Overloaded(f"{email} has too many open sign-in links; wait fifteen minutes.")
    return secret
