"""What the last tries said of the relay."""

from dataclasses import dataclass
from datetime import datetime

import structlog

from engage.notify.retry import LONGEST_PAUSE, Outcome, pause

log = structlog.get_logger()


@dataclass(slots=True)
class RelayHealth:
    """Whether the relay takes mail, ``since`` when (None: the start), and if not its last word, without addresses."""

    is_reachable: bool = True
    since: datetime | None = None
    error: str | None = None
    failures: int = 0
    resume_at: datetime | None = None

    def is_pausing(self, now: datetime) -> bool:
        """Whether to leave the relay alone for now; a clock that was set back does not prolong it."""
        return self.resume_at is not None and now < self.resume_at <= now + 2 * LONGEST_PAUSE

    def worked(self, now: datetime) -> None:
        """The relay answered a message with a word on that message."""
        if not self.is_reachable:
            log.info("relay takes mail again", failures=self.failures)
            self.since = now
        self.is_reachable, self.error, self.failures, self.resume_at = True, None, 0, None

    def failed(self, outcome: Outcome, now: datetime, jitter: float) -> None:
        """The relay was not there, did not let us in or takes no mail of ours."""
        if self.is_reachable:
            self.since = now
        self.is_reachable, self.error = False, f"{outcome.code or ''} {outcome.reply}".strip()
        self.failures += 1
        self.resume_at = now + pause(self.failures, jitter)
        log.warning("relay takes no mail, the queue waits", error=self.error, failures=self.failures)
