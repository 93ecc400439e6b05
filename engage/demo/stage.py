"""Where the demo plays."""

from dataclasses import dataclass
from datetime import datetime

from engage.files.documents import Document, shift_weeks, weeks_ahead
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo's people act on, and when."""

    settings: Settings
    database: Database
    unit_of_work: UnitOfWork
    tokens: Tokens
    now: datetime

    def into_the_future(self, document: Document) -> Document:
        """The document with its dates moved by the whole weeks that bring all of them past today."""
        return shift_weeks(document, weeks_ahead(document, self.now.astimezone(self.settings.zone).date()))
