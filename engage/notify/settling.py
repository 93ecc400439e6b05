"""Writes down what came of tries, together: those that end while the last commit is under way share the next one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.exc import OperationalError

from engage.errors import Overloaded
from engage.notify.claims import Settlement, settle, settle_alone
from engage.notify.retry import Verdict
from engage.storage.unit_of_work import UnitOfWork

PAUSES = (0.1, 0.3, 1.0, 3.0, 5.0, 10.0)  # seconds; in all less than what delivery keeps of a lease to settle in
GATHERED_WITHIN = 0.005  # seconds that a group is open for tries on other lines


@dataclass(slots=True)
class _Group:
    settlements: list[Settlement] = field(default_factory=list)
    is_complete: asyncio.Event = field(default_factory=asyncio.Event)
    written: asyncio.Task[None] | None = None

    async def complete(self) -> None:
        """Return when nobody else is expected, or soon."""
        timer = asyncio.get_running_loop().call_later(GATHERED_WITHIN, self.is_complete.set)
        await self.is_complete.wait()
        timer.cancel()


class Settler:
    """One command of the unit of work for a whole group: a commit for each message would cost more than sending it.

    ``company`` is how many may come to settle at about the same time.
    """

    def __init__(self, unit_of_work: UnitOfWork, pauses: Sequence[float] = PAUSES) -> None:
        self.company = 1
        self._unit_of_work = unit_of_work
        self._pauses = pauses
        self._gathering = _Group()
        self._writing = asyncio.Lock()

    def settle(self, settlement: Settlement) -> asyncio.Task[None]:
        """Done when it is on the disk. The task is that of a whole group: wait for it behind a shield."""
        group = self._gathering
        group.settlements.append(settlement)
        if len(group.settlements) >= self.company:
            group.is_complete.set()
        if group.written is None:
            group.written = asyncio.create_task(self._write_together(group))
        return group.written

    async def _write_together(self, group: _Group) -> None:
        async with self._writing:
            await group.complete()
            self._gathering = _Group()
            await self._write(group.settlements)

    async def _write(self, settlements: list[Settlement]) -> None:
        """Patiently: what the relay took and nobody writes down is sent again."""
        is_telling = any(each.outcome.verdict is Verdict.ADDRESS_REFUSED for each in settlements)
        alone = None if is_telling else partial(settle_alone, settlements=settlements)
        command = partial(self._unit_of_work.run, partial(settle, settlements=settlements), alone=alone)
        for seconds in self._pauses:
            try:
                return await command()
            except (Overloaded, OperationalError):
                await asyncio.sleep(seconds)
        return await command()
