"""Every measurement there is, one after another, and what they found: `make bench`.

    python -m bench [--short] [--only floors registrations …]

A whole run writes results.json and the table in README.md; `--short`, and a choice with `--only`, print the table
alone: they show that the measurements work. Where one fails the others are shown all the same, and none is written.
The load tells how busy the machine was with other things.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.databases import KINDS, fresh, settings_of
from bench.figures import Line, figures_of
from bench.writing import sentences, table, write

MEASUREMENTS = (
    "floors",
    "registrations",
    "reading",
    "pulse",
    "delivery",
    "promptness",
    "decoy",
    "invitations",
    "reminders",
    "reports",
    "disclosure",
    "tally",
    "growth",
    "small",
)


def machine() -> dict[str, Any]:
    """What it is measured on, and how surely each database keeps what it confirmed."""
    said = Path("/proc/cpuinfo").read_text().splitlines()
    settings = []
    for kind in KINDS:
        with fresh(kind) as url:
            settings.append(asyncio.run(settings_of(url)))
    return {
        "started_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "cores": os.cpu_count(),
        "processor": next((line.partition(": ")[2] for line in said if line.startswith("model name")), "unknown"),
        "load": load(),
        "python": platform.python_version(),
        "databases": settings,
    }


def load() -> float:
    """How many wanted a processor in the last minute."""
    return round(os.getloadavg()[0], 1)


def run(name: str, *, is_short: bool) -> list[Line] | None:
    """The lines of one measurement, shown while they come; None where it fails."""
    command = [sys.executable, "-m", f"bench.{name}", *(["--short"] if is_short else [])]
    lines: list[Line] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            print(text, end="", flush=True)
            lines.append(json.loads(text))
    return None if process.returncode else lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the short form of each, to see that it works")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS, default=MEASUREMENTS, metavar="NAME")
    given = parser.parse_args()
    of = machine()
    print(json.dumps(of), flush=True)
    found = {name: run(name, is_short=given.short) for name in given.only}
    of["load_at_end"] = load()
    failed = [f"bench.{name}" for name, lines in found.items() if lines is None]
    lines = [line for each in found.values() for line in each or ()]
    figures = figures_of(lines)
    if failed or given.short or len(given.only) < len(MEASUREMENTS):
        print(sentences(of), table(figures), sep="\n")
    else:
        write(Path(__file__).parent, of, lines, figures)
    if failed:
        raise SystemExit(f"These failed, so that no results were written: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
