"""Pages that update by themselves: one look at the database for all who watch an evening, whenever the bell rings.

Nobody who waits holds a connection of the database, and a commit costs one look a second at most, whoever watches.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from engage.errors import Overloaded
from engage.storage.database import Database

PAUSE_SECONDS = 1.0  # between two looks
NET_SECONDS = 5.0  # for what other processes commit where nobody rings the bell here
BEAT_SECONDS = 15.0  # after which somebody who hears nothing is told that we are there, or is found gone
LIFE_SECONDS = 300.0  # after which a browser connects anew, and is asked again who it is
MOST_WATCHERS = 5_000

log = structlog.get_logger()


@dataclass(slots=True)
class _Watched:
    """What is shown of one evening, and to how many."""

    shown: str | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0


class Live:
    """``look`` gives what is to be shown of an evening now, by its id; None where it is gone."""

    def __init__(
        self,
        database: Database,
        look: Callable[[int], Awaitable[str | None]],
        *,
        pause: float = PAUSE_SECONDS,
        beat: float = BEAT_SECONDS,
        life: float = LIFE_SECONDS,
    ) -> None:
        self._database = database
        self._look = look
        self.pause, self.beat, self.life = pause, beat, life
        self._watched: dict[int, _Watched] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        return sum(each.watchers for each in self._watched.values())

    def refuse_too_many(self) -> None:
        """Raises Overloaded."""
        if self.watchers >= MOST_WATCHERS:
            raise Overloaded("Too many people watch this page. It does not update by itself: load it again instead.")

    async def follow(self, evening_id: int) -> AsyncGenerator[str | None, None]:
        """What is shown, each time that it changes; None for a beat in between. Ends by itself after a while.

        However short that is, what is shown now comes first.
        """
        watched = self._watched.setdefault(evening_id, _Watched())
        watched.watchers += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            seen, is_first, ends_at = None, True, asyncio.get_running_loop().time() + self.life
            while is_first or asyncio.get_running_loop().time() < ends_at:
                changed = watched.changed
                if watched.shown is not None and watched.shown != seen:
                    seen, is_first = watched.shown, False
                    yield seen
                    continue
                try:
                    async with asyncio.timeout(self.beat):
                        await changed.wait()
                except TimeoutError:
                    is_first = False
                    yield None
        finally:
            watched.watchers -= 1
            if not watched.watchers:
                self._watched.pop(evening_id, None)

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        """Look while anybody watches."""
        bell = self._database.bell()
        try:
            while self._watched:
                bell.clear()
                for evening_id, watched in list(self._watched.items()):
                    await self._update(evening_id, watched)
                await asyncio.sleep(self.pause)
                with suppress(TimeoutError):
                    async with asyncio.timeout(NET_SECONDS):
                        await bell.wait()
        finally:
            self._database.forget(bell)

    async def _update(self, evening_id: int, watched: _Watched) -> None:
        try:
            shown = await self._look(evening_id)
        except Exception as error:  # noqa: BLE001 - the next look may find the database again
            log.warning("cannot look at an evening", evening=evening_id, error=type(error).__name__)
            return
        if shown != watched.shown:
            watched.shown, changed, watched.changed = shown, watched.changed, asyncio.Event()
            changed.set()
