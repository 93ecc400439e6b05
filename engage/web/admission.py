"""At the door of the application: as many requests at once as can be answered soon, and bodies that come in time.

A request counts from the moment at which it is whole until its answer begins, so that neither half-sent forms nor
clients that read slowly keep others out.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engage.errors import Overloaded

MOST_AT_ONCE = 2_000  # in one process: some five seconds' work
BODY_SECONDS = 20.0  # in which a body has to come, and
SLOWEST = 4_000  # bytes a second, for which it gets more time
BUSY = "More people are here than we can answer at once. Nothing was changed: please try again in a moment."
UNCOUNTED = ("/health/", "/static/")  # monitors want to know that we live, and nothing waits for a file

Refusal = Callable[[Request, Exception], Awaitable[Response]]


class Admission:
    """``refuse`` makes the answer for whoever is one too many; a route of its own limit takes longer bodies."""

    def __init__(self, app: ASGIApp, *, refuse: Refusal, largest_body: int) -> None:
        self.app = app
        self.at_once = 0
        self._refuse = refuse
        self._largest_body = largest_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UNCOUNTED):
            await self.app(scope, receive, send)
            return
        visit = _Visit(self, scope, receive, send)
        if not visit.has_body and self.is_full:
            refusal = await self._refuse(Request(scope, receive), Overloaded(BUSY))
            await refusal(scope, receive, send)
            return
        try:
            if not visit.has_body:
                visit.count()
            await self.app(scope, visit.receive, visit.send)
        finally:
            visit.discount()

    @property
    def is_full(self) -> bool:
        return self.at_once >= MOST_AT_ONCE

    def largest_body(self, scope: Scope) -> int:
        """As the route says, once that is found."""
        largest: int = scope.get(MAX_BODY_SIZE_SCOPE_KEY, self._largest_body)
        return largest


class _Visit:
    """One request on its way through."""

    def __init__(self, admission: Admission, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._admission = admission
        self._scope, self._receive, self._send = scope, receive, send
        self._announced = int(length) if (length := headers.get("content-length", "0")).isdecimal() else 0
        self._received = 0
        self._until = 0.0
        self._is_counted = self._is_whole = False
        self.has_body = self._announced > 0 or "transfer-encoding" in headers

    def count(self) -> None:
        self._is_counted = True
        self._admission.at_once += 1

    def discount(self) -> None:
        if self._is_counted:
            self._is_counted = False
            self._admission.at_once -= 1

    async def receive(self) -> Message:
        """Raises HTTPException 413 or 408 for a body that is too large or too slow, Overloaded for one too many."""
        if not self.has_body or self._is_whole:
            return await self._receive()
        message = await self._receive_in_time()
        self._received += len(message.get("body", b""))
        self._refuse_large(self._received)
        if not message.get("more_body", False):
            self._is_whole = True
            if self._admission.is_full:
                raise Overloaded(BUSY)
            self.count()
        return message

    async def send(self, message: Message) -> None:
        self.discount()
        await self._send(message)

    async def _receive_in_time(self) -> Message:
        self._refuse_large(self._announced)
        now = asyncio.get_running_loop().time()
        self._until = self._until or now + BODY_SECONDS
        try:
            async with asyncio.timeout_at(self._until + self._received / SLOWEST):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(408, headers={"connection": "close"}) from None

    def _refuse_large(self, length: int) -> None:
        if length > self._admission.largest_body(self._scope):
            raise HTTPException(413, headers={"connection": "close"})
