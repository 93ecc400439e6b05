"""What staff are told of a wave, and whether it is true still. Pure.

A message's ``details`` say what it rests on; each kind is told to everybody alike, for nobody knows who has answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from engage.surveys.waves.planning import UNOPENED


class Dated(Protocol):
    """What is looked at of a wave."""

    status: str
    opens_at: datetime
    closes_at: datetime
    results_by: date | None


@dataclass(frozen=True, slots=True)
class Told:
    """One kind of message to all staff: the folder of its letter, and whether it holds the reader's link."""

    kind: str
    letter: str
    has_link: bool = False


ANNOUNCED = Told("WaveAnnounced", "wave_announced")
INVITED = Told("Invited", "wave_invited", has_link=True)
REMINDED = Told("Reminded", "wave_reminded", has_link=True)
EXTENDED = Told("WaveExtended", "wave_extended", has_link=True)
POSTPONED = Told("ResultsPostponed", "results_postponed")
CLOSED = Told("WaveClosed", "wave_closed")
PUBLISHED = Told("WavePublished", "wave_published")
VOIDED = Told("WaveVoided", "wave_voided")
TO_ALL = (ANNOUNCED, INVITED, REMINDED, EXTENDED, POSTPONED, CLOSED, PUBLISHED, VOIDED)


def announcement(opens_at: datetime, planned_at: datetime) -> dict[str, Any]:
    """What an announcement rests on: ``opens_at`` as it is loaded, ``planned_at`` when the wave will open by that."""
    return {"opens_at": opens_at.isoformat(), "until": planned_at.isoformat()}


def closing(closes_at: datetime) -> dict[str, Any]:
    """What a message with a link rests on; ``until`` is when nobody may be sent it any more."""
    return {"closes_at": closes_at.isoformat(), "until": closes_at.isoformat()}


def results(results_by: date | None) -> dict[str, Any]:
    """What a message about results rests on."""
    return {"results_by": results_by.isoformat() if results_by else None}


def is_true(told: Told, wave: Dated, details: Mapping[str, Any], now: datetime) -> bool:
    """Whether the message may still be sent; an invitation also where the close was moved since, for its link works."""
    if told is ANNOUNCED:
        return wave.status in UNOPENED and wave.opens_at.isoformat() == details["opens_at"]
    if told.has_link:
        is_as_said = told is INVITED or wave.closes_at.isoformat() == details["closes_at"]
        return wave.status == "open" and now < wave.closes_at and is_as_said
    if told in (PUBLISHED, VOIDED):
        return wave.status == ("void" if told is VOIDED else "published")
    return wave.status in ("closed", "tallied") and results(wave.results_by).items() <= details.items()
