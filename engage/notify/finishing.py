"""What is put into a message only when it is claimed for sending, and stored nowhere.

Rooms give a finisher for each kind of message that needs one; here nothing is known of what they put in.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message as it lies in the outbox; ``details`` is what was kept beside it for the finisher."""

    id: int
    kind: str
    details: Mapping[str, Any]
    content: bytes = field(repr=False)


Finisher = Callable[[AsyncSession, Sequence[Unfinished]], Awaitable[Mapping[int, bytes]]]
"""What messages of one kind are sent as, by their ids, in the claim's transaction."""


async def finish(
    session: AsyncSession, messages: Sequence[Unfinished], finishers: Mapping[str, Finisher]
) -> dict[int, bytes]:
    """What each message is sent as, by its id; those of a kind whose finisher failed are left out, to wait."""
    finished = {each.id: each.content for each in messages if each.kind not in finishers}
    by_kind: defaultdict[str, list[Unfinished]] = defaultdict(list)
    for each in messages:
        if each.kind in finishers:
            by_kind[each.kind].append(each)
    for kind, those in by_kind.items():
        try:
            async with session.begin_nested():
                finished |= await finishers[kind](session, those)
        except Exception:
            log.exception("messages cannot be finished, they wait", kind=kind, messages=len(those))
    return finished
