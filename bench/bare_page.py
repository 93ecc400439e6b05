"""`engage`, and one more page, which answers the bytes once posted to it: what `bench.reading` measures against."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from engage.app import ROUTES
from engage.cli import main

HTML = "text/html; charset=utf-8"
kept = {"body": b""}


async def keep(request: Request) -> Response:
    kept["body"] = await request.body()
    return Response(status_code=204)


async def page(request: Request) -> Response:
    return Response(kept["body"], media_type=HTML)


if __name__ == "__main__":
    ROUTES[:0] = [Route("/bare", page), Route("/bare", keep, methods=["POST"])]
    main()
