"""From the outbox to the relay: claim what is due, send it with no database session open, settle it.

A line to the relay takes its next message when the last one is settled, so a crash repeats at most one message for each
line, under the same Message-ID. What a stopped process had claimed is taken over when its lease runs out.
"""

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from engage.database import Database
from engage.notify.claims import Claim, Claimed, Settlement, Truth, claim, is_any_due, release
from engage.notify.health import RelayHealth
from engage.notify.retry import IN_VAIN, Outcome, next_step
from engage.notify.settling import Settler
from engage.notify.transport import Envelope, Transport
from engage.unit_of_work import UnitOfWork

log = structlog.get_logger()

LEASE = timedelta(minutes=3)
KEPT_TO_SETTLE = 30.0  # seconds of a lease: for writing down what came of the last tries, and for clocks that differ
CLAIMED_AT_ONCE = 256
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
        self._database = database
        self._unit_of_work = unit_of_work
        self._settler = Settler(unit_of_work)
        self._transport = transport
        self._lease = lease
        self._per_domain = per_domain
        self._jitter = jitter
        self._truth = truth
        self._return_path = return_path

    async def deliver_due(self, real_now: datetime) -> Delivered:
        """Try once one batch of what is due by the real clock; call again until the answer is false.

        Cancelled, it begins nothing more, lets what is under way end, and stops.
        """
        begun = asyncio.get_running_loop().time()
        if self.health.is_pausing(real_now):
            return Delivered()
        async with self._database.reading() as session:
            if not await is_any_due(session, real_now):
                return Delivered()
        # A relay that was down is asked with one message, and not by every line at once.
        claimed = await self._claim(real_now, CLAIMED_AT_ONCE if self.health.is_reachable else 1)
        lasts = self._lease.total_seconds() - self._transport.timeout - KEPT_TO_SETTLE
        round_ = _Round(claimed.messages, real_now, begun, lasts)
        await self._work_off(round_)
        return Delivered(round_.counts["sent"], round_.counts["waiting"], round_.counts["dead"], claimed.dropped)

    async def _claim(self, real_now: datetime, limit: int) -> Claim:
        command = partial(claim, now=real_now, lease=self._lease, limit=limit, truth=self._truth())
        return await self._unit_of_work.run(command)

    async def _work_off(self, round_: "_Round") -> None:
        lanes = [self._lane(round_, queue) for queue in round_.queues for _ in range(min(self._per_domain, len(queue)))]
        work = asyncio.gather(*lanes, return_exceptions=True)
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            round_.is_stopped = True
            await work
            raise
        finally:
            if left := round_.left():
                await self._unit_of_work.run(partial(release, messages=left))
        for error in await work:
            if error is not None:
                raise error

    async def _lane(self, round_: "_Round", queue: deque[Claimed]) -> None:
        """Messages to one domain, one after another; a domain has few lanes, and all share the relay's lines."""
        try:
            while queue and not round_.is_over():
                async with self._transport.line() as line:
                    if queue and not round_.is_over():
                        message = queue.popleft()
                        if message.until is not None and message.until <= self._truth().now:
                            round_.too_late.append(message)  # the next claim drops it
                            continue
                        await self._settle(round_, message, await line.send(self._addressed(message)))
        except Exception:
            round_.is_stopped = True
            raise

    def _addressed(self, message: Claimed) -> Envelope:
        if self._return_path is None:
            return message.envelope
        return replace(message.envelope, sender=self._return_path(message.id))

    async def _settle(self, round_: "_Round", message: Claimed, outcome: Outcome) -> None:
        now = round_.now()
        step = next_step(
            outcome.verdict,
            attempts=message.attempts,
            first_tried_at=message.first_tried_at or now,
            now=now,
            jitter=self._jitter(),
        )
        await self._settler.settle(Settlement(message, outcome, step, now))
        verdict = outcome.verdict.value
        log.info("message tried", message=message.id, domain=message.domain, verdict=verdict, code=outcome.code)
        is_in_vain = outcome.verdict in IN_VAIN
        if not is_in_vain:
            round_.counts[step.state] += 1
        if round_.is_stopped:
            return  # the first failure of a round speaks for the relay
        if is_in_vain:
            round_.is_stopped = True
            self.health.failed(outcome, now, self._jitter())
        else:
            self.health.worked(now)


class _Round:
    """One batch of claimed messages, and the time in which sending it may begin."""

    def __init__(self, claimed: Sequence[Claimed], real_now: datetime, begun: float, lasts: float) -> None:
        by_domain: defaultdict[str, deque[Claimed]] = defaultdict(deque)
        for message in claimed:
            by_domain[message.domain].append(message)
        self.queues = list(by_domain.values())
        self.too_late: list[Claimed] = []
        self.counts: Counter[str] = Counter()
        self.is_stopped = False
        self._real_now = real_now
        self._begun = begun
        self._lasts = lasts

    def now(self) -> datetime:
        """The real clock, without asking it: the instant given and what has passed since."""
        return self._real_now + timedelta(seconds=self._elapsed())

    def is_over(self) -> bool:
        """Whether nothing more may begin: a try that does not end within the lease could be made twice."""
        return self.is_stopped or self._elapsed() > self._lasts

    def left(self) -> list[Claimed]:
        return [*self.too_late, *(message for queue in self.queues for message in queue)]

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._begun
