"""Pages that are the same for everybody: made and compressed once for all who ask at a time, told apart by a tag.

Only who is not signed in gets one, and nothing of a reader (no token, no cookie) can be in it.
"""

import gzip
import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from engage.web import cookie_name, site_of

TAKES_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
TAG = re.compile(r'(?:W/)?("[^"]*")')
# what depends on its reader; and everybody asks again each time, for places go fast
HEADERS = {"cache-control": "no-cache", "vary": "Accept, Accept-Encoding, Cookie"}


@dataclass(frozen=True, slots=True)
class SharedPage:
    """A page's bytes as they are and compressed, and the tag that changes with them."""

    body: bytes
    compressed: bytes
    tag: str
    media_type: str

    def answer(self, asked: Request) -> Response:
        """What is sent: nothing but the tag to whoever has the page already."""
        headers = HEADERS | {"etag": self.tag}
        if _is_known(self.tag, asked.headers.get("if-none-match")):
            return Response(status_code=304, headers=headers)
        body = self.body
        if TAKES_GZIP.search(asked.headers.get("accept-encoding", "")):
            body, headers["content-encoding"] = self.compressed, "gzip"
        return Response(body, headers=headers | {"content-type": self.media_type})


async def shared(request: Request, key: Hashable, make: Callable[[], Awaitable[Response]]) -> Response:
    """What ``make`` answers; for who is not signed in, what it answered to anybody a moment ago. Raises what it raises.

    The key tells pages apart that differ; ``make`` may look at nothing else of the request.
    """
    if cookie_name(request, "session") in request.cookies:
        return await make()

    async def page() -> SharedPage:
        made = await make()
        body, media_type = bytes(made.body), made.headers["content-type"]
        # The same tag for both forms of it: it is weak.
        return SharedPage(body, gzip.compress(body, mtime=0), f'W/"{sha256(body).hexdigest()[:32]}"', media_type)

    kept: SharedPage = await site_of(request).recent.get((shared, key), page)
    return kept.answer(request)


def _is_known(tag: str, known: str | None) -> bool:
    """Whether ``If-None-Match`` names the tag, weak or not (RFC 9110)."""
    return known is not None and (known.strip() == "*" or tag.removeprefix("W/") in TAG.findall(known))
