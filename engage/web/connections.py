"""What one connection may take of a process's time and memory: uvicorn's own, with an end to its patience.

By itself the server below waits for ever for a request that never comes whole, keeps any number of header bytes, and
holds an answer that nobody reads for as long as the client likes.
"""

import resource
from asyncio import BaseTransport, TimerHandle, Transport
from functools import cache
from typing import cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from engage.web.whole import SEND, WHOLE, lines

KEPT_SECONDS = 65  # longer than proxies keep an idle connection, so that they are the ones who close it
LOOK_SECONDS = 10.0
STILL_LOOKS = 2  # after so many looks at an answer of which nothing was taken, nobody is there
LARGEST_HEAD = 64 * 1024  # bytes that bring a request no further
MOST_CONNECTIONS = 10_000
OTHER_FILES = 200  # of a process: the database, the relay, itself
BUSY = "The service is very busy. Please try again in a moment."
LONG = "The address or the headers of this request are too long."


class Connection(HttpToolsProtocol):
    """A connection that has to bring each request's head whole within `KEPT_SECONDS`, and to read its answer."""

    _waiting_since: float | None = None
    _look: TimerHandle | None = None
    _under_way: RequestResponseCycle | None = None
    _is_at_rest = True  # no request of it is under way
    _has_moved = False
    _unread = _unsent = _still = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast("Transport", transport))
        self._waiting_since = self.loop.time()
        self._look = self.loop.call_later(LOOK_SECONDS, self._look_after)
        if len(self.connections) > most_connections():
            self._turn_away("503 Service Unavailable", BUSY)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        if self._under_way is not None:  # by itself, the server tells the last alone of those that were sent in a row
            self._under_way.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_moved = False
        super().data_received(data)
        self._unread = 0 if self._has_moved else self._unread + len(data)
        if self._unread > LARGEST_HEAD:
            self._turn_away("431 Request Header Fields Too Large", LONG)

    def on_headers_complete(self) -> None:
        self._has_moved, self._is_at_rest, self._waiting_since = True, False, None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_moved = True
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._under_way = cycle
        cycle.scope["extensions"] = {WHOLE: {SEND: self._send_whole}}
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.cycle.response_complete:  # and none was sent right behind it
            self._is_at_rest, self._waiting_since = True, self.loop.time()

    def resume_writing(self) -> None:
        self._still = 0
        super().resume_writing()

    def _send_whole(self, scope: object, status: int, rest: bytes) -> bool:
        """Send an answer in one piece, as `Sending` says, where nothing speaks against that."""
        cycle = self._under_way
        if cycle is None or cycle.scope is not scope or cycle.response_started or cycle.disconnected:
            return False
        if not cycle.keep_alive or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        cycle.response_started = cycle.response_complete = True
        self.transport.write(STATUS_LINE[status] + lines(cycle.default_headers) + rest)
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _look_after(self) -> None:
        """End it where it keeps us waiting; else look again."""
        unsent = self.transport.get_write_buffer_size()
        self._still = self._still + 1 if unsent and unsent >= self._unsent else 0
        self._unsent = unsent
        since = self._waiting_since
        if self._still >= STILL_LOOKS or (since is not None and self.loop.time() - since > KEPT_SECONDS):
            self.transport.abort()
        else:
            self._look = self.loop.call_later(LOOK_SECONDS, self._look_after)

    def _turn_away(self, status: str, message: str) -> None:
        if not self._is_at_rest:
            self.transport.abort()
            return
        head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 5\r\nconnection: close"
        self.transport.write(f"{head}\r\ncontent-length: {len(message)}\r\n\r\n{message}".encode())
        self.transport.close()


@cache
def most_connections() -> int:
    """As many as this process may have at once beside its other files."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, min(MOST_CONNECTIONS, allowed - OTHER_FILES))


def allow_files() -> None:
    """Let this process and those that it starts open as many files as it may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
