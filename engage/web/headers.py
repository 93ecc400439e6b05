"""The headers that protect every page, as plain ASGI: nothing of a response is held up."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# the hash is that of the design system's one inline script, which tells styles that scripts run
TEMPLATE_SCRIPT = "'sha256-GUQ5ad8JK5KmEWmROf3LZd9ge94daqNvd8xy9YS1iDw='"
POLICY = (
    f"default-src 'self'; script-src 'self' {TEMPLATE_SCRIPT}; style-src 'self'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # pages' addresses hold secrets of their readers
    "permissions-policy": "camera=(), geolocation=(), microphone=()",  # the door's page says otherwise
}
A_YEAR = "max-age=31536000"


def protecting(*, is_https: bool) -> dict[str, str]:
    """What every response says that does not say otherwise itself."""
    return HEADERS | ({"strict-transport-security": A_YEAR} if is_https else {})


class SecurityHeaders:
    """Adds what a response does not say itself; static files, whose addresses change with them, are kept for ever."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self.app = app
        self.headers = [(name.encode(), value.encode()) for name, value in protecting(is_https=is_https).items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_static = scope["path"].startswith("/static/") and bool(scope["query_string"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in self.headers if each[0] not in said)]
                if is_static and message["status"] == 200:
                    MutableHeaders(scope=message)["cache-control"] = f"public, {A_YEAR}, immutable"
            await send(message)

        await self.app(scope, receive, send_with_headers)
