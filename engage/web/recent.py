"""What many people ask for at the same time, read once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from engage.storage.database import Database

KEPT = timedelta(seconds=0.4)  # until what another process changed is seen here; twice that where one holds another
MOST_KEPT = 1_000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Reading:
    changes: int
    begun_at: datetime
    old_at: datetime
    value: asyncio.Task[Any]


class Recent:
    """Shares each reading until this process commits something, and for 0.4 seconds at most. Values are read only."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._readings: dict[Hashable, _Reading] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]], *, is_counted: bool = True) -> Value:
        """What ``read`` answers now, or answered to somebody else a moment ago. Raises what it raises.

        Where no places are counted in it, it is not read anew for what crowds post, which changes nothing else.
        """
        reading = self._newest(key, is_counted=is_counted) or self._begin(key, read, is_counted=is_counted)
        value: Value = reading.value.result() if reading.value.done() else await asyncio.shield(reading.value)
        return value

    def at_hand(self, key: Hashable) -> asyncio.Task[Any] | None:
        """What `get` would answer, read already or just being read; None where nobody has begun to."""
        reading = self._newest(key, is_counted=True)
        return None if reading is None else reading.value

    def _newest(self, key: Hashable, *, is_counted: bool) -> _Reading | None:
        reading = self._readings.get((key, is_counted))
        if reading is None or reading.changes != self._changes(is_counted=is_counted):
            return None
        is_young = reading.begun_at <= self._clock() < reading.old_at
        return reading if is_young and not _has_failed(reading.value) else None

    def _changes(self, *, is_counted: bool) -> int:
        return self._database.commits if is_counted else self._database.edits

    def _begin(self, what: Hashable, read: Callable[[], Awaitable[Value]], *, is_counted: bool) -> _Reading:
        async def value() -> Value:
            return await read()

        if len(self._readings) >= MOST_KEPT:
            self._readings.clear()
        key, changes, now = (what, is_counted), self._changes(is_counted=is_counted), self._clock()
        reading = self._readings[key] = _Reading(changes, now, now + KEPT, asyncio.create_task(value()))
        reading.value.add_done_callback(lambda done: self._forget(key, reading) if _has_failed(done) else None)
        return reading

    def _forget(self, key: Hashable, reading: _Reading) -> None:
        if self._readings.get(key) is reading:
            del self._readings[key]


def _has_failed(value: asyncio.Task[Any]) -> bool:
    return value.done() and (value.cancelled() or value.exception() is not None)
