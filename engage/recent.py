"""What many people ask for at the same time, read once for all of them."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from engage.database import Database

KEPT = 0.5  # seconds until what another process changed is seen here
MOST_KEPT = 1_000

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Reading:
    commits: int
    begun: float
    value: asyncio.Task[Any]


class Recent:
    """Shares each reading until this process commits something, and for half a second at most. Values are read only."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._readings: dict[Hashable, _Reading] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """What ``read`` answers now, or answered to somebody else a moment ago. Raises what it raises."""
        reading = self._readings.get(key)
        if reading is None or not self._is_fresh(reading):
            reading = self._begin(key, read)
        value: Value = await asyncio.shield(reading.value)
        return value

    def _is_fresh(self, reading: _Reading) -> bool:
        is_young = asyncio.get_running_loop().time() < reading.begun + KEPT
        return is_young and reading.commits == self._database.commits and not _has_failed(reading.value)

    def _begin(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> _Reading:
        async def value() -> Value:
            return await read()

        if len(self._readings) >= MOST_KEPT:
            self._readings.clear()
        reading = _Reading(
            self._database.commits, asyncio.get_running_loop().time(), asyncio.get_running_loop().create_task(value())
        )
        self._readings[key] = reading
        reading.value.add_done_callback(lambda done: self._forget(key, reading) if _has_failed(done) else None)
        return reading

    def _forget(self, key: Hashable, reading: _Reading) -> None:
        if self._readings.get(key) is reading:
            del self._readings[key]


def _has_failed(value: asyncio.Task[Any]) -> bool:
    return value.done() and (value.cancelled() or value.exception() is not None)
