"""`engage`, and beside its own pages one that only parses a form: what `bench.registrations` measures against."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from engage.app import ROUTES
from engage.cli import main
from engage.web import posted_openly


async def form(request: Request) -> Response:
    sent = await posted_openly(request)
    return RedirectResponse(f"/receipts/{len(sent)}", 303)


if __name__ == "__main__":
    ROUTES.insert(0, Route("/bare", form, methods=["POST"]))
    main()
