"""A request as everybody's: what a page that is the same for all may look at, and nothing of whoever sent it."""

from starlette.requests import Request

from engage.web.site import wants_json

GIVEN = ("type", "app", "path", "path_params")
ACCEPTED = {True: b"application/json", False: b"text/html"}


class Anybody(Request):
    """Its path, the page of a list that it asks for, and whether it wants JSON. Who reads is nobody signed in.

    There are no cookies to look at, and so no CSRF token to give: a template with a form in it cannot be rendered.
    """

    def __init__(self, request: Request, page: int = 1) -> None:
        said = {"headers": [(b"accept", ACCEPTED[wants_json(request)])], "query_string": b"page=%d" % page}
        kept = {name: request.scope[name] for name in GIVEN}
        super().__init__(kept | said | {"method": "GET", "state": {"person": None}})

    @property
    def cookies(self) -> dict[str, str]:
        """Raises RuntimeError."""
        raise RuntimeError("a page that is the same for everybody asks who reads it, or has a form in it")
