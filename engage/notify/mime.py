"""A mail taken apart under limits: RFC 2045 and 2046, in time and memory that grow with its size alone. Pure.

The library's parser calls itself for each nested part and makes an object of each line of a delivery report, so that a
small message can cost minutes or gigabytes. Here only header blocks are handed to it.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.message import Message
from email.parser import BytesHeaderParser

LARGEST_HEADERS = 64 * 1024
LONGEST_TYPE = 2_000
MOST_PARTS = 64
DEEPEST = 8

_HEADERS_END = re.compile(rb"(?:\A|\r?\n)\r?\n")
_HEADERS = BytesHeaderParser()


class Unreadable(Exception):
    """The mail is broken or beyond the limits; the message says in what, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part that holds no others; ``encoded`` is its content as it was sent."""

    headers: Message
    encoded: bytes

    @property
    def content_type(self) -> str:
        """Such as ``text/calendar``, in lower case."""
        return self.headers.get_content_type()

    @property
    def content(self) -> bytes:
        """The content decoded; raises Unreadable where it cannot be."""
        encoding = str(self.headers.get("Content-Transfer-Encoding", "")).strip().lower()
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self.encoded)
            return binascii.a2b_qp(self.encoded) if encoding == "quoted-printable" else self.encoded
        except binascii.Error as error:
            raise Unreadable("a part is not in the encoding that it names") from error


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail's own headers, and its parts in their order."""

    headers: Message
    parts: tuple[Part, ...]

    def header(self, name: str) -> str:
        """The first of that name in lower case, empty where there is none."""
        return str(self.headers.get(name, "")).strip().lower()


def read(content: bytes) -> Mail:
    """Take the mail apart. Raises Unreadable for what is broken, nested too deep or of too many parts."""
    try:
        headers, body = _split_headers(content)
        return Mail(headers, tuple(_leaves(headers, body, _Budget(MOST_PARTS), 0)))
    except (MessageError, ValueError, LookupError) as error:
        raise Unreadable(f"its headers make no sense ({type(error).__name__})") from error


@dataclass(slots=True)
class _Budget:
    parts: int

    def spend(self) -> None:
        self.parts -= 1
        if self.parts < 0:
            raise Unreadable("it has too many parts")


def _leaves(headers: Message, body: bytes, budget: _Budget, depth: int) -> Iterator[Part]:
    budget.spend()
    if headers.get_content_maintype() != "multipart":
        yield Part(headers, body)
        return
    if depth == DEEPEST:
        raise Unreadable("its parts are nested too deep")
    for chunk in _chunks(body, headers.get_boundary()):
        yield from _leaves(*_split_headers(chunk), budget, depth + 1)


def _chunks(body: bytes, boundary: str | None) -> Iterator[bytes]:
    """What stands between the boundaries' lines; what no boundary ends goes on to the end."""
    if not boundary:
        raise Unreadable("it has several parts and names no boundary")
    name = re.escape(boundary.encode("ascii", "surrogateescape"))
    start = None
    for found in re.finditer(rb"(?:\A|\r?\n)--" + name + rb"(--)?[ \t]*(?=\r?\n|\Z)", body):
        if start is not None:
            yield _below(body[start : found.start()])
        if found[1]:
            return
        start = found.end()
    if start is None:
        raise Unreadable("none of its boundaries is there")
    yield _below(body[start:])


def _below(chunk: bytes) -> bytes:
    """What stands below the boundary's line, of which the line break is left."""
    return chunk.removeprefix(b"\r").removeprefix(b"\n")


def _split_headers(content: bytes) -> tuple[Message, bytes]:
    end = _HEADERS_END.search(content, 0, LARGEST_HEADERS)
    if end is None and len(content) > LARGEST_HEADERS:
        raise Unreadable("its headers are too long")
    head, body = (content[: end.start()], content[end.end() :]) if end else (content, b"")
    headers = _HEADERS.parsebytes(head)
    if len(str(headers.get("Content-Type", ""))) > LONGEST_TYPE:
        raise Unreadable("it names a type that is too long")
    return headers, body
