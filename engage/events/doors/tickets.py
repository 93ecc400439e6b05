"""What a ticket says, how a door reads it, and what a door's device keeps of it. Pure.

A ticket's text is "ENGAGE:" and a token under the deployment's secret, which nobody can forge; its code in letters is
short, so that it can be said or typed, and is looked up.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from engage.tokens import TOKEN_LENGTH, Tokens

PREFIX = "ENGAGE:"
PURPOSE = "ticket"
CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is misread aloud or by hand
CODE_LENGTH = 8
CODES = len(CODE_LETTERS) ** CODE_LENGTH
PAIRS = [first + second for second in CODE_LETTERS for first in CODE_LETTERS]  # of letters
HASH_LENGTH = 32  # hexadecimal digits
FORGOTTEN_AT = 3  # o'clock in the night, by the venue's time


@dataclass(frozen=True, slots=True)
class Asked:
    """What was scanned or typed at a door: a ticket (None in it where it is forged), a code, or a name's beginning."""

    is_ticket: bool
    registration_id: int | None
    code: str | None
    name: str


def ticket_code(number: int) -> str:
    """The code of that number, of which there are `CODES`."""
    letters = ""
    for _ in range(CODE_LENGTH // 2):
        number, pair = divmod(number, len(PAIRS))
        letters += PAIRS[pair]
    return letters


def text_of(tokens: Tokens, registration_id: int) -> str:
    """The text of the QR code; in capitals, which makes the code smaller."""
    return f"{PREFIX}{tokens.issue(PURPOSE, registration_id)}".upper()


def read(tokens: Tokens, typed: str) -> Asked:
    """What was meant by that."""
    text = "".join(typed.split()).upper()
    token = text.removeprefix(PREFIX)
    if text != token or len(token) == TOKEN_LENGTH:
        return Asked(True, tokens.read(PURPOSE, token), None, "")
    code = text.replace("-", "")
    is_code = len(code) == CODE_LENGTH and set(code) <= set(CODE_LETTERS)
    return Asked(False, None, code if is_code else None, " ".join(typed.split()))


def hash_of(salt: str, text: str) -> str:
    """What a device keeps in place of a ticket's text or code, under a salt that no other download has."""
    return sha256(f"{salt}:{text}".encode()).hexdigest()[:HASH_LENGTH]


def hashes_of(tokens: Tokens, salt: str, registration_ids: Iterable[int]) -> dict[int, str]:
    """The hash of each registration's ticket."""
    return {each: hash_of(salt, text_of(tokens, each)) for each in registration_ids}


def words_in(name: str) -> list[str]:
    """The words of a name as people type them who lack its accents."""
    apart = unicodedata.normalize("NFKD", name.casefold())
    return "".join(" " if letter in "-'’" else letter for letter in apart if not unicodedata.combining(letter)).split()


def is_named(name: str, typed: str) -> bool:
    """Whether each typed word begins a word of the name."""
    words = words_in(name)
    return all(any(word.startswith(beginning) for word in words) for beginning in words_in(typed))


def forget_at(now: datetime, zone: ZoneInfo) -> datetime:
    """When a device forgets a list that it gets now: in the coming night."""
    local = now.astimezone(zone)
    night = local.replace(hour=FORGOTTEN_AT, minute=0, second=0, microsecond=0)
    return night if local < night else night + timedelta(days=1)
