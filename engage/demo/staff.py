"""The demo's staff: 240 made-up people, in groups that show what can be reported and what cannot. Pure.

One directorate is too small to be shown. The auditors are all of their directorate but three, so that showing both
would show those three.
"""

import csv
from collections.abc import Iterator
from io import StringIO
from itertools import chain, cycle, product, repeat

from engage.people.staff_file import COLUMNS
from engage.slugs import slug_of

FIRST_NAMES = (
    *("Ama", "Bilal", "Chiara", "Dylan", "Eilidh", "Farah", "Gareth", "Hana", "Ifeoma", "Jürgen", "Katrin", "Lloyd"),
    *("Maryam", "Niamh", "Olu", "Priya", "Quentin", "Rhiannon", "Samir", "Tomasz", "Una", "Vikram", "Wanjiru", "Zoë"),
)
LAST_NAMES = (
    *("Adeyemi", "Begum", "O’Connor", "Davies", "Kowalska"),
    *("Fernández", "Grant", "Hussain", "Ivanova", "Joshi"),
)
DIRECTORATES = {
    "Policy and Strategy": 64,
    "Commissioning": 58,
    "Finance and Corporate Services": 44,
    "Workforce and Professional Standards": 41,
    "Audit": 26,
    "Private Office": 7,
}
GRADES = ("7", "6", "8", "7", "5", "6", "9", "7", "8", "6", "7", "10", "8", "5", "7", "6", "9")
AUDITORS = 23


def directory() -> bytes:
    """The directory's file, as `engage staff import` reads it."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    names = (f"{first} {last}" for last, first in product(LAST_NAMES, FIRST_NAMES))
    for name, directorate, grade in zip(names, _directorates(), _grades(), strict=False):
        writer.writerow([f"{slug_of(name.replace('’', '')).replace('-', '.')}@mopac.example", name, directorate, grade])
    return file.getvalue().encode()


def _directorates() -> Iterator[str]:
    return chain.from_iterable(repeat(directorate, size) for directorate, size in DIRECTORATES.items())


def _grades() -> Iterator[str]:
    """The grades of everybody in the order of the directorates."""
    usual = cycle(GRADES)
    for directorate, size in DIRECTORATES.items():
        auditors = AUDITORS if directorate == "Audit" else 0
        yield from repeat("Auditor", auditors)
        yield from (next(usual) for _ in range(size - auditors))
