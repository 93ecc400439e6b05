"""A process that does nothing but deliver, on clocks that run fast: leases and waits are over in a moment.

    python -m tests.concurrency.deliverer DATABASE_URL SMTP_URL ORIGIN

The clock has run `PACE` times as fast since ORIGIN (seconds since 1970), in every such process alike; so does that of
the event loop, by which delivery keeps within its leases.
"""

import asyncio
import selectors
import sys
import time
from datetime import UTC, datetime, timedelta

from engage.notify.delivery import Delivery
from engage.notify.transport import Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

PACE = 60  # a lease of three minutes is over in three seconds, which is longer than a try takes
PATIENCE = 60.0  # seconds of that clock for one try at the relay
NOTHING_DUE = 1.0


class FastSelector(selectors.DefaultSelector):
    """Waits as long as a fast clock says."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout and timeout / PACE)


class FastLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock runs fast."""

    def __init__(self) -> None:
        super().__init__(FastSelector())

    def time(self) -> float:
        return super().time() * PACE


async def main(url: str, relay: str, origin: float) -> None:
    """Deliver until killed."""
    database = Database(url)
    delivery = Delivery(database, UnitOfWork(database), Transport.open(relay, timeout=PATIENCE))
    while True:
        fast = timedelta(seconds=PACE * (time.time() - origin))
        if not await delivery.deliver_due(datetime.fromtimestamp(origin, UTC) + fast):
            await asyncio.sleep(NOTHING_DUE)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
