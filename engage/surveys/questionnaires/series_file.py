"""One series of a file laid over its row."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from engage.files.merging import Merged, merge
from engage.files.shapes import Given
from engage.surveys.models import Series


@dataclass(frozen=True, slots=True)
class LaidSeries:
    """``row`` is None for a new series. Nothing but files changes one, so that nothing has to be kept."""

    row: Series | None
    merged: Merged

    @property
    def name(self) -> str:
        return f"series {self.merged.given.key}"

    def changes(self, zone: ZoneInfo) -> list[str]:
        return self.merged.changes(zone)

    def write(self) -> Series:
        """Write all that the file says; the row, which a new series gets now."""
        row = self.row or Series()
        for column, value in self.merged.after.items():
            setattr(row, column, value)
        return row


def lay_series(given: Given, row: Series | None) -> LaidSeries:
    """Lay a series of a file over its row."""
    before = {column: getattr(row, column) for column in given.shape.model_fields} if row else None
    return LaidSeries(row, merge(given, before, {}, is_forced=True))
