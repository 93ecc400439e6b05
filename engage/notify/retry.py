"""What a relay's answer means for a message, and when to try again. Codes and words: RFC 5321, 3463 and 5248.

The answer to a recipient is told apart from one to us: an address is given up for what its own server says of it, never
for a password that expired, a sender that the relay does not like or a relay that does not know us.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GIVEN_UP_AFTER = timedelta(days=2)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=1)
LONGEST_REPLY = 300

_ANY_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})\b")
_NOT_LET_IN = frozenset({530, 534, 535, 538})
_NOT_LET_IN_STATUS = frozenset({(7, 8), (7, 9), (7, 11), (7, 12), (7, 13), (7, 14)})
_BAD_SENDER = frozenset({(1, 7), (1, 8)})
_TOO_LARGE = frozenset({(2, 3), (3, 4)})
_MAILBOX_FULL = (2, 2)
_OUT_OF_STEP = frozenset({500, 502, 503, 504})
_NO_WORD_ON_THE_ADDRESS = frozenset({3, 6, 7})  # the relay itself, the content, a policy: said to whoever sends
_SAID_OF_US = re.compile(
    r"relay (access )?(denied|not permitted|prohibited)|relaying|unable to relay|sender address rejected|authenticat",
    re.IGNORECASE,
)


class Stage(StrEnum):
    """How far the conversation had come when the answer was given, or failed to come."""

    CONNECT = "connect"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


class Verdict(StrEnum):
    """What an answer means.

    UNREACHABLE: there is no relay to talk to, or it does not let us in: the queue waits. SENDER_REFUSED: it lets us in
    and takes no mail of ours: the queue waits and this message steps back. ADDRESS_REFUSED and PERMANENT end the
    message, the first through the fault of its recipient's address.
    """

    ACCEPTED = "accepted"
    TRANSIENT = "transient"
    PERMANENT = "permanent"
    ADDRESS_REFUSED = "address refused"
    SENDER_REFUSED = "sender refused"
    UNREACHABLE = "unreachable"


IN_VAIN = frozenset({Verdict.UNREACHABLE, Verdict.SENDER_REFUSED})  # no word on the message itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """One try at one message. ``code`` is the reply's, None where none came; ``reply`` its text without addresses."""

    verdict: Verdict
    code: int | None
    reply: str


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of a message after a try; ``due_at`` counts only while it waits."""

    state: str
    attempts: int
    due_at: datetime


def interpret(stage: Stage, code: int | None, text: str) -> Verdict:
    """The meaning of a reply at that stage; ``code`` None where the connection was lost or nothing came in time."""
    if stage is Stage.CONNECT:
        return Verdict.UNREACHABLE
    if code is None or not 400 <= code < 600:
        return Verdict.UNREACHABLE if stage is Stage.SENDER else Verdict.TRANSIENT
    if code < 500:
        return Verdict.UNREACHABLE if (stage, code) == (Stage.SENDER, 421) else Verdict.TRANSIENT
    status = _status(text)
    if stage is not Stage.CONTENT and (code in _NOT_LET_IN or status in _NOT_LET_IN_STATUS):
        return Verdict.UNREACHABLE
    if code in _OUT_OF_STEP or status == _MAILBOX_FULL:
        return Verdict.TRANSIENT
    return _permanent(stage, code, status, text)


def _permanent(stage: Stage, code: int, status: tuple[int, int] | None, text: str) -> Verdict:
    if status in _BAD_SENDER:
        return Verdict.SENDER_REFUSED
    if status in _TOO_LARGE:
        return Verdict.PERMANENT
    if stage is Stage.SENDER:
        return Verdict.PERMANENT if code == 552 else Verdict.SENDER_REFUSED
    if status is not None and status[0] in (1, 2):
        return Verdict.ADDRESS_REFUSED
    if stage is Stage.CONTENT:
        return Verdict.PERMANENT
    return _refused_recipient(code, status, text)


def _refused_recipient(code: int, status: tuple[int, int] | None, text: str) -> Verdict:
    if _SAID_OF_US.search(text):
        return Verdict.SENDER_REFUSED
    if code == 552:  # to a recipient it means "too many of them for now" (RFC 5321, 4.5.3.1.10)
        return Verdict.TRANSIENT
    is_of_others = status is not None and status[0] in _NO_WORD_ON_THE_ADDRESS
    return Verdict.PERMANENT if is_of_others else Verdict.ADDRESS_REFUSED


def _status(text: str) -> tuple[int, int] | None:
    """Subject and detail of the enhanced status code, where the reply begins with one."""
    found = _STATUS.match(text)
    return (int(found[2]), int(found[3])) if found else None


def shown(reply: str) -> str:
    """A reply fit for a column and a log: one line, nothing unprintable, no address."""
    line = reply[: 2 * LONGEST_REPLY]
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else " " for sign in line)
    return _ANY_ADDRESS.sub("<address>", line)[:LONGEST_REPLY]


def next_step(verdict: Verdict, *, attempts: int, first_tried_at: datetime, now: datetime, jitter: float) -> Step:
    """What becomes of a message that was tried ``attempts`` times before; ``jitter`` is at least 0 and below 1."""
    match verdict:
        case Verdict.ACCEPTED:
            return Step("sent", attempts + 1, now)
        case Verdict.PERMANENT | Verdict.ADDRESS_REFUSED:
            return Step("dead", attempts + 1, now)
        case Verdict.UNREACHABLE:
            return Step("waiting", attempts, now)
        case Verdict.TRANSIENT if now - first_tried_at >= GIVEN_UP_AFTER:
            return Step("dead", attempts + 1, now)
        case Verdict.TRANSIENT | Verdict.SENDER_REFUSED:
            return Step("waiting", attempts + 1, now + _doubled(FIRST_WAIT, attempts, LONGEST_WAIT, jitter))


def pause(failures: int, jitter: float) -> timedelta:
    """How long the whole queue waits after that many vain tries (1 or more) in a row to reach the relay."""
    return _doubled(FIRST_PAUSE, failures - 1, LONGEST_PAUSE, jitter)


def _doubled(first: timedelta, times: int, longest: timedelta, jitter: float) -> timedelta:
    """From a half to one and a half of the doubled time, so that what failed together does not come back together."""
    return min(first * (1 << min(times, 20)), longest) * (0.5 + jitter)
