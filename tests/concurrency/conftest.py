"""What the tests of this folder share: a real relay."""

from collections.abc import AsyncIterator

import pytest

from tests.concurrency.mailbox import Mailbox


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    """A relay that takes everything."""
    async with Mailbox() as mailbox:
        yield mailbox
