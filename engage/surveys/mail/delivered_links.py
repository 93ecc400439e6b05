"""Where a letter will have its reader's link: a stand-in of the same length, replaced in the message's bytes. Pure.

Both parts of a message are quoted-printable, which may break a line anywhere in the stand-in; letters and digits are
themselves in it, and a stand-in of the link's length leaves every line break where it is.
"""

import re

from engage.tokens import TOKEN_LENGTH

STAND_IN = "linkputinatdelivery".ljust(TOKEN_LENGTH, "0")

_END_OF_HEADERS = b"\r\n\r\n"
_SOFT_BREAK = b"=\r\n"
_BROKEN = re.compile(b"(?:=\r\n)?".join(STAND_IN[at : at + 1].encode() for at in range(TOKEN_LENGTH)))


def put_in(content: bytes, token: str) -> bytes:
    """The message with the token wherever its body has the stand-in; headers, which relays log, stay as they are."""
    headers, end, body = content.partition(_END_OF_HEADERS)
    return headers + end + _BROKEN.sub(lambda found: _broken_like(found[0], token.encode()), body)


def _broken_like(stand_in: bytes, token: bytes) -> bytes:
    """The token with its soft line breaks where the stand-in has them."""
    pieces, used = [], 0
    for piece in stand_in.split(_SOFT_BREAK):
        pieces.append(token[used : used + len(piece)])
        used += len(piece)
    return _SOFT_BREAK.join(pieces)
