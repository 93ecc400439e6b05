"""Pages that are the same for everybody: made and compressed once for all who ask at a time, told apart by a tag.

Only who is not signed in gets one, and nothing of a reader (no token, no cookie) can be in it.
"""

import gzip
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from engage.web import cookie_name, site_of, wants_json

TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
TAG = re.compile(r'(?:W/)?("[^"]*")')
# what depends on its reader; and everybody asks again each time, for places go fast
HEADERS = {"cache-control": "no-cache", "vary": "Accept, Accept-Encoding, Cookie"}


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A page's answers: as it is, compressed, and nothing but the tag, which changes with its bytes."""

    tag: str
    whole: Response
    compressed: Response
    known: Response

    def answer(self, asked: Request) -> Response:
        """What is sent to whoever asked so, the same to all who did."""
        if _is_known(self.tag, asked.headers.get("if-none-match")):
            return self.known
        return self.compressed if TAKES_GZIP.search(asked.headers.get("accept-encoding", "")) else self.whole


class AtHand:
    """Answers with what `shared` made for somebody else a moment ago, before a request is looked at any further."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (_at_hand(scope) or self.app)(scope, receive, send)


async def shared(request: Request, make: Callable[[], Awaitable[Response]]) -> Response:
    """What ``make`` answers; for who is not signed in, what it answered to anybody a moment ago. Raises what it raises.

    It may look at nothing of the request but its path and whether it asks for JSON.
    """
    if _is_for_one(request):
        return await make()

    async def page() -> SharedPage:
        return _page_of(await make())

    kept = await site_of(request).recent.get(_key(request), page)
    return kept.answer(request)


def _at_hand(scope: Scope) -> Response | None:
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return None
    request = Request(scope)
    kept: SharedPage | None = site_of(request).recent.at_hand(_key(request))
    return None if kept is None or _is_for_one(request) else kept.answer(request)


def _is_for_one(request: Request) -> bool:
    """Whether whoever asks is, or was, signed in."""
    return cookie_name(request, "session") in request.cookies


def _key(request: Request) -> tuple[object, ...]:
    return shared, request.scope["path"], wants_json(request)


def _page_of(made: Response) -> SharedPage:
    body = bytes(made.body)
    # The same tag for both forms of it: it is weak.
    headers = HEADERS | {"etag": f'W/"{sha256(body).hexdigest()[:32]}"'}
    typed = headers | {"content-type": made.headers["content-type"]}
    return SharedPage(
        headers["etag"],
        Response(body, headers=typed),
        Response(gzip.compress(body, mtime=0), headers=typed | {"content-encoding": "gzip"}),
        Response(status_code=304, headers=headers),
    )


def _is_known(tag: str, known: str | None) -> bool:
    """Whether ``If-None-Match`` names the tag, weak or not (RFC 9110)."""
    return known is not None and (known.strip() == "*" or tag.removeprefix("W/") in TAG.findall(known))
