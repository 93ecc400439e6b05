"""Answering a wave as a browser without scripts does, and as one that seals does."""

import base64
import re
from typing import Any

from httpx2 import Response

from tests.site import Site

PREFIX = re.compile("^(q|group|comment|sealed)_")


async def answer(site: Site, path: str, **typed: Any) -> Response:
    """Open the page, fill in its form and send it; of a name's hyphen an underscore is given: q_valued."""
    form = (await site.open(path)).form(path)
    return await site.send(form, **{PREFIX.sub(r"\1-", name): value for name, value in typed.items()})


def boxed(box: bytes) -> str:
    """A box as a form carries it."""
    return base64.b64encode(box).decode()
