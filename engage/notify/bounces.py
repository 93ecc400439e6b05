"""What a mail system reports of a message that it took and could not deliver: RFC 3464 and 6533. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser

from engage.notify.mime import Mail, Unreadable
from engage.notify.retry import Stage, Verdict, interpret

LARGEST_REPORT = 64 * 1024
MOST_RECIPIENTS = 32
REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})

_BLANK_LINES = re.compile(r"(?:\r?\n[ \t]*){2,}")
_STATUS = re.compile(r"([245]\.(\d{1,3})\.(\d{1,3}))\b")
_SPOKEN = re.compile(r"smtp\s*;\s*([245]\d\d)[ -]\s*(.*)", re.IGNORECASE | re.DOTALL)
_NO_SUCH_HOST = frozenset({("4", "4"), ("4", "310")})  # the domain has no mail server, in the words of two mail systems


@dataclass(frozen=True, slots=True)
class Failure:
    """A delivery that failed for good. ``recipients`` are what the report calls the address, in lower case.

    ``is_address_refused`` where the address itself is to blame, as when a relay refuses it in conversation.
    """

    recipients: frozenset[str] = field(repr=False)
    code: int
    reply: str = field(repr=False)
    is_address_refused: bool


def failures_in(mail: Mail) -> list[Failure] | None:
    """The deliveries that the report gives up; what is delayed, relayed or expanded is none. None for no report."""
    if mail.headers.get_content_type() != "multipart/report":
        return None
    for part in mail.parts:
        if part.content_type in REPORTS:
            return list(_failures(part.content))
    return None


def _failures(content: bytes) -> Iterator[Failure]:
    if len(content) > LARGEST_REPORT:
        raise Unreadable("its delivery report is too long")
    blocks = _BLANK_LINES.split(content.decode(errors="replace").strip(), MOST_RECIPIENTS + 1)
    for block in blocks[1 : MOST_RECIPIENTS + 1]:  # the first is about the whole message
        fields = HeaderParser().parsestr(block)
        if str(fields.get("Action", "")).strip().lower().startswith("failed"):
            yield _failure(fields)


def _failure(fields: Message) -> Failure:
    status = str(fields.get("Status", "")).strip()
    diagnostic = " ".join(str(fields.get("Diagnostic-Code", "")).split())
    spoken = _SPOKEN.match(diagnostic)
    code, reply = (int(spoken[1]), spoken[2]) if spoken else (550, f"{status} {diagnostic}".strip())
    if not _STATUS.match(reply):
        reply = f"{status} {reply}".strip()
    recipients = (fields.get("Final-Recipient"), fields.get("Original-Recipient"))
    return Failure(
        recipients=frozenset(_address(str(each)) for each in recipients if each is not None),
        code=code,
        reply=reply,
        is_address_refused=status.startswith("5.") and _blames_address(code, reply),
    )


def _blames_address(code: int, reply: str) -> bool:
    """Careful: nobody says at which stage the reply was given, so that it takes a status that speaks of the address."""
    status = _STATUS.match(reply)
    is_unroutable = status is not None and code >= 500 and (status[2], status[3]) in _NO_SUCH_HOST
    return is_unroutable or interpret(Stage.CONTENT, code, reply) is Verdict.ADDRESS_REFUSED


def _address(typed: str) -> str:
    """The address in a field such as ``rfc822; somebody@example.org``."""
    kind, separator, address = typed.partition(";")
    return (address if separator else kind).strip().strip("<>").lower()
