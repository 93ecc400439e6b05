"""What the delivery of messages, and those who answer them, tell and others have to hear of."""

from datetime import datetime
from typing import ClassVar

from engage.journal import Fact
from engage.tokens import Tokens


class AddressRefused(Fact):
    """A recipient was refused for good. ``about`` is the message's stream, ``code`` the SMTP reply's."""

    subscribers: ClassVar[tuple[str, ...]] = ("bounces",)
    message_id: int
    about: str
    code: int

    @property
    def stream(self) -> str:
        return self.about


class ReplyHeard(Fact):
    """A calendar answered: accepted, tentative or declined. ``about`` is the stream that the address's tag names.

    ``proof`` is `proof_of` the entry's UID and the attendee, which the journal does not name; ``stamped_at`` is when
    the answer was given, by the clock of whoever gave it.
    """

    subscribers: ClassVar[tuple[str, ...]] = ("replies",)
    about: str
    proof: str
    sequence: int
    answer: str
    stamped_at: datetime | None

    @property
    def stream(self) -> str:
        return self.about


def proof_of(tokens: Tokens, uid: str, attendee: str) -> str:
    """A keyed hash by which an entry's UID and its attendee's address, in lower case, are compared."""
    return tokens.fingerprint("calendar reply", uid, attendee)
