"""Tables as spreadsheets take them, and cells that no spreadsheet computes. Pure."""

from dataclasses import dataclass

Cell = str | int | float
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would compute


@dataclass(frozen=True, slots=True)
class Table:
    """One table: ``name`` has at most 31 letters; every row has a cell for every column."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def neutral(cell: Cell) -> Cell:
    """The cell as a spreadsheet shows it and never computes it."""
    is_formula = isinstance(cell, str) and any(text.startswith(FORMULA) for text in (cell, cell.lstrip()))
    return f"'{cell}" if is_formula else cell
