"""`engage wave`: open, close, extend, tally, publish or void a pulse wave by hand."""

import argparse
import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from engage.commands import tallying
from engage.commands.running import settings, workplace
from engage.settings import Settings
from engage.surveys.models import Wave
from engage.surveys.waves import steering
from engage.surveys.waves.rounds import act as act_on
from engage.surveys.waves.rounds import find
from engage.wording import instant, plural

ACTOR = "admin"  # whoever may run commands on the server
SHORTEST_INSTANT = len("2027-05-07T17")


def define(parser: argparse.ArgumentParser) -> None:
    acts = parser.add_subparsers(required=True, metavar="open|close|extend|tally|publish|void")
    opened = _add(acts, "open", "freeze whom it asks and what, and send the invitations", _asked)
    opened.add_argument("--reason", metavar="TEXT", help="published; needed before the consultation has run its time")
    opened.add_argument("--joiners", action="store_true", help="of an open wave: ask those too who joined since")
    _add(acts, "close", "take no more answers", _closed)
    extended = _add(acts, "extend", "take answers for longer, or, once closed, give results later", _extended)
    extended.add_argument(
        "--until", metavar="ISO8601", type=_until, required=True, help="local time, or with an offset"
    )
    tallied = _add(acts, "tally", "open the answers of a closed wave, count them and destroy them", _published)
    tallied.set_defaults(act=tallying.act)
    published = _add(acts, "publish", "let every audience see the results in the same second", _published)
    published.add_argument(
        "--comments", action="store_true", help="afterwards: the comments that both readers agreed to"
    )
    voided = _add(acts, "void", "destroy every answer unopened", _voided)
    voided.add_argument("--reason", metavar="TEXT", help="told to everybody")


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        given = settings()
        async with workplace(given) as at:
            wave = await find(at.database, options.key)
            is_new = await act_on(
                at.unit_of_work, wave, partial(steering.do, settings=given, wish=_wish(options, given))
            )
            wave = await find(at.database, options.key)
        print(
            f"{wave.key} {options.said(wave, given)}" if is_new else f"{wave.key}: nothing to do, it is {wave.status}."
        )

    asyncio.run(run())


def _add(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    purpose: str,
    said: Callable[[Wave, Settings], str],
) -> argparse.ArgumentParser:
    parser = acts.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
    parser.add_argument("key", metavar="KEY")
    parser.set_defaults(act=act, name=name, said=said, reason=None, until=None, joiners=False, comments=False)
    return parser


def _wish(options: argparse.Namespace, given: Settings) -> steering.Wish:
    """What was asked for; joiners and comments are acts of their own."""
    name = "joiners" if options.joiners else "comments" if options.comments else options.name
    until: datetime | None = options.until
    if until is not None and until.tzinfo is None:
        until = until.replace(tzinfo=given.zone)
    return steering.Wish(name, ACTOR, datetime.now(UTC), reason=options.reason, until=until)


def _until(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or len(text) < SHORTEST_INSTANT:
        raise argparse.ArgumentTypeError(f"{text!r} is no instant such as 2027-05-07T17:00")
    return parsed


def _asked(wave: Wave, given: Settings) -> str:
    people = plural(wave.invited, "person is", "people are")
    return f"is open until {instant(wave.closes_at, given.zone)}: {people} asked."


def _closed(wave: Wave, given: Settings) -> str:
    return "is closed; everybody is told."


def _extended(wave: Wave, given: Settings) -> str:
    results = f", with results by {wave.results_by:%Y-%m-%d}" if wave.results_by else ""
    return f"is extended: it closes at {instant(wave.closes_at, given.zone)}{results}; everybody is told."


def _published(wave: Wave, given: Settings) -> str:
    return f"is published for every audience: {given.base_url}/results/{wave.key}"


def _voided(wave: Wave, given: Settings) -> str:
    return "is void: every answer was destroyed unopened; everybody is told."
