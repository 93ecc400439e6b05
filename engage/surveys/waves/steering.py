"""What is done with a wave by hand, in the console and by `engage wave …`: which acts its state allows, and each act.

Functions never commit; the wave's row is locked.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from engage.errors import OutOfOrder
from engage.journal import append
from engage.settings import Settings
from engage.surveys.facts import WaveSteered
from engage.surveys.models import Wave
from engage.surveys.reports import publishing
from engage.surveys.waves import closing, opening

ACTS = {
    "draft": ("open", "void"),
    "consulting": ("open", "void"),
    "open": ("joiners", "extend", "close", "void"),
    "closed": ("tally", "extend", "void"),
    "tallied": ("publish",),
    "published": ("comments",),
}
TALLY = "tally"  # of a process of its own, see `engage wave tally`


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for, by whom and when; ``until`` is of an extension, ``reason`` of an opening or a void."""

    act: str
    actor: str
    now: datetime
    reason: str | None = None
    until: datetime | None = None


async def steer(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    """Do what a page that showed this state offered. Raises OutOfOrder where it has moved on, and as `do`."""
    if wish.act not in ACTS.get(wave.status, ()) or wish.act == TALLY:
        raise OutOfOrder(f"{wave.title} has moved on: it is {wave.status}. Nothing was changed.")
    return await do(session, wave, settings, wish)


async def do(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    """Do it, and write down who did; False where it is so already. Raises what the act itself raises."""
    is_new = await _DONE[wish.act](session, wave, settings, wish)
    if is_new:
        await append(session, WaveSteered(wave_id=wave.id, act=wish.act), wish.now, wish.actor)
    return is_new


async def _open(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return await opening.open_wave(session, wave, settings, wish.now, reason=wish.reason)


async def _joiners(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return bool(await opening.add_joiners(session, wave, wish.now))


async def _extend(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    if wish.until is None:
        raise OutOfOrder("Say until when the wave is extended. Nothing was changed.")
    return await closing.extend(session, wave, wish.until, settings.zone, wish.now)


async def _close(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return await closing.close(session, wave, wish.now)


async def _void(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return await closing.void(session, wave, wish.now, reason=wish.reason)


async def _publish(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return await publishing.publish(session, wave, settings.zone, wish.now)


async def _comments(session: AsyncSession, wave: Wave, settings: Settings, wish: Wish) -> bool:
    return await publishing.publish_comments(session, wave, settings.zone, wish.now)


_DONE: dict[str, Callable[[AsyncSession, Wave, Settings, Wish], Awaitable[bool]]] = {
    "open": _open,
    "joiners": _joiners,
    "extend": _extend,
    "close": _close,
    "void": _void,
    "publish": _publish,
    "comments": _comments,
}
