"""A process that does nothing but deliver, on a clock that runs fast: leases and waits are over in a moment.

    python -m tests.concurrency.deliverer DATABASE_URL SMTP_URL ORIGIN

The clock has run `PACE` times as fast since ORIGIN (seconds since 1970), in every such process alike.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

from engage.database import Database
from engage.notify.delivery import Delivery
from engage.notify.transport import Transport
from engage.unit_of_work import UnitOfWork

PACE = 60  # a lease of three minutes is over in three seconds, which is longer than a try takes
PATIENCE = 1.5  # seconds for one try at the relay
NOTHING_DUE = 0.02


async def main(url: str, relay: str, origin: float) -> None:
    """Deliver until killed."""
    database = Database(url)
    delivery = Delivery(database, UnitOfWork(database), Transport.open(relay, timeout=PATIENCE))
    while True:
        fast = timedelta(seconds=PACE * (time.time() - origin))
        if not await delivery.deliver_due(datetime.fromtimestamp(origin, UTC) + fast):
            await asyncio.sleep(NOTHING_DUE)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
