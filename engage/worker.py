"""The worker: follow the journal, pass on offers that lapsed, deliver, purge. Wiring only; any number may run."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engage import journal
from engage.bell import hear_others
from engage.database import Database
from engage.events.bounces import Bounces
from engage.events.lapsing import lapse_due
from engage.events.messages import EveningMessages
from engage.journal import Subscriber
from engage.notify.catcher import Catcher
from engage.notify.delivery import Delivery
from engage.notify.transport import Transport
from engage.purging import purge
from engage.settings import Settings
from engage.tokens import Tokens
from engage.unit_of_work import UnitOfWork

NET_SECONDS = 60  # the timer for what no commit announces: offers that lapse, messages to try again
PURGE_HOUR = 3

log = structlog.get_logger()


class Worker:
    """Does what is due, woken by commits and by a timer. ``clock`` is what it acts by; leases keep the real clock."""

    def __init__(
        self, settings: Settings, database: Database, unit_of_work: UnitOfWork, clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._database = database
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._subscribers = {
            "messages": Subscriber(EveningMessages(settings, Tokens(settings.secret_key)).hear),
            "bounces": Bounces().subscriber,
        }
        self._catcher: Catcher | None = None
        self._transport: Transport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    async def open(self) -> None:
        """Find the relay: the one of the settings, or a catcher of our own."""
        url = self._settings.smtp_url
        if url is None:
            self._catcher = Catcher(self._unit_of_work)
            url = await self._catcher.open()
            log.warning("no ENGAGE_SMTP_URL: messages go to the built-in catcher and leave this machine never")
        self._transport = Transport.open(url, ehlo_name=self._settings.host)
        self._delivery = Delivery(self._database, self._unit_of_work, self._transport)

    async def close(self) -> None:
        """Take leave of the relay."""
        if self._transport is not None:
            await self._transport.close()
        if self._catcher is not None:
            await self._catcher.close()

    async def work_off(self) -> Counter[str]:
        """Do all that is due until nothing is left; how much of each."""
        done: Counter[str] = Counter()
        while (facts := await self._plan()) or (mail := await self._deliver()):
            done.update(facts or mail)
        return done

    async def start(self) -> None:
        """Work in the background until `stop`."""
        await self.open()
        self._tasks = [
            asyncio.create_task(self._loop(self._plan)),
            asyncio.create_task(self._loop(self._deliver)),
            asyncio.create_task(hear_others(self._database, self._settings)),
        ]
        self._scheduler.add_job(self._tick, "interval", seconds=NET_SECONDS, coalesce=True, max_instances=1)
        self._scheduler.add_job(self._purge, "cron", hour=PURGE_HOUR, coalesce=True, max_instances=1)
        self._scheduler.start()

    async def stop(self) -> None:
        """Begin nothing more, and let what is under way end."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        await self.close()

    async def _plan(self) -> Counter[str]:
        now, real_now = self._clock(), datetime.now(UTC)
        lapsed = await lapse_due(self._database, self._unit_of_work, now)
        facts = await journal.follow(self._database, self._unit_of_work, self._subscribers, now, real_now)
        return +Counter(facts=facts, lapsed=lapsed)

    async def _deliver(self) -> Counter[str]:
        delivered = await self._delivery.deliver_due(datetime.now(UTC))
        return +Counter(sent=delivered.sent, retried=delivered.retried, dead=delivered.dead)

    async def _loop(self, work: Callable[[], Awaitable[Counter[str]]]) -> None:
        """One kind of work, again and again: an error is logged and tried again with the next bell."""
        bell = self._database.bell()
        while True:
            bell.clear()
            try:
                while await work():
                    pass
            except Exception:
                log.exception("work failed, will be tried again")
            await bell.wait()

    async def _tick(self) -> None:
        self._database.ring_here()

    async def _purge(self) -> None:
        await purge(self._unit_of_work, self._clock(), self._settings.zone)
