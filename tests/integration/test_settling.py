"""What came of tries is written down together, and never lost to a busy writer."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy.exc import OperationalError

from engage.errors import Overloaded
from engage.notify.claims import Settlement, Truth, claim
from engage.notify.retry import Outcome, Step, Verdict
from engage.notify.settling import Settler
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.storage.waiting import Alone, Answer, Command, Lock
from tests.outbox import Outbox

GONE = OperationalError("UPDATE", {}, Exception("gone"))


class TroubledWriter(UnitOfWork):
    """A unit of work that counts its commands, the first of which end in the troubles given."""

    def __init__(self, database: Database, *troubles: Exception) -> None:
        super().__init__(database)
        self.commands = 0
        self._troubles = list(troubles)

    async def run(
        self,
        command: Command[Answer],
        *,
        locks: Sequence[Lock] = (),
        is_patient: bool = False,
        alone: Alone[Answer] | None = None,
    ) -> Answer:
        self.commands += 1
        if self._troubles:
            raise self._troubles.pop(0)
        return await super().run(command, locks=locks, is_patient=is_patient, alone=alone)


@pytest.fixture
async def settlements(database: Database, unit_of_work: UnitOfWork, now: datetime) -> list[Settlement]:
    """Ten messages, accepted and not yet settled."""
    outbox = Outbox(database, unit_of_work, now)
    for _ in range(10):
        await outbox.put()
    claimed = await unit_of_work.run(
        partial(claim, now=now, lease=timedelta(minutes=1), limit=10, truth=Truth({}, now))
    )
    accepted = Outcome(Verdict.ACCEPTED, 250, "Taken")
    return [Settlement(message, accepted, Step("sent", 1, now), now) for message in claimed.messages]


async def test_tries_that_end_together_share_a_commit(
    database: Database, unit_of_work: UnitOfWork, settlements: list[Settlement], now: datetime
) -> None:
    writer = TroubledWriter(database)
    settler = Settler(writer)
    await asyncio.gather(*(settler.settle(settlement) for settlement in settlements))
    assert await Outbox(database, unit_of_work, now).states() == ["sent"] * 10
    assert writer.commands <= 2


async def test_a_busy_writer_and_a_database_away_for_a_moment_are_asked_again(
    database: Database, unit_of_work: UnitOfWork, settlements: list[Settlement], now: datetime
) -> None:
    settler = Settler(TroubledWriter(database, Overloaded("Busy."), GONE), pauses=(0, 0))
    await settler.settle(settlements[0])
    assert (await Outbox(database, unit_of_work, now).states()).count("sent") == 1


async def test_a_database_that_stays_away_is_told_to_whoever_settles(
    database: Database, settlements: list[Settlement]
) -> None:
    with pytest.raises(OperationalError):
        await Settler(TroubledWriter(database, GONE, GONE), pauses=(0,)).settle(settlements[0])
