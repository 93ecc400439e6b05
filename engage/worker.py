"""The worker: follow the journal, pass on offers that lapsed, plan, deliver, purge. Wiring only; any number may run."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from engage import journal
from engage.events import arranging
from engage.events.facts import stream_of
from engage.events.mail import around, mailing, reminders
from engage.events.mail.bounces import Bounces
from engage.events.mail.checks import checks
from engage.events.mail.correspondence import Correspondence
from engage.events.mail.messages import EveningMessages
from engage.events.mail.replies import Replies, give_up_declined
from engage.events.registrations.lapsing import lapse_due
from engage.events.registrations.releasing import release_due
from engage.journal import Subscriber
from engage.late import library
from engage.notify.catcher import Catcher
from engage.notify.claims import Truth
from engage.notify.delivery import Delivery
from engage.notify.inbox import Inbox
from engage.notify.tags import BOUNCES, PURPOSES, tagged
from engage.notify.transport import Transport
from engage.notify.watching import Watch
from engage.purging import purge
from engage.settings import Settings
from engage.storage.bell import hear_others
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.surveys.answers.mixing import mix_all
from engage.surveys.follow_up.action_reminders import ActionMessages, plan_actions
from engage.surveys.mail import delivering
from engage.surveys.mail import reminders as wave_reminders
from engage.surveys.mail.letters import WaveLetters
from engage.surveys.mail.messages import WaveMessages, tell_all
from engage.surveys.waves.rounds import plan_waves
from engage.tokens import Tokens

NET_SECONDS = 60  # the timer for what no commit announces: what is due by the clock, messages to try again
QUIET_HOUR = 3
CROWD_FIRST = 3.0  # seconds at most that work waits, each time, while many post to the same process

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
        tokens = Tokens(settings.secret_key)
        self._correspondence = Correspondence(settings, tokens)
        self._wave_letters = WaveLetters(settings)
        self._checks = {**checks(self._correspondence), **delivering.checks()}
        self._finishers = delivering.finishers(settings.secret_key)
        self._subscribers = {
            "messages": Subscriber(EveningMessages(settings, tokens).hear),
            "bounces": Bounces().subscriber,
            "replies": Replies(tokens).subscriber,
            "need_messages": Subscriber(arranging.NeedMessages(self._correspondence).hear),
            "wave_messages": Subscriber(WaveMessages(self._wave_letters).hear),
            "action_messages": Subscriber(ActionMessages(settings).hear),
        }
        self._inbox = Inbox(settings, tokens, unit_of_work, stream_of=stream_of, clock=clock)
        self._watch = Watch(unit_of_work)
        self._catcher: Catcher | None = None
        self._transport: Transport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._minutes = (asyncio.Event(), asyncio.Event())
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    async def open(self) -> None:
        """Find the relay: the one of the settings, or a catcher of our own."""
        url = self._settings.smtp_url
        if url is None:
            self._catcher = Catcher(self._unit_of_work)
            url = await self._catcher.open()
            log.warning("no ENGAGE_SMTP_URL: messages go to the built-in catcher and leave this machine never")
        self._transport = Transport.open(url, ehlo_name=self._settings.host)
        self._delivery = Delivery(
            self._database,
            self._unit_of_work,
            self._transport,
            truth=self._truth,
            return_path=self._return_path if self._settings.mail_inbound else None,
        )

    async def close(self) -> None:
        """Take leave of the relay."""
        if self._transport is not None:
            await self._transport.close()
        if self._catcher is not None:
            await self._catcher.close()

    async def work_off(self) -> Counter[str]:
        """Do all that is due until nothing is left; how much of each."""
        done: Counter[str] = Counter()
        works = (self._follow, self._tell_all, self._plan, self._remind_all, self._deliver)
        while some := await _first_done(works):
            done.update(some)
        return done

    async def start(self) -> None:
        """Work in the background until `stop`."""
        await self.open()
        self._tasks = [
            asyncio.create_task(self._loop(self._follow, self._database.bell())),
            asyncio.create_task(self._loop(self._tell_all, self._database.bell())),
            asyncio.create_task(self._loop(self._deliver, self._database.bell())),
            asyncio.create_task(self._loop(self._plan, self._minutes[0])),
            asyncio.create_task(self._loop(self._remind_all, self._minutes[1])),
            asyncio.create_task(hear_others(self._database, self._settings)),
        ]
        if address := self._settings.inbound:
            listening = library("engage.notify.listening")
            listener = listening.Listener(address, self._inbox, hostname=self._settings.host)
            self._tasks.append(asyncio.create_task(listener.run(self._watch.say_listening)))
        self._scheduler.add_job(self._tick, "interval", seconds=NET_SECONDS, coalesce=True, max_instances=1)
        for work in (self._purge, self._mix):
            self._scheduler.add_job(work, "cron", hour=QUIET_HOUR, coalesce=True, max_instances=1)
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

    async def _follow(self) -> Counter[str]:
        now, real_now = self._clock(), datetime.now(UTC)
        lapsed = await lapse_due(self._database, self._unit_of_work, now)
        given_up = await give_up_declined(self._database, self._unit_of_work, now)
        facts = await journal.follow(self._database, self._unit_of_work, self._subscribers, now, real_now)
        return +Counter(facts=facts, lapsed=lapsed, given_up=given_up)

    async def _tell_all(self) -> Counter[str]:
        """What all staff are told of waves, and organisers write to many: messages that hold up nobody else's."""
        now = self._clock()
        planned = await tell_all(self._database, self._unit_of_work, self._wave_letters, now)
        planned += await mailing.make_all(self._database, self._unit_of_work, self._correspondence, now)
        return +Counter(planned=planned)

    async def _remind_all(self) -> Counter[str]:
        return +Counter(
            planned=await wave_reminders.plan(self._database, self._unit_of_work, self._wave_letters, self._clock())
        )

    async def _plan(self) -> Counter[str]:
        now = self._clock()
        planned = await reminders.plan(self._database, self._unit_of_work, self._correspondence, now)
        planned += await around.plan(self._database, self._unit_of_work, self._correspondence, now)
        planned += await arranging.plan(self._database, self._unit_of_work, self._correspondence, now)
        released = await release_due(self._database, self._unit_of_work, self._settings.zone, now)
        waves = await plan_waves(self._database, self._unit_of_work, self._settings, now)
        planned += await plan_actions(self._database, self._unit_of_work, self._settings, now)
        return +Counter(planned=planned, released=released, waves=waves)

    async def _deliver(self) -> Counter[str]:
        delivered = await self._delivery.deliver_due(datetime.now(UTC))
        await self._watch.see_relay(self._delivery.health, datetime.now(UTC))
        return +Counter(asdict(delivered))

    def _return_path(self, message_id: int) -> str:
        """Where reports about that message come back to."""
        return tagged(
            self._settings.mail_from, BOUNCES, self._correspondence.tokens.issue(PURPOSES[BOUNCES], message_id)
        )

    def _truth(self) -> Truth:
        return Truth(self._checks, self._clock(), self._finishers)

    async def _loop(self, work: Callable[[], Awaitable[Counter[str]]], bell: asyncio.Event) -> None:
        """One kind of work, again and again: an error is logged and tried again with the next bell."""
        while True:
            bell.clear()
            try:
                await self._unit_of_work.calm(CROWD_FIRST)
                while await work():
                    await self._unit_of_work.calm(CROWD_FIRST)
            except Exception:
                log.exception("work failed, will be tried again")
            await bell.wait()

    async def _tick(self) -> None:
        for minute in self._minutes:
            minute.set()
        self._database.ring_here()

    async def _mix(self) -> None:
        await mix_all(self._database, self._unit_of_work)

    async def _purge(self) -> None:
        await purge(self._database, self._unit_of_work, self._clock(), self._settings.zone)


async def _first_done(works: Iterable[Callable[[], Awaitable[Counter[str]]]]) -> Counter[str]:
    """Do each in turn until there was something to do; what it was."""
    for work in works:
        if some := await work():
            return some
    return Counter()
