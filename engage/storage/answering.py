"""How those who wait for a commit are answered."""

import asyncio
from collections import deque
from typing import Any

Outcome = tuple[asyncio.Future[Any], Any]  # who waits, and their answer or their refusal


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
