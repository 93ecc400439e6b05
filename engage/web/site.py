"""What every page shares: the site's parts, rendering, CSRF tokens, posted forms, the answer to a refusal."""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from engage.errors import FormStale
from engage.notify.letters import Letters
from engage.people.provider import Provider
from engage.people.sessions import Person, signed_in
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from engage.web.forms import PostedForm
from engage.web.headers import protecting
from engage.web.recent import Recent
from engage.web.whole import is_sent, lines

Form = TypeVar("Form", bound=PostedForm)

CSRF_KEPT = 365 * 24 * 3600  # seconds: slow readers must not lose what they typed (WCAG 2.2.1)
URLENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 500
LARGEST_FIELD = 200_000
STALE = (
    "This page was open for long, or your browser keeps no cookies. What you typed is kept: check it and send it again."
)


@dataclass(frozen=True, slots=True)
class Site:
    """The parts of one running site; ``clock`` gives aware UTC."""

    settings: Settings
    database: Database
    unit_of_work: UnitOfWork
    tokens: Tokens
    templates: Environment
    letters: Letters
    provider: Provider | None
    recent: Recent
    clock: Callable[[], datetime]


class SeeOther(Response):
    """303 to a path of ours, which needs no quoting: for what is posted so often that its answer's making counts."""

    def __init__(self, path: str) -> None:
        self.status_code, self.body, self.background = 303, b"", None
        self.raw_headers = [(b"location", path.encode()), (b"content-length", b"0")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protected = _protecting(is_https=scope["app"].state["site"].settings.is_https)
        if not is_sent(scope, self.status_code, lines(self.raw_headers) + protected):
            await super().__call__(scope, receive, send)


def site_of(request: Request) -> Site:
    """The parts of the site that answers this request."""
    site: Site = request.scope["app"].state["site"]
    return site


async def render(request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
    """The page of that template; one that carries a CSRF token is kept by no cache."""
    site = site_of(request)
    person = await person_of(request)
    csrf = _Csrf(request)
    html = site.templates.get_template(name).render(
        request=request, person=person, csrf_token=csrf, now=site.clock(), **context
    )
    response = HTMLResponse(html, status_code=status)
    if csrf.is_used or person is not None:
        response.headers["cache-control"] = "no-store"
    if csrf.is_used:
        csrf.keep(response)
    return response


async def person_of(request: Request) -> Person | None:
    """Who is signed in, asked of the database once for each request."""
    if not hasattr(request.state, "person"):
        request.state.person = await signed_in(request.cookies.get(cookie_name(request, "session")), site_of(request))
    person: Person | None = request.state.person
    return person


async def posted(request: Request) -> FormData:
    """The posted form. Raises HTTPException 400 where its encoding is broken, FormStale without a good CSRF token."""
    form = await posted_openly(request)
    refuse_forged(request, form.get("csrf_token"))
    return form


def refuse_forged(request: Request, token: object) -> None:
    """Raises FormStale without a good CSRF token."""
    site = site_of(request)
    cookie = request.cookies.get(_cookie_name(site, "csrf"))
    if cookie is None or not isinstance(token, str) or not _is_good(site, cookie, token):
        raise FormStale(STALE)


async def taken(request: Request, form_of: type[Form]) -> tuple[Form, int | None]:
    """The posted form, and the status with which it is shown again where it cannot be taken."""
    try:
        form = form_of(await posted(request))
    except FormStale as stale:
        form = form_of(await posted_openly(request))
        form.problem = str(stale)
        return form, FormStale.status
    return form, None if form.validate() else 422


async def posted_openly(request: Request) -> FormData:
    """The posted form of whoever sends it; only text counts. Raises HTTPException 400 where it is not sound UTF-8."""
    try:
        return FormData(await _fields(request))
    except ValueError:
        raise HTTPException(400) from None


async def _fields(request: Request) -> list[tuple[str, str | UploadFile]]:
    """Raises ValueError. The form parser of Starlette reads what is no UTF-8 as Latin-1, so it gets none of that."""
    body = (await request.body()).decode()
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == URLENCODED:
        return [*parse_qsl(body, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)]
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD)
    texts = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    for _, value in texts:
        value.encode()  # a charset of the sender's own choice makes halves of characters
    return [*texts]


async def posted_file(request: Request, name: str, most: int, largest_body: int) -> tuple[FormData, bytes]:
    """What was posted with a file, and the file: one byte more than ``most`` where it is larger, empty without one.

    Nobody has looked at the CSRF token yet. Raises HTTPException 400 where the encoding is broken, 413 where what was
    posted is longer than ``largest_body`` bytes.
    """
    request.scope[MAX_BODY_SIZE_SCOPE_KEY] = largest_body
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=LARGEST_FIELD) as sent:
            given = sent.get(name)
            return sent, await given.read(most + 1) if isinstance(given, UploadFile) else b""
    except ValueError:
        raise HTTPException(400) from None


def wants_json(request: Request) -> bool:
    """Whether the client asks for JSON and not for a page."""
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def cookie_name(request: Request, name: str) -> str:
    """On https the browser itself binds the cookie to this host."""
    return _cookie_name(site_of(request), name)


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """A cookie that scripts cannot read and other sites cannot send along with a post."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=site_of(request).settings.is_https,
        httponly=True,
        samesite="lax",
    )


async def refuse(request: Request, status: int, message: str, *, title: str | None = None) -> Response:
    """The page, or the JSON, that says why a request was refused."""
    if wants_json(request):
        return JSONResponse({"error": message}, status_code=status)
    title = title or TITLES.get(status, TITLES[400])
    return await render(request, "error.html", status=status, title=title, message=message, is_for_now=status == 503)


TITLES = {
    400: "We could not read what was sent",
    403: "Please send the form again",
    404: "Page not found",
    405: "This address does not take that",
    408: "That took too long",
    409: "That is not possible any more",
    410: "This link has been used or is too old",
    413: "That is too much at once",
    429: "Please wait a moment",
    500: "Sorry, something went wrong",
    503: "Sorry, the service is unavailable",
}


@cache
def _protecting(*, is_https: bool) -> bytes:
    """The end of a head that protects its answer."""
    return lines((name.encode(), value.encode()) for name, value in protecting(is_https=is_https).items()) + b"\r\n"


def _cookie_name(site: Site, name: str) -> str:
    return f"__Host-engage-{name}" if site.settings.is_https else f"engage-{name}"


class _Csrf:
    """The token of one page: of its browser's cookie, under a salt of its own, and for ever as good as the cookie."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.is_used = False

    @cached_property
    def _cookie(self) -> str:
        return self._request.cookies.get(cookie_name(self._request, "csrf")) or secrets.token_urlsafe(16)

    def __str__(self) -> str:
        self.is_used = True
        salt = secrets.token_hex(8)
        return f"{salt}.{_seal(site_of(self._request), self._cookie, salt)}"

    def keep(self, response: Response) -> None:
        set_cookie(self._request, response, "csrf", self._cookie, CSRF_KEPT)


def _seal(site: Site, cookie: str, salt: str) -> str:
    return site.tokens.fingerprint("csrf", cookie, salt)


def _is_good(site: Site, cookie: str, token: str) -> bool:
    salt, _, seal = token.partition(".")
    return hmac.compare_digest(_seal(site, cookie, salt).encode(), seal.encode())
