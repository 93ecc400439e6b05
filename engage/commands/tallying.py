"""`engage wave tally`: count a closed wave, where there are trustees once enough of them handed their shares over."""

import argparse
import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.ext.asyncio import AsyncSession

from engage.commands.running import Workplace, settings, workplace
from engage.errors import DeskTaken
from engage.surveys.keys import custody
from engage.surveys.keys.desk import SEEN_EVERY, Desk, Waiting
from engage.surveys.models import Wave
from engage.surveys.reports.report_models import Tally
from engage.surveys.tally import tallying
from engage.surveys.waves.closing import COUNTED
from engage.surveys.waves.rounds import act as act_on
from engage.surveys.waves.rounds import find
from engage.wording import plural

RECLAIMED = {
    True: "The answers, the links that were used and the keys of the wave are destroyed.",
    False: "The answers, the links that were used and the keys of the wave are deleted; their space could not be "
    "overwritten while others were reading. Stop the other processes, and run: engage wave tally {key}",
}
POSTGRESQL = (
    "Blocks that PostgreSQL gave back, its log, replicas and backups are not ours to wipe: see docs/operating.md."
)


def act(options: argparse.Namespace) -> None:
    async def run() -> None:
        async with workplace(settings()) as at:
            wave = await find(at.database, options.key)
            tallying.refuse(wave)
            if wave.status in COUNTED:
                print(f"{wave.key}: nothing to do, it is {wave.status}.")
            else:
                key = await _key(at, wave)
                is_first = await _tally(at, wave, key)
                print(await _said(at, wave) if is_first else f"{wave.key}: nothing to do, somebody else tallied it.")
            await _reclaim(at, wave)

    asyncio.run(run())


async def _tally(at: Workplace, wave: Wave, key: bytes) -> bool:
    with _progress() as progress:
        task = progress.add_task("Opening boxes", total=None)

        def say(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        return await tallying.tally(at.database, at.unit_of_work, wave, key, datetime.now(UTC), say=say)


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


async def _key(at: Workplace, wave: Wave) -> bytes:
    """Raises KeyUnreadable, DeskTaken."""
    if wave.wrapped_private_key is not None:
        return custody.unwrap_private_key(at.settings.secret_key, wave.key, wave.wrapped_private_key)
    desk = Desk()
    await act_on(at.unit_of_work, wave, partial(desk.open, now=datetime.now(UTC)))
    try:
        return await _gathered(at, wave, desk)
    except BaseException:
        with suppress(DeskTaken):
            await act_on(at.unit_of_work, wave, desk.close)
        raise


async def _gathered(at: Workplace, wave: Wave, desk: Desk) -> bytes:
    """Wait, and say for whom, until enough shares are here."""
    said = ""
    while True:
        waiting = await _look(at, wave, desk)
        if waiting.key is not None:
            return waiting.key
        if (words := _waited_for(waiting)) != said:
            print(words, flush=True)
            said = words
        await asyncio.sleep(SEEN_EVERY.total_seconds())


async def _look(at: Workplace, wave: Wave, desk: Desk) -> Waiting:
    found: list[Waiting] = []

    async def look(session: AsyncSession, locked: Wave) -> bool:
        found.append(await desk.look(session, locked, datetime.now(UTC)))
        return True

    await act_on(at.unit_of_work, wave, look)
    return found[0]


def _waited_for(waiting: Waiting) -> str:
    have = f"{len(waiting.handed)} of {waiting.needed} shares"
    if len(waiting.handed) >= waiting.needed:
        return f"{have} are here, but they do not fit together. Waiting for: {', '.join(waiting.missing)}"
    return f"{have} are here. Waiting at /console/trustee for: {', '.join(waiting.missing)}"


async def _said(at: Workplace, wave: Wave) -> str:
    async with at.database.reading() as session:
        content = (await session.get_one(Tally, wave.id)).content
    certificate, released = content["certificate"], [each for each in content["groups"] if each["status"] == "released"]
    damaged = f", {certificate['damaged']} damaged" if certificate["damaged"] else ""
    groups = plural(len(released), "group is", "groups are")
    return (
        f"{wave.key} is tallied: {certificate['spent']} links used, {certificate['opened']} sheets opened, "
        f"{certificate['counted']} counted{damaged}; {groups} released, "
        f"{len(content['groups']) - len(released)} withheld."
    )


async def _reclaim(at: Workplace, wave: Wave) -> None:
    with Console(stderr=True).status("Overwriting what was deleted …"):
        is_done = await at.database.reclaim(tallying.REWRITTEN)
    print(RECLAIMED[is_done].format(key=wave.key))
    if not at.database.is_sqlite:
        print(POSTGRESQL)
