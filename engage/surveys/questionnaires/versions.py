"""A questionnaire of a file laid over its newest version: one that is frozen stays, and the next one is made."""

from dataclasses import dataclass

from engage.files.shapes import Given
from engage.surveys.models import Questionnaire
from engage.surveys.questionnaires.laying import UNSAID
from engage.surveys.questionnaires.questionnaire import Difference, differences, read
from engage.surveys.questionnaires.questionnaire import Questionnaire as Version
from engage.surveys.questionnaires.questionnaire_file import GivenQuestionnaire
from engage.wording import plural


@dataclass(frozen=True, slots=True)
class LaidQuestionnaire:
    """``newest`` is None for a questionnaire that is not known yet."""

    given: GivenQuestionnaire
    newest: Questionnaire | None

    @property
    def head(self) -> Given:
        return self.given.head

    @property
    def title(self) -> str:
        stored = self.newest.title if self.newest else UNSAID
        return self.head.columns.get("title") or stored

    @property
    def is_different(self) -> bool:
        """Order counts: it is what people see."""
        newest = self.newest
        return newest is None or (newest.content, newest.title) != (self.given.content, self.title)

    @property
    def version(self) -> int:
        """The number of the version that the file describes."""
        if self.newest is None:
            return 1
        return self.newest.version + (self.is_different and self.newest.is_frozen)

    @property
    def name(self) -> str:
        return f"questionnaire {self.head.key}, version {self.version}"

    @property
    def summary(self) -> str:
        """What a new one holds, in words."""
        version = self._described()
        parts = f"questions: {len(version.questions)}, comments: {len(version.comments)}"
        minutes = plural(version.minutes, "minute", "minutes")
        return f"{self.name} ({parts}, families: {len(version.families)}; about {minutes})"

    def changes(self) -> list[str]:
        """How the file differs from the newest version, in words."""
        if self.newest is None or not self.is_different:
            return []
        return [_worded(each) for each in differences(version_of(self.newest), self._described())] or ["order"]

    def write(self) -> Questionnaire:
        """The row that is as the file says: the newest, changed where it is not frozen, or another version."""
        row = self.newest
        if row is None or self.version != row.version:
            row = Questionnaire(key=self.head.key or "", version=self.version, is_frozen=False)
        row.title, row.content = self.title, self.given.content
        return row

    def _described(self) -> Version:
        return read(self.head.key or "", self.version, self.title, self.given.content)


def version_of(row: Questionnaire) -> Version:
    """The questionnaire that a row holds."""
    return read(row.key, row.version, row.title, row.content)


def _worded(difference: Difference) -> str:
    if difference.before is None:
        return f"{difference.what}, added"
    return f"{difference.what}, {'taken out' if difference.after is None else 'changed'}"
