"""What in a comment may tell of whom it speaks: likely names, addresses, telephone numbers and e-mails. Pure.

It marks for two readers, who decide; it finds too much rather than too little, and can promise nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "e-mail", "telephone number", "address", "number"]
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
SHORTEST_NAME = 3  # letters of a part of a name that is looked for by itself
PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("e-mail", re.compile(r"[\w.+'-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)),
    ("telephone number", re.compile(r"(?:\+|\b0)\d(?:[ ().-]{0,2}\d){7,12}\b")),
    ("address", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]?\s?\d[A-Z]{2}\b", re.IGNORECASE)),  # a postcode
    (
        "address",
        re.compile(
            r"\b\d+[a-z]?,?\s+(?:[^\W\d_]+\s+){1,3}"
            r"(?:street|st|road|rd|lane|avenue|ave|close|drive|way|court|square|gardens|terrace|place)\b",
            re.IGNORECASE,
        ),
    ),
    ("name", re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Sir|Dame|Lady|Lord)\b\.?\s+[^\W\d_]+(?:[ '’-][A-Z][^\W\d_]+)?")),
    ("number", re.compile(r"\b\d{5,}\b")),  # of a member of staff, a case, an account
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One part of a text, from ``start`` to before ``end``."""

    start: int
    end: int
    kind: Kind


def parts_of(names: Iterable[str]) -> frozenset[str]:
    """The words of the names of a directory, as ``marking`` looks for them."""
    return frozenset(_plain(part) for name in names for part in WORD.findall(name))


def marking(text: str, names: AbstractSet[str]) -> list[Mark]:
    """What a reader should look at, in order and never overlapping; ``names`` as ``parts_of`` gives them."""
    found = [Mark(*match.span(), kind) for kind, pattern in PATTERNS for match in pattern.finditer(text)]
    found += _names(text, names)
    marks: list[Mark] = []
    for mark in sorted(found, key=lambda mark: (mark.start, -mark.end)):
        if not marks or mark.start >= marks[-1].end:
            marks.append(mark)
        elif mark.end > marks[-1].end:
            marks[-1] = Mark(marks[-1].start, mark.end, marks[-1].kind)
    return marks


def _names(text: str, parts: AbstractSet[str]) -> Iterator[Mark]:
    """Words of the directory's names that are written large, and of them the small ones that follow directly."""
    end = None
    for match in WORD.finditer(text):
        word = match[0]
        is_part = _plain(word) in parts
        is_large = word[0].isupper() and len(word) >= SHORTEST_NAME
        if is_part and (is_large or end == match.start() - 1):
            yield Mark(*match.span(), "name")
            end = match.end()


def _plain(word: str) -> str:
    """Without accents and case."""
    letters = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
