"""The least that a server can do: the same server with the same options, and an answer that needs nothing."""

import sys
from collections.abc import Mapping
from typing import Any

import uvicorn

HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", b"2")],
}
BODY = {"type": "http.response.body", "body": b"ok"}


async def answer(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
    await send(HEAD)
    await send(BODY)


if __name__ == "__main__":
    uvicorn.run(
        answer,
        port=int(sys.argv[sys.argv.index("--port") + 1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
    )
