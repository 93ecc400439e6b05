"""`engage`, and two more pages, which take a form and store nothing: what `bench.registrations` measures against.

One only parses it, the other checks and validates it as the form that it is.
"""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.app import ROUTES
from engage.cli import main
from engage.events.pages import received
from engage.web.site import posted_openly


async def parsed(request: Request) -> Response:
    sent = await posted_openly(request)
    return RedirectResponse(f"/receipts/{len(sent)}", 303)


async def checked(request: Request) -> Response:
    application = await received(request)
    if isinstance(application, Response):
        return application
    return RedirectResponse(f"/receipts/{application.form}", 303)


if __name__ == "__main__":
    ROUTES[:0] = [Route("/bare", parsed, methods=["POST"]), Route("/checked/{slug}", checked, methods=["POST"])]
    main()
