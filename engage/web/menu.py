"""The console's navigation: whoever is signed in sees the pages that they may open, as the pages themselves say."""

from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute, Route

from engage.people.sessions import Person
from engage.web.guarding import ALLOWED, may

MENU = (
    ("/console/evenings", "Open evenings"),
    ("/console/questions", "Questions"),
    ("/console/needs", "Access needs"),
    ("/console/doors", "Doors"),
    ("/console/waves", "Pulse surveys"),
    ("/reports", "Reports"),
    ("/console/trustee", "Share of the keys"),
    ("/console/confirmations", "Who speaks for PCS"),
    ("/console/people", "People and roles"),
    ("/console/audit", "Audit"),
)
Entry = tuple[str, str]


def menu_of(routes: Sequence[BaseRoute]) -> Callable[[Person], list[Entry]]:
    """What gives a person's entries, each an address and its title."""
    pages = (route for route in routes if isinstance(route, Route) and "GET" in (route.methods or ()))
    allowed = {route.path: tuple(getattr(route.endpoint, ALLOWED, ())) for route in pages}

    def entries(person: Person) -> list[Entry]:
        return [(path, title) for path, title in MENU if may(person, allowed.get(path, ()))]

    return entries
