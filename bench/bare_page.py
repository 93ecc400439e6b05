"""`engage` with a page before it that answers the bytes once posted to it: the floor of `bench.reading`."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

import engage.app
from engage.cli import main

HTML = b"text/html; charset=utf-8"
make_app = engage.app.from_process


class Bare:
    """No middleware, route or response object stands between the HTTP server and this page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/bare":
            await self._app(scope, receive, send)
        elif scope["method"] == "POST":
            self._body = await Request(scope, receive).body()
            await Response(status_code=204)(scope, receive, send)
        else:
            headers = [(b"content-type", HTML), (b"content-length", str(len(self._body)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._body})


def from_process() -> Bare:
    return Bare(make_app())


if __name__ == "__main__":
    engage.app.from_process = from_process  # type: ignore[assignment] # by this name the server finds it
    main()
