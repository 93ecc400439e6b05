"""Writes down what came of tries, together: those that end while the last commit is under way share the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import OperationalError

from engage.errors import Overloaded
from engage.notify.claims import Settlement, settle
from engage.unit_of_work import UnitOfWork

PAUSES = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0)  # seconds; in all less than what delivery keeps of a lease to settle in


@dataclass(slots=True)
class _Group:
    settlements: list[Settlement] = field(default_factory=list)
    is_written: bool = False


class Settler:
    """One command of the unit of work for a whole group: a savepoint for each message would cost more than sending."""

    def __init__(self, unit_of_work: UnitOfWork, pauses: Sequence[float] = PAUSES) -> None:
        self._unit_of_work = unit_of_work
        self._pauses = pauses
        self._gathering = _Group()
        self._writing = asyncio.Lock()

    async def settle(self, settlement: Settlement) -> None:
        """Return when it is on the disk. Whoever of a group comes first writes for all; if that fails, each tries."""
        group = self._gathering
        group.settlements.append(settlement)
        async with self._writing:
            if not group.is_written:
                self._gathering = _Group()
                await self._write(group.settlements)
                group.is_written = True

    async def _write(self, settlements: list[Settlement]) -> None:
        """Patiently: what the relay took and nobody writes down is sent again."""
        for seconds in self._pauses:
            try:
                return await self._unit_of_work.run(partial(settle, settlements=settlements))
            except (Overloaded, OperationalError):
                await asyncio.sleep(seconds)
        return await self._unit_of_work.run(partial(settle, settlements=settlements))
