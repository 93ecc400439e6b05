"""`engage grant` and, by the same arguments, `engage revoke`."""

import argparse
import asyncio
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.commands.running import settings, workplace
from engage.people import roles

AWAITED = "/console/confirmations"


def define(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.set_defaults(act=act)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("email", metavar="EMAIL", type=address)
    parser.add_argument("roles", metavar="ROLE", nargs="+", type=role)


def said(email: str, held: frozenset[str]) -> str:
    """What the address holds, as a line to print."""
    return f"{email} holds: {', '.join(sorted(held)) or 'no role'}"


def address(text: str) -> str:
    if text.count("@") != 1 or text.startswith("@") or text.endswith("@"):
        raise argparse.ArgumentTypeError(f"{text!r} is no mail address")
    return text.lower()


def role(text: str) -> str:
    if not roles.is_role(text):
        known = ", ".join(sorted(roles.ROLES))
        raise argparse.ArgumentTypeError(f"{text!r} is no role; roles are {known} and group_lead:<family>:<key>")
    return text


def act(options: argparse.Namespace) -> None:
    async def grant(session: AsyncSession) -> tuple[frozenset[str], frozenset[str]]:
        awaited = await roles.grant(session, options.email, options.roles, datetime.now(UTC))
        return await roles.roles_of(session, options.email), awaited

    async def run() -> None:
        async with workplace(settings()) as at:
            held, awaited = await at.unit_of_work.run(grant)
        print(said(options.email, held))
        for role in sorted(awaited):
            print(f"{role} counts once somebody who holds it confirms it on {AWAITED}")

    asyncio.run(run())
