"""What is looked at once more before it is sent: a message that is no longer true is dropped.

Rooms give a check for each kind of message that can become untrue; here nothing is known of what they look at.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that is about to be sent; ``details`` is what has to be true still, as it was put."""

    id: int
    kind: str
    stream: str
    details: Mapping[str, Any]

    @property
    def until(self) -> datetime | None:
        """The instant from which on nobody may be sent it, None where it has none."""
        given = self.details.get("until")
        return datetime.fromisoformat(given) if given else None


Check = Callable[[AsyncSession, Sequence[Candidate], datetime], Awaitable[set[int]]]
"""Looks at messages of one kind at the acting now, in the claim's transaction; the ids of those to be dropped."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """By the messages' ids: what is dropped, and what has to wait because its check failed."""

    dropped: set[int]
    postponed: set[int]


async def look_again(
    session: AsyncSession, candidates: Sequence[Candidate], checks: Mapping[str, Check], now: datetime
) -> Verdicts:
    """Check the messages, each kind by itself; a check that fails holds up its own kind alone."""
    by_kind: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_kind[candidate.kind].append(candidate)
    verdicts = Verdicts({each.id for each in candidates if each.until and each.until <= now}, set())
    for kind, check in checks.items():
        if kind in by_kind:
            await _apply(session, check, by_kind[kind], verdicts, now)
    return verdicts


async def _apply(
    session: AsyncSession, check: Check, candidates: Sequence[Candidate], verdicts: Verdicts, now: datetime
) -> None:
    try:
        async with session.begin_nested():
            verdicts.dropped.update(await check(session, candidates, now))
    except Exception:
        log.exception("check of messages failed, they wait", kind=candidates[0].kind, messages=len(candidates))
        ids = {candidate.id for candidate in candidates}
        verdicts.postponed.update(ids)
        verdicts.dropped.difference_update(ids)
