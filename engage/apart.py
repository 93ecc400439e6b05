"""Many acts, one after another, of which none may hold up the others."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import structlog
from sqlalchemy.exc import OperationalError

Item = TypeVar("Item")

log = structlog.get_logger()


async def each_apart(items: Iterable[Item], act: Callable[[Item], Awaitable[int]]) -> int:
    """The sum of what the acts answer. One that fails is logged and counts nothing; whoever calls again tries it again.

    A database that is away fails for all of them: that error is raised.
    """
    done = 0
    for item in items:
        try:
            done += await act(item)
        except (OperationalError, ConnectionError):
            raise
        except Exception:
            log.exception("one of many failed, the others go on", item=repr(item))
    return done
