"""Pages that are the same for everybody: made and compressed once for all who ask at a time, told apart by a tag.

Only who is not signed in gets one. It is made for `Anybody`, so nothing of a reader (no token, no cookie) can be in it.
"""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engage.web.anybody import Anybody
from engage.web.headers import protecting
from engage.web.site import cookie_name, site_of, wants_json
from engage.web.whole import Whole

TAKES_GZIP = re.compile(rb"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
TAG = re.compile(rb'(?:W/)?("[^"]*")')
READS = ("GET", "HEAD")
SESSION = b"engage-session"  # the end of the cookie's name
ASKED_LATELY = 64  # ways of saying what one takes: browsers have few
# what depends on its reader; and everybody asks again each time, for places go fast
HEADERS = {"cache-control": "no-cache", "vary": "Accept, Accept-Encoding, Cookie"}


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A page's answers: as it is, compressed, and nothing but the tag, which changes with its bytes."""

    tag: bytes
    whole: Whole
    compressed: Whole
    known: Whole

    def answer(self, said: Mapping[bytes, bytes]) -> Whole:
        """What is sent to whoever said that in the request's headers, the same to all who did."""
        if b"if-none-match" in said and _is_known(self.tag, said[b"if-none-match"]):
            return self.known
        return self.compressed if _takes_gzip(said.get(b"accept-encoding", b"")) else self.whole


class AtHand:
    """Answers with what `shared` made for somebody else a moment ago, or is making: no request is looked at further.

    It needs nothing around it, for such a page says itself what protects it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self.app
        if _may_be_at_hand(scope) and not _may_be_for_one(said := _said(scope), scope):
            made: asyncio.Task[SharedPage] | None = scope["app"].state["site"].recent.at_hand(_key(scope, said))
            if made is not None and (made.done() or await _is_good(made)):
                answer = made.result().answer(said)
        await answer(scope, receive, send)


async def shared(request: Request, make: Callable[[Request], Awaitable[Response]], *, page: int = 1) -> Response:
    """What ``make`` answers; for who is not signed in, what it answered to anybody a moment ago. Raises what it raises.

    ``page`` is that of a list.
    """
    return await (make(request) if _is_for_one(request) else for_everybody(request, make, page=page))


async def for_everybody(
    request: Request, make: Callable[[Request], Awaitable[Response]], *, page: int = 1, is_counted: bool = True
) -> Response:
    """The same, whoever asks. A tag that ``make`` gives stays; where no places are counted in it, what crowds post does
    not make it anew.
    """
    site, said = site_of(request), _said(request.scope)

    async def made() -> SharedPage:
        return _page_of(await make(Anybody(request, page)), is_https=site.settings.is_https)

    kept = await site.recent.get(_key(request.scope, said, page), made, is_counted=is_counted)
    return kept.answer(said)


async def _is_good(made: asyncio.Task[SharedPage]) -> bool:
    """Whether it came to a page, once that is known; what went wrong is told by whoever asks next."""
    await asyncio.wait([made])
    return not made.cancelled() and made.exception() is None


def _may_be_at_hand(scope: Scope) -> bool:
    """Whether it is read, and asks for no further page of a list, which is found with more care."""
    if scope["type"] != "http" or scope["method"] not in READS:
        return False
    query: bytes = scope["query_string"]
    return not query or (b"page" not in query and b"%" not in query)


def _is_for_one(request: Request) -> bool:
    """Whether whoever asks is, or was, signed in."""
    return cookie_name(request, "session") in request.cookies


def _may_be_for_one(said: Mapping[bytes, bytes], scope: Scope) -> bool:
    """False only where `_is_for_one` is, and found out without taking cookies apart."""
    return b"cookie" in said and any(name == b"cookie" and SESSION in value for name, value in scope["headers"])


def _said(scope: Scope) -> Mapping[bytes, bytes]:
    """Its headers; of several with one name, the first."""
    return dict(reversed(scope["headers"]))


def _key(scope: Scope, said: Mapping[bytes, bytes], page: int = 1) -> tuple[object, ...]:
    return shared, scope["path"], page, _is_json_wanted(said.get(b"accept", b""))


@lru_cache(ASKED_LATELY)
def _is_json_wanted(accept: bytes) -> bool:
    return wants_json(Request({"type": "http", "headers": [(b"accept", accept)]}))


@lru_cache(ASKED_LATELY)
def _takes_gzip(accept_encoding: bytes) -> bool:
    return TAKES_GZIP.search(accept_encoding) is not None


def _page_of(made: Response, *, is_https: bool) -> SharedPage:
    body = bytes(made.body)
    # The same tag for both forms of it: it is weak.
    tag = made.headers.get("etag") or f'W/"{sha256(body).hexdigest()[:32]}"'
    headers = protecting(is_https=is_https) | HEADERS | {"etag": tag}
    typed = headers | {"content-type": made.headers["content-type"]}
    return SharedPage(
        tag.encode(),
        Whole(body, headers=typed),
        Whole(gzip.compress(body, mtime=0), headers=typed | {"content-encoding": "gzip"}),
        Whole(status_code=304, headers=headers),
    )


def _is_known(tag: bytes, known: bytes) -> bool:
    """Whether ``If-None-Match`` names the tag, weak or not (RFC 9110)."""
    return known.strip() == b"*" or tag.removeprefix(b"W/") in TAG.findall(known)
