"""Whether what a reader is shown is what was sealed. A process checks the same content once. Pure."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from engage.surveys.reports.verify_release import faults

KEPT = 16  # contents, each as long as its file
UNSEALED = "actions"


def amiss(content: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs in a report, each fault naming its place; actions change, and are not sealed."""
    return _amiss(json.dumps({key: value for key, value in content.items() if key != UNSEALED}))


@lru_cache(maxsize=KEPT)
def _amiss(written: str) -> tuple[str, ...]:
    return tuple(faults(json.loads(written)))
