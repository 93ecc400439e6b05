"""The figures that are asked for, picked out of what the measurements print: one JSON object a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import ge, le
from typing import Any

Line = Mapping[str, Any]
OF = (
    "database",
    "act",
    "to",
    "page",
    "floor",
    "people",
    "families",
    "groups",
    "format",
    "sheets",
    "shape",
)  # what a line is about


@dataclass(frozen=True, slots=True)
class Asked:
    """What to show of a measurement's lines, by their keys; ``goal`` is the least or the most it may be."""

    key: str
    what: str
    unit: str = ""
    spread: tuple[str, str] | None = None
    cpu: str | None = None  # microseconds of the processor for each
    at_least: float | None = None
    at_most: float | str | None = None  # a key of the line where it depends on it


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table. ``median`` is the figure; ``spread`` the least and the most of it in this run."""

    measurement: str
    of: str
    what: str
    unit: str
    median: float
    spread: tuple[float, float] | None
    goal: str
    is_met: bool | None
    cpu_us: float | None


RATIO = ("ratio_from", "ratio_to")


def _beside(name: str, what: str, bare: str, goal: float) -> tuple[Asked, ...]:
    """The ratio to a bare way of the same run, and both rates."""
    return (
        Asked("ratio", f"{what}, to {bare}", spread=RATIO, at_least=goal),
        Asked(f"{name}_per_second", what, "a second", cpu=f"{name}_cpu_us"),
        Asked("bare_per_second", bare, "a second", cpu="bare_cpu_us"),
    )


FLOOR = (Asked("per_second", "floor", "a second", spread=("least", "most"), cpu="cpu_us"),)
ASKED: dict[str, tuple[Asked, ...]] = {
    "floors": FLOOR,
    "registrations": (
        *_beside("registered", "registrations", "the same form parsed alone", 0.5),
        Asked("p99_ratio", "slowest in a hundred to the median, at half of the top rate", at_most=10),
    ),
    "reading": (
        *_beside("page", "an evening's page", "the same bytes alone", 0.7),
        Asked("change_by_another_process_seen_after", "a change by another process is seen after", "s", at_most=1.0),
    ),
    "pulse": _beside("sealed", "answers to a wave", "the same form checked alone", 0.4),
    "delivery": _beside("delivered", "messages to the relay", "a bare loop of the mail library", 0.7),
    "promptness": (
        Asked("median_seconds", "receipt to the relay's acceptance", "s"),
        Asked("p95_seconds", "receipt to the relay's acceptance, 95 in 100", "s", at_most=1.0),
    ),
    "decoy": (Asked("ratio", "an answer to a known address, to one to a newcomer", spread=RATIO),),
    "invitations": (
        Asked("invitations_per_second", "invitations made", "a second"),
        Asked("peak_mib", "the most memory of who makes them", "MiB"),
    ),
    "reminders": (Asked("idle_tick_growth", "a tick with nothing due, most registrations to fewest", at_most=2.0),),
    "report page": (
        Asked("ratio", "a report's page, most answers to fewest", at_most=1.2),
        Asked("statements", "statements of a report's page", at_most=10),
    ),
    "report file": (Asked("seconds", "a report's file", "s", at_most=2.0),),
    "disclosure": (Asked("seconds", "what may be released", "s", at_most="goal_seconds"),),
    "tally": (
        Asked("ratio", "a wave counted, to its boxes opened alone on one core", at_least=1.6),
        Asked("ratio_by_processor", "the same by the processor, where other work does not count"),
        Asked("us_per_sheet", "a sheet counted", "µs"),
        Asked("memory_mb", "the most memory of a tally", "MB", at_most=500),
    ),
    "growth": (
        Asked("largest_ms", "cost at the largest size", "ms"),
        Asked("ratio", "cost at the largest size, to the smallest"),
    ),
    "small": (
        Asked("help_seconds", "`engage --help`", "s", spread=("help_from", "help_to"), at_most=0.2),
        Asked("ready_seconds", "ready to serve", "s", spread=("ready_from", "ready_to"), at_most=1.5),
        Asked(
            "memory_mb", "web and worker with the demo's data", "MB", spread=("memory_from", "memory_to"), at_most=150
        ),
    ),
}


def figures_of(lines: Sequence[Line]) -> list[Figure]:
    """The rows of the table, in the order of the lines. Raises KeyError for what nobody measured."""
    found = [_figure(line, asked) for line in lines for asked in ASKED[line["measurement"]] if asked.key in line]
    for measurement in {line["measurement"]: None for line in lines}:
        told = {figure.what for figure in found if figure.measurement == measurement}
        if missing := [asked.key for asked in ASKED[measurement] if asked.what not in told]:
            raise KeyError(f"{measurement} tells nothing of {', '.join(missing)}")
    return found


def _figure(line: Line, asked: Asked) -> Figure:
    low_high = asked.spread and (line[asked.spread[0]], line[asked.spread[1]])
    goal, is_met = _goal(line, asked)
    of = ", ".join(
        f"{line[key]:,} {key}" if isinstance(line[key], int) else str(line[key]) for key in OF if key in line
    )
    cpu = line.get(asked.cpu) if asked.cpu else None
    return Figure(line["measurement"], of, asked.what, asked.unit, line[asked.key], low_high, goal, is_met, cpu)


def _goal(line: Line, asked: Asked) -> tuple[str, bool | None]:
    for bound, words, holds in ((asked.at_least, "at least", ge), (asked.at_most, "at most", le)):
        if bound is not None:
            goal = line[bound] if isinstance(bound, str) else bound
            return f"{words} {goal:g}", bool(holds(line[asked.key], goal))
    return "", None
