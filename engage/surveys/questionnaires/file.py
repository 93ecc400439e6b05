"""The tables of series and waves in a file: what may stand in them, and what of it contradicts itself.

Pure. Fields are named like the columns, their aliases are the file's keys.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from engage.files.shapes import Day, Days, Instant, Key, MailAddress, Part, Title, shown
from engage.surveys.groups import DIRECTORY_FAMILIES

LOWEST_THRESHOLD = 5
MOST_TRUSTEES = 15


def _each_once(items: list[Any]) -> list[Any]:
    seen = [item for number, item in enumerate(items) if item in items[:number]]
    if seen:
        raise ValueError(f"has {shown(str(seen[0]))} twice")
    return items


Trustee = Annotated[MailAddress, AfterValidator(str.lower)]
Month = Annotated[int, Field(ge=1, le=12)]


class SeriesPart(Part):
    """[[series]]."""

    required = ("key", "questionnaire")

    key: Key | None = None
    questionnaire_key: Key | None = Field(None, alias="questionnaire")
    months: Annotated[list[Month], Field(max_length=12, default_factory=lambda: [4, 10]), AfterValidator(_each_once)]


class WavePart(Part):
    """[[wave]]. Without ``families`` those of the directory come first, then the questionnaire's own."""

    required = ("key", "questionnaire", "opens", "closes")

    key: Key | None = None
    title: Title | None = None
    questionnaire_key: Key | None = Field(None, alias="questionnaire")
    opens_at: Instant | None = Field(None, alias="opens")
    closes_at: Instant | None = Field(None, alias="closes")
    results_by: Day | None = None
    reminders_days_before: Annotated[
        list[Days], Field(max_length=20, default_factory=lambda: [7, 2]), AfterValidator(_each_once)
    ]
    is_public: bool = Field(False, alias="public")
    threshold: Annotated[int, Field(ge=LOWEST_THRESHOLD, le=1_000)] = 10
    families: Annotated[list[Key], Field(max_length=20), AfterValidator(_each_once)] | None = None
    trustees: Annotated[
        list[Trustee], Field(max_length=MOST_TRUSTEES, default_factory=list), AfterValidator(_each_once)
    ]
    shares_needed: Annotated[int, Field(ge=2, le=MOST_TRUSTEES)] | None = None


def contradictions(
    place: str, wave: Mapping[str, Any], group_families: Iterable[str] | None, zone: ZoneInfo
) -> list[str]:
    """What of a wave's columns cannot be true together; ``group_families`` is None where they are not known."""
    faults = []
    opens_at, closes_at, results_by = wave["opens_at"], wave["closes_at"], wave["results_by"]
    if opens_at and closes_at and closes_at <= opens_at:
        faults.append(f"{place}, closes: must be after opens")
    if closes_at and results_by and results_by < closes_at.astimezone(zone).date().isoformat():
        faults.append(f"{place}, results_by: must not be before closes")
    if group_families is not None:
        known = [*DIRECTORY_FAMILIES, *group_families]
        faults += [
            f"{place}, families: {each} has no groups that may be reported; there are {', '.join(known)}"
            for each in wave["families"] or ()
            if each not in known
        ]
    return faults + [f"{place}, {fault}" for fault in _custody(wave["trustees"], wave["shares_needed"])]


def needed_of(trustees: Sequence[str], shares_needed: int | None) -> int | None:
    """How many shares open a wave: more than half of the trustees where nothing else is given; None without any."""
    return shares_needed or len(trustees) // 2 + 1 if trustees else None


def _custody(trustees: Sequence[str], shares_needed: int | None) -> list[str]:
    if len(trustees) == 1:
        return ["trustees: a single one could read everything alone; name at least two, or none"]
    if shares_needed is not None and not trustees:
        return ["shares_needed: means nothing without trustees"]
    if shares_needed is not None and shares_needed > len(trustees):
        return [f"shares_needed: {shares_needed} is more than the {len(trustees)} trustees"]
    return []
