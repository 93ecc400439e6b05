"""Who may see a page or do an act. Each guarded handler says it; to whoever may not, there is no such page."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from engage.errors import NotFound
from engage.people.sessions import Person
from engage.web import person_of

Handler = Callable[[Request], Awaitable[Response]]

SIGNED_IN = "signed in"  # stands for whoever is signed in, with or without a role
ALLOWED = "engage_allowed"  # the attribute by which a handler tells who may come in
NO_SUCH_PAGE = "There is no such page."


def only(*roles: str) -> Callable[[Handler], Handler]:
    """Let in whoever holds one of the roles; ``group_lead`` stands for the lead of any group.

    Who is not signed in and asks for a page is sent to sign in, whatever the page. Raises NotFound for everybody else.
    """

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            person = await person_of(request)
            if person is None and request.method == "GET":
                return RedirectResponse("/sign-in", 303)
            if person is None or not may(person, roles):
                raise NotFound(NO_SUCH_PAGE)
            return await handler(request)

        setattr(guarded, ALLOWED, frozenset(roles))
        return guarded

    return guard


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
