"""One wave of a file laid over its row: what becomes different, what may not, and how that is written and reported."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from engage.files.merging import Merged, merge, plain
from engage.files.shapes import Given
from engage.surveys.groups import DIRECTORY_FAMILIES
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.questionnaires.file import WavePart, contradictions

PROMISED = (  # frozen from the opening on; before it, the consultation begins anew where one of them changes
    *("questionnaire_key", "opens_at", "closes_at", "is_public"),
    *("threshold", "families", "trustees", "shares_needed"),
)
CONSULTED = (*PROMISED, "results_by")
UNSAID = "Pulse survey"  # the title of what has none


@dataclass(frozen=True, slots=True)
class LaidWave:
    """``row``, with its questionnaire, is None for a new wave; ``group_families`` are the questionnaire's, if known."""

    row: Wave | None
    merged: Merged
    group_families: list[str] | None

    @property
    def name(self) -> str:
        return f"wave {self.merged.given.key}"

    @property
    def is_consulted_anew(self) -> bool:
        """Whether what a running consultation is about becomes different."""
        return self.row is not None and self.row.status == "consulting" and self.merged.is_changed(*CONSULTED)

    def faults(self, zone: ZoneInfo) -> Iterator[str]:
        """What cannot be so."""
        place = self.merged.given.place
        yield from contradictions(place, self.merged.after, self.group_families, zone)
        if self.row is None or self.row.status in ("draft", "consulting"):
            return
        for column in self.merged.changed:
            if column in PROMISED:
                way_out = "; use engage wave extend" if column == "closes_at" and self.row.status == "open" else ""
                key = WavePart.key_of(column)
                yield f"{place}, {key}: the wave has opened, so this cannot be changed any more{way_out}"

    def write(self, questionnaire: Questionnaire) -> Wave:
        """Write all that is different; the row, which a new wave gets now."""
        columns = {column: self.merged.after[column] for column in self.merged.changed}
        row = self.row
        if row is None:
            row, columns = Wave(), self._completed(questionnaire)
        for column, value in columns.items():
            if column == "questionnaire_key":
                row.questionnaire_id = questionnaire.id
            else:
                setattr(row, column, date.fromisoformat(value) if column == "results_by" and value else value)
        row.loaded = remembered(columns) if self.row is None else row.loaded | plain(self.merged.given.columns)
        return row

    def changes(self, zone: ZoneInfo) -> list[str]:
        return self.merged.changes(zone)

    def kept(self, zone: ZoneInfo) -> list[str]:
        return [f"{self.name}, {words}" for words in self.merged.kept_words(zone)]

    def _completed(self, questionnaire: Questionnaire) -> dict[str, Any]:
        """The columns of a new wave with what follows from the questionnaire."""
        columns = dict(self.merged.after)
        columns["title"] = columns["title"] or f"{questionnaire.title}, {columns['key']}"
        if columns["families"] is None:
            columns["families"] = [*DIRECTORY_FAMILIES, *(self.group_families or ())]
        return columns


def lay(given: Given, row: Wave | None, group_families: list[str] | None, *, is_forced: bool) -> LaidWave:
    """Lay a wave of a file over its row."""
    loaded = row.loaded if row else {}
    before = _columns(row) if row else None
    return LaidWave(row, merge(given, before, loaded, is_forced=is_forced), group_families)


def remembered(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a new wave, to notice at the next load what was edited in between."""
    return {
        column: value.isoformat() if isinstance(value, date) and column == "results_by" else value
        for column, value in plain(columns).items()
    }


def _columns(row: Wave) -> dict[str, Any]:
    columns = {column: getattr(row, column, None) for column in WavePart.model_fields}
    columns["questionnaire_key"] = row.questionnaire.key
    columns["results_by"] = row.results_by.isoformat() if row.results_by else None
    return columns
