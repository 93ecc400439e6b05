"""From the outbox to the relay: claim what is due, send it with no database session open, settle it.

A line to the relay takes its next message when the last one is settled, so a crash repeats at most one message for each
line, under the same Message-ID. What a stopped process had claimed is taken over when its lease runs out.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import attrgetter

import structlog

from engage.notify.backlog import Backlog
from engage.notify.claims import Claim, Claimed, Settlement, Truth, claim, is_any_due, release
from engage.notify.health import RelayHealth
from engage.notify.retry import IN_VAIN, Outcome, next_step
from engage.notify.settling import Settler
from engage.notify.transport import Envelope, Transport
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork

log = structlog.get_logger()

LEASE = timedelta(minutes=3)
KEPT_TO_SETTLE = 30.0  # seconds of a lease: for writing down what came of the last tries, and for clocks that differ
CLAIMED_AT_ONCE = 256
FEW_LEFT = 128  # messages claimed and not begun, at which the next are claimed
MOST_CLAIMED = 1024  # where a domain that hangs holds up its own
PER_DOMAIN = 6  # of the transport's lines: some are left for everybody else

_RANDOM = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round did; false where nothing was due or the relay takes no mail."""

    sent: int = 0
    retried: int = 0
    dead: int = 0
    dropped: int = 0

    def __bool__(self) -> bool:
        return bool(self.sent or self.retried or self.dead or self.dropped)


def _nothing_known() -> Truth:
    return Truth({}, datetime.now(UTC))


class Delivery:
    """Sends the outbox. A process has one; any number of processes may deliver from one database.

    ``truth`` is what messages are held against before they are sent, by the acting clock; leases keep the real one.
    ``return_path`` answers the address to which a message of that number comes back, where such mail is read.
    """

    def __init__(
        self,
        database: Database,
        unit_of_work: UnitOfWork,
        transport: Transport,
        *,
        lease: timedelta = LEASE,
        per_domain: int = PER_DOMAIN,
        jitter: Callable[[], float] = _RANDOM.random,
        truth: Callable[[], Truth] = _nothing_known,
        return_path: Callable[[int], str] | None = None,
    ) -> None:
        self.health = RelayHealth()
        self._log = log.bind()  # once: the lazy one binds anew for each line
        self._database = database
        self._news = database.bell()  # rung by commits, and by lines that run out of work
        self._unit_of_work = unit_of_work
        self._settler = Settler(unit_of_work)
        self._transport = transport
        self._lease = lease
        self._per_domain = per_domain
        self._jitter = jitter
        self._truth = truth
        self._return_path = return_path

    async def deliver_due(self, real_now: datetime) -> Delivered:
        """Try what is due by the real clock, and what becomes due while lines are busy; call again until it is false.

        A line that is free is given what comes, so that one that hangs holds up nobody. Cancelled, it begins nothing
        more, lets what is under way end, and stops.
        """
        if self.health.is_pausing(real_now):
            return Delivered()
        round_ = _Round(real_now, self._per_domain)
        work = asyncio.create_task(self._work_off(round_))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            round_.is_stopped = True
            self._news.set()
            await work
            raise
        return Delivered(
            round_.counts["sent"], round_.counts["waiting"], round_.counts["dead"], round_.counts["dropped"]
        )

    async def _work_off(self, round_: "_Round") -> None:
        lines: set[asyncio.Task[None]] = set()
        try:
            while not round_.is_stopped:
                self._news.clear()
                lines = {line for line in lines if not line.done() or line.exception()}
                if self._has_room(round_, len(lines)):
                    await self._claim(round_)
                for _ in range(min(self._transport.connections - len(lines), round_.backlog.ready)):
                    lines.add(asyncio.create_task(self._keep_busy(round_)))
                self._settler.company = len(lines)
                if not lines:
                    break
                await self._news.wait()
        finally:
            round_.is_stopped = True
            errors = [each for each in await asyncio.gather(*lines, return_exceptions=True) if each is not None]
            if left := [*round_.too_late, *round_.backlog.clear()]:
                await self._unit_of_work.run(partial(release, messages=left))
        for error in errors:
            raise error

    def _has_room(self, round_: "_Round", busy: int) -> bool:
        """Whether to claim: at first, when what is claimed runs out and there is more, or when lines have no work."""
        backlog = round_.backlog
        if not busy:
            return not round_.has_begun
        if len(backlog) < FEW_LEFT and round_.is_more_due:
            return True
        return not backlog.ready and busy < self._transport.connections and len(backlog) < MOST_CLAIMED

    async def _claim(self, round_: "_Round") -> None:
        now = round_.now()
        round_.has_begun = True
        if not round_.is_more_due and not await self._is_any_due(now):
            return
        # A relay that was down is asked with one message, and not by every line at once.
        limit = CLAIMED_AT_ONCE if self.health.is_reachable else 1
        command = partial(claim, now=now, lease=self._lease, limit=limit, truth=self._truth())
        begun = round_.elapsed()
        claimed = await self._unit_of_work.run(command)
        lasts = self._lease.total_seconds() - self._transport.timeout - KEPT_TO_SETTLE
        round_.add(claimed, begin_by=begun + lasts)
        round_.is_more_due = len(claimed.messages) + claimed.dropped == CLAIMED_AT_ONCE

    async def _is_any_due(self, now: datetime) -> bool:
        async with self._database.reading() as session:
            return await is_any_due(session, now)

    async def _keep_busy(self, round_: "_Round") -> None:
        """Send on one line for as long as there is something to send.

        What came of a message is written down while the relay is told of the next one, whose content then waits for it.
        """
        try:
            async with self._transport.line() as line:
                settled: asyncio.Task[None] | None = None
                while (message := self._next(round_)) is not None:
                    try:
                        outcome = await line.send(self._addressed(message), settled)
                    finally:
                        round_.backlog.done(message)
                        if settled is not None:
                            await asyncio.shield(settled)
                    settled = self._settler.settle(self._judged(round_, message, outcome))
                if settled is not None:
                    await asyncio.shield(settled)
        except Exception:
            round_.is_stopped = True
            raise
        finally:
            self._news.set()

    def _next(self, round_: "_Round") -> Claimed | None:
        """What a line sends next; what came too late is left to the next claim, which drops it, and to other leases."""
        now = self._truth().now
        while not round_.is_stopped and (message := round_.backlog.take()) is not None:
            if len(round_.backlog) < FEW_LEFT and round_.is_more_due:
                self._news.set()
            if not round_.is_too_late(message, now):
                return message
            round_.too_late.append(message)
            round_.backlog.done(message)
        return None

    def _addressed(self, message: Claimed) -> Envelope:
        if self._return_path is None:
            return message.envelope
        return replace(message.envelope, sender=self._return_path(message.id))

    def _judged(self, round_: "_Round", message: Claimed, outcome: Outcome) -> Settlement:
        """What becomes of the message; the first failure of a round speaks for the relay and ends the round."""
        now = round_.now()
        first_tried_at = message.first_tried_at or now
        step = next_step(
            outcome.verdict,
            attempts=message.attempts,
            first_tried_at=first_tried_at,
            now=now,
            jitter=self._jitter(),
        )
        verdict = outcome.verdict.value
        self._log.info("message tried", message=message.id, domain=message.domain, verdict=verdict, code=outcome.code)
        is_in_vain = outcome.verdict in IN_VAIN
        if not is_in_vain:
            round_.counts[step.state] += 1
        if not round_.is_stopped:
            round_.is_stopped = is_in_vain
            if is_in_vain:
                self.health.failed(outcome, now, self._jitter())
            else:
                self.health.worked(now)
        return Settlement(message, outcome, step, now)


class _Round:
    """What is claimed and under way from one call to its end, and the time in which sending each message may begin."""

    def __init__(self, real_now: datetime, per_domain: int) -> None:
        self.backlog: Backlog[Claimed] = Backlog(attrgetter("domain"), per_domain)
        self.too_late: list[Claimed] = []
        self.counts: Counter[str] = Counter()
        self.has_begun = False
        self.is_more_due = False
        self.is_stopped = False
        self._begin_by: dict[str, float] = {}
        self._real_now = real_now
        self._begun = asyncio.get_running_loop().time()

    def add(self, claimed: Claim, begin_by: float) -> None:
        self.counts["dropped"] += claimed.dropped
        for message in claimed.messages:
            self._begin_by[message.lease] = begin_by
            self.backlog.add(message)

    def is_too_late(self, message: Claimed, now: datetime) -> bool:
        """Whether it may not begin any more: a try that does not end within the lease could be made twice."""
        is_untrue = message.until is not None and message.until <= now
        return is_untrue or self.elapsed() > self._begin_by[message.lease]

    def now(self) -> datetime:
        """The real clock, without asking it: the instant given and what has passed since."""
        return self._real_now + timedelta(seconds=self.elapsed())

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun
