"""Whoever posts with a crowd is sent on with the headers that protect every answer."""

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Message

from engage.web.headers import SecurityHeaders
from engage.web.site import SeeOther
from engage.web.whole import SEND, WHOLE, lines


async def unasked() -> Message:
    raise AssertionError


def scope(*, is_https: bool, **more: Any) -> dict[str, Any]:
    site = SimpleNamespace(settings=SimpleNamespace(is_https=is_https))
    app = SimpleNamespace(state={"site": site})
    return {"type": "http", "app": app, "path": "/", "query_string": b""} | more


@pytest.mark.parametrize("is_https", [True, False])
async def test_answer_in_one_piece_has_the_headers_that_all_have(is_https: bool) -> None:
    usual: list[Message] = []
    whole: list[tuple[int, bytes]] = []

    async def send(message: Message) -> None:
        usual.append(message)

    def take(scope: object, status: int, rest: bytes) -> bool:
        whole.append((status, rest))
        return True

    answering = SecurityHeaders(SeeOther("/receipts/1"), is_https=is_https)
    await answering(scope(is_https=is_https), unasked, send)
    extensions = {WHOLE: {SEND: take}}
    await answering(scope(is_https=is_https, extensions=extensions), unasked, send)
    start, body = usual
    assert whole == [(start["status"], lines(start["headers"]) + b"\r\n" + body["body"])]
    assert start["status"] == 303
    assert (b"location", b"/receipts/1") in start["headers"]
