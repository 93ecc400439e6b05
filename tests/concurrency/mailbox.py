"""A relay of ours that can be waited for, and what lies in it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

from tests.smtp_server import SmtpServer


class Mailbox(SmtpServer):
    """An SMTP server that tells of each message that it took: ``seen`` is called, and `hold` and `until` look again."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Callable[[], None] = _nothing
        self._came = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its caller's name
        answer = await super().handle_DATA(server, session, envelope)
        self._came.set()
        self.seen()
        return answer

    @property
    def recipients(self) -> AbstractSet[str]:
        return {recipient for message in self.messages for recipient in message.recipients}

    async def hold(self, recipients: AbstractSet[str], within: float) -> None:
        """Return when everybody of these was written to. Raises TimeoutError after that many seconds."""
        await self.until(lambda: recipients <= self.recipients, within)

    async def until(self, is_enough: Callable[[], bool], within: float) -> None:
        """Return when it is enough, asked again with each message. Raises TimeoutError after that many seconds."""
        async with asyncio.timeout(within):
            while not is_enough():
                self._came.clear()
                await self._came.wait()

    def invitations(self) -> dict[str, set[str]]:
        """For each recipient the Message-IDs of what came with an invitation for the calendar."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for received in self.messages:
            message = received.parsed
            for part in message.walk():
                if part.get_content_type() == "text/calendar" and part.get_param("method") == "REQUEST":
                    found[received.recipients[0]].add(str(message["Message-ID"]))
        return found


def _nothing() -> None:
    """What is done about a message where nobody asks to be told."""
