"""Who may see a page or do an act. Each guarded handler says it; to whoever may not, there is no such page."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engage.errors import NotFound, SignedOut
from engage.people.returning import sign_in_address
from engage.people.sessions import Person
from engage.web.site import cookie_name, person_of, site_of

Handler = Callable[[Request], Awaitable[Response]]

SIGNED_IN = "signed in"  # stands for whoever is signed in, with or without a role
ALLOWED = "engage_allowed"  # the attribute by which a handler tells who may come in
NO_SUCH_PAGE = "There is no such page."
OVER = (
    "You have been signed out meanwhile. Sign in again in another tab, then come back to this one, go back a page and "
    "send the form again: what you typed is still there."
)


def only(*roles: str, is_open_in_demo: bool = False) -> Callable[[Handler], Handler]:
    """Let in whoever holds one of the roles; ``group_lead`` stands for the lead of any group.

    Who is not signed in and asks for a page is sent to sign in and then back to it, whatever the page. Raises SignedOut
    for a form that outlived its session, NotFound for everybody else.
    """

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            person = await person_of(request)
            if is_open_in_demo and site_of(request).settings.is_demo:
                return await handler(request)
            if person is None:
                return _to_sign_in(request)
            if not may(person, roles):
                raise NotFound(NO_SUCH_PAGE)
            return await handler(request)

        setattr(guarded, ALLOWED, frozenset(roles))
        return guarded

    return guard


def _to_sign_in(request: Request) -> Response:
    """Raises NotFound or SignedOut for a form."""
    if request.method in ("GET", "HEAD"):
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(sign_in_address(asked), 303)
    if cookie_name(request, "session") in request.cookies:
        raise SignedOut(OVER)
    raise NotFound(NO_SUCH_PAGE)


def may(person: Person, roles: tuple[str, ...]) -> bool:
    """Whether the person holds one of the roles."""
    held = {role.partition(":")[0] for role in person.roles} | {SIGNED_IN}
    return not held.isdisjoint(roles)


async def me(request: Request) -> Person:
    """Who is signed in, for a handler that is guarded. Raises NotFound."""
    person = await person_of(request)
    if person is None:
        raise NotFound(NO_SUCH_PAGE)
    return person
