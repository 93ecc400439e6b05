"""What a run found, as `results.json` and as the table in README.md between two markers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.figures import Figure, Line

BEGIN, END = "<!-- the last run -->\n", "<!-- end of the last run -->\n"
HEAD = (
    "| what | of | figure | spread | goal | met | µs of the processor |\n| --- | --- | --- | --- | --- | --- | --- |\n"
)


def table(figures: Sequence[Figure]) -> str:
    """A row for each figure."""
    return HEAD + "".join(f"| {' | '.join(_cells(figure))} |\n" for figure in figures)


def _cells(figure: Figure) -> tuple[str, ...]:
    spread = " to ".join(map(_number, figure.spread)) if figure.spread else ""
    met = {None: "", True: "yes", False: "**no**"}[figure.is_met]
    cpu = "" if figure.cpu_us is None else _number(figure.cpu_us)
    return figure.what, figure.of, f"{_number(figure.median)} {figure.unit}".strip(), spread, figure.goal, met, cpu


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def sentences(machine: Mapping[str, Any]) -> str:
    """The machine, and the durability in force."""
    first = (
        f"{machine['started_at']}, {machine['cores']} cores ({machine['processor']}), load {machine['load']} at the "
        f"start and {machine['load_at_end']} at the end, Python {machine['python']}."
    )
    lines = [first]
    for settings in machine["databases"]:
        named = (f"`{name}={value}`" for name, value in settings.items() if name not in ("database", "version"))
        lines.append(f"{settings['database']} {settings['version']}: {', '.join(named)}.")
    return "\n".join(lines) + "\n"


def write(folder: Path, machine: Mapping[str, Any], lines: Sequence[Line], figures: Sequence[Figure]) -> None:
    """Both files of that folder; of README.md what stands between the markers."""
    results = {"machine": machine, "figures": [asdict(figure) for figure in figures], "lines": lines}
    (folder / "results.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    readme = folder / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}{sentences(machine)}\n{table(figures)}{END}{after}")
