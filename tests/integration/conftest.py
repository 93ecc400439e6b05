"""What several tests of this folder share: people who want to be reminded of closing dates."""

from datetime import datetime
from pathlib import Path

import pytest

from engage.events.mail.correspondence import Correspondence
from engage.settings import Settings
from engage.storage.database import Database
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens
from tests.loader import EVENING, Loader
from tests.reminding import Reminding


@pytest.fixture
async def reminding(
    database: Database, unit_of_work: UnitOfWork, settings: Settings, tokens: Tokens, tmp_path: Path, now: datetime
) -> Reminding:
    reminding = Reminding(Loader(database, unit_of_work, tmp_path, now), Correspondence(settings, tokens))
    await reminding.load(EVENING)
    return reminding
