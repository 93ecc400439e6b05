"""Where the parts of a chart lie, in the units of its picture; what they show stands in a table beside it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from engage.surveys.reports.figures import Answers
from engage.surveys.reports.report import Point

MIDDLE = 100.0  # of a diverging bar, where its neutral part is centred; a picture is twice as wide
TREND_WIDTH, TREND_TOP, TREND_HEIGHT = 320.0, 24.0, 110.0
HEATS = (40, 50, 60, 70)  # per cent positive at which the next colour of the heat map begins


@dataclass(frozen=True, slots=True)
class Segment:
    """One answer's part of a bar, from ``left``."""

    point: int
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One wave of a trend."""

    x: float
    y: float
    point: Point


def diverging(figures: Answers) -> list[Segment]:
    """The answers from left to right, the neutral ones in the middle; nothing where a band stands for them."""
    if figures.answers is None or not figures.n:
        return []
    widths = [MIDDLE * count / figures.n for count in figures.answers]
    left = MIDDLE - widths[0] - widths[1] - widths[2] / 2
    segments = []
    for point, width in enumerate(widths, start=1):
        segments.append(Segment(point, round(left, 2), round(width, 2)))
        left += width
    return [segment for segment in segments if segment.width]


def line(points: Sequence[Point]) -> list[Mark]:
    """The index of each wave from 0 to 100, evenly spaced."""
    step = TREND_WIDTH / max(len(points), 1)
    return [
        Mark(round(step * (place + 0.5), 1), round(TREND_TOP + TREND_HEIGHT * (1 - point.score / 100), 1), point)
        for place, point in enumerate(points)
    ]


def heat(positive: int | None) -> int | None:
    """The colour of a cell, 0 for the least positive; None for what is not shown."""
    return None if positive is None else sum(positive >= start for start in HEATS)
