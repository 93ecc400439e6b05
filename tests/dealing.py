"""Tests dealt to the workers that run at once: what takes long begins first, and the end is shared in small pieces.

Each worker takes as many of the list as another, in its order, and whoever is done takes from the end of what another
has. In the order of their names, two workers were done when the third had all the browsers before it.
"""

from collections import Counter
from pathlib import Path

import pytest

WHOLE = ("browser", "concurrency")  # each folder to one worker: what it starts once serves all of the folder
LONGEST_FIRST = (*WHOLE, "acceptance", "integration")


def deal(items: list[pytest.Item], workers: int) -> None:
    """Put the tests into the order in which so many workers are done soonest; those of one file stay together."""
    turns = _turns(Counter(item.path for item in items), workers)
    items.sort(key=lambda item: (turns[item.path], _rank(item.path)))


def _turns(files: Counter[Path], workers: int) -> dict[Path, int]:
    """The worker that each file is meant for, so that all have as many tests."""
    turns, dealt = {}, [0] * workers
    for file in sorted(files, key=lambda file: (_rank(file), file)):
        turn = _rank(file) % workers if file.parent.name in WHOLE else dealt.index(min(dealt))
        turns[file] = turn
        dealt[turn] += files[file]
    return turns


def _rank(file: Path) -> int:
    folder = file.parent.name
    return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)
