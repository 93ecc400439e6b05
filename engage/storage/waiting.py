"""Those who wait for a commit: what they gave in, and how they are answered."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from engage.storage.database import Base

Answer = TypeVar("Answer")
Item = TypeVar("Item")
Command = Callable[[AsyncSession], Awaitable[Answer]]
Alone = Callable[[AsyncConnection], Awaitable[Answer]]
Together = Callable[[AsyncSession, Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]
Lock = tuple[type[Base], int]
Outcome = tuple[asyncio.Future[Any], Any]  # who waits, and their answer or their refusal


@dataclass(slots=True)
class Waiting:
    """A command by itself, or an item for one that deals with many at once."""

    command: Command[Any]
    locks: Sequence[Lock]
    together: Together[Any, Any] | None = None
    item: Any = None
    locks_itself: bool = False
    alone: Alone[Any] | None = None
    answer: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def take(queue: deque[Waiting], most: int) -> list[Waiting]:
    """The first, up to so many, without those who went away."""
    taken = [queue.popleft() for _ in range(min(most, len(queue)))]
    return [waiting for waiting in taken if not waiting.answer.cancelled()]


def give_up(all_waiting: MutableSequence[Waiting]) -> None:
    """Whoever waits is cancelled along with the writer."""
    for waiting in all_waiting:
        waiting.answer.cancel()
    all_waiting.clear()


def is_crowd(batch: Sequence[Waiting]) -> bool:
    """Whether there is nothing in it but what many post."""
    return all(waiting.together is not None for waiting in batch)


def company(waiting: Waiting) -> object:
    """Equal for what may be dealt with together."""
    return waiting.together or id(waiting)


def answer_in_turns(outcomes: deque[Outcome], at_once: int) -> None:
    """Answer so many in each turn of the loop. While the next batch is under way that is a few: else all that they send
    next would be read in one long turn, for whose end its journeys would wait.
    """
    for _ in range(min(at_once, len(outcomes))):
        _settle(*outcomes.popleft())
    if outcomes:
        asyncio.get_running_loop().call_soon(answer_in_turns, outcomes, at_once)


def _settle(waiting: asyncio.Future[Any], outcome: Any) -> None:
    if waiting.done():
        return
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)
