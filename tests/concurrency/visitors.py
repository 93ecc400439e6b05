"""People who come all the time, each until they are answered, now to this process and now to that one."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial

import httpx2

from tests.concurrency.stage import FIRST
from tests.server import JSON, Browsers, Page

WITHIN = 180.0  # seconds: the machine may be busy with other things
AT_ONCE = 16
HUNG_UP = 0


@dataclass
class Visitors:
    """``sites`` are those that a balancer would ask now; the page was made by one, and all take its form.

    ``told`` counts answers by what was asked and status, ``faults`` holds those that nobody should get.
    """

    page: Page
    sites: list[Browsers]
    confirmed: set[str] = field(default_factory=set)
    told: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    is_over: bool = False
    _turn: int = 0
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def statuses(self) -> set[int]:
        return {status for _, status in self.told}

    async def come(self, line: int) -> None:
        number = 0
        while not self.is_over:
            address = f"visitor-{line}-{number}@example.org"
            post = partial(Browsers.post, page=self.page, slot=FIRST, email=address)
            if await self._ask("post", post) == 303:
                self.confirmed.add(address)
                self._came.set()
                number += 1
            await self._ask("page", partial(Browsers.get, path=f"/open-evenings/{self.page.slug}/register"))
            await self._ask("json", partial(Browsers.get, path=f"/open-evenings/{self.page.slug}", headers=JSON))

    async def until(self, more: int) -> None:
        """Return when so many more have been confirmed."""
        wanted = len(self.confirmed) + more
        async with asyncio.timeout(WITHIN):
            while len(self.confirmed) < wanted:
                self._came.clear()
                await self._came.wait()

    async def _ask(self, what: str, ask: Callable[[Browsers], Coroutine[None, None, httpx2.Response]]) -> int:
        self._turn += 1
        site = self.sites[self._turn % len(self.sites)]
        try:
            answer = await ask(site)
        except httpx2.TransportError:
            self.told[what, HUNG_UP] += 1
            return HUNG_UP
        self.told[what, answer.status_code] += 1
        if not _is_good(what, answer):
            self.faults.append(f"{what}: {answer.status_code} {answer.headers} {answer.text[:200]}")
        return answer.status_code


def _is_good(what: str, answer: httpx2.Response) -> bool:
    """A refusal for now is in our words, and says when to come again."""
    if answer.status_code != 503:
        return answer.status_code in (200, 303)
    kind = "application/json" if what == "json" else "text/html"
    return answer.headers["content-type"].startswith(kind) and "retry-after" in answer.headers
