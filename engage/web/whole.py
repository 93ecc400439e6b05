"""Answers that are bytes already, but for their date: what crowds are answered with.

The server below sends such an answer in one piece. The usual way it looks at each header of each answer, and writes
the head and the body apart.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

WHOLE, SEND = "engage.whole", "send"  # the extension of a scope, and what is in it


class Sending(Protocol):
    """Sends an answer to the request of that scope, and tells whether it did; if not, it is sent the usual way.

    ``rest`` is what comes after the status and the date: lines of headers, a blank line, a body.
    """

    def __call__(self, scope: object, status: int, rest: bytes) -> bool: ...


class Whole(Response):
    """A response that nobody adds anything to: what protects it is in its headers."""

    def __init__(self, content: Any = None, status_code: int = 200, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(content, status_code, headers)
        self._rest = lines(self.raw_headers) + b"\r\n" + bytes(self.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_sent(scope, self.status_code, self._rest):
            await super().__call__(scope, receive, send)


def is_sent(scope: Scope, status: int, rest: bytes) -> bool:
    """Whether the server below took it in one piece."""
    sending: Sending | None = scope.get("extensions", {}).get(WHOLE, {}).get(SEND)
    return sending is not None and sending(scope, status, rest)


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers as they are sent."""
    return b"".join([b"%b: %b\r\n" % each for each in headers])
