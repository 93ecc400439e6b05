"""An outbox with messages for many people, and a relay that treats them as it likes."""

import random
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from engage.notify.calendar import Person
from engage.notify.message import Letter, Message
from engage.notify.outbox import put_rows, row_of
from engage.storage.unit_of_work import UnitOfWork
from tests.concurrency.mailbox import Mailbox
from tests.smtp_server import DROP, HANG

MADE_AT = datetime(2027, 2, 3, 12, 0, tzinfo=UTC)
SENDER = Person("evenings@example.org", "Open evenings")
LETTER = Letter(subject="Your place", text="Welcome", html="<p>Welcome</p>")
DOMAINS = 9


def address_of(number: int) -> str:
    return f"visitor-{number}@{number % DOMAINS}.example.org"


async def fill_outbox(unit_of_work: UnitOfWork, count: int) -> set[str]:
    """One message to each of that many people, whose addresses are the answer."""
    rows = [
        row_of(
            Message(
                key=f"message:{number}",
                sender=SENDER,
                recipient=Person(address_of(number), f"Visitor {number}"),
                letter=LETTER,
                dated=MADE_AT,
            ),
            kind="place_confirmed",
            stream=f"letter:{number}",
            now=MADE_AT,
        )
        for number in range(count)
    ]

    async def put(session: AsyncSession) -> None:
        await put_rows(session, rows)

    await unit_of_work.run(partial(put))
    return {address_of(number) for number in range(count)}


AT_RCPT = {"250 2.0.0 OK": 474, "451 4.2.0 Not now": 25, HANG: 1}
AT_DATA = {"250 2.0.0 OK": 88, "451 4.3.0 Not now": 5, DROP: 4, HANG: 3}


class MoodyMailbox(Mailbox):
    """A relay that puts off, drops the line after the content, or says nothing, and refuses some for good.

    Its moods are dealt like cards, by chance in their order alone: whoever sends a hundred messages meets each of them.
    ``unanswered`` counts, by recipient, the messages that it took without saying so.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.unanswered: Counter[str] = Counter()
        self.moods: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._at_rcpt: list[str] = []
        self._at_data: list[str] = []

    async def handle_RCPT(  # noqa: N802 - its caller's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address not in self._refusals:
            self.script("RCPT", self._dealt(self._at_rcpt, AT_RCPT))
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - its caller's name
        mood = self._dealt(self._at_data, AT_DATA)
        self.script("DATA", mood)
        self.moods[mood] += 1
        if mood in (DROP, HANG):
            self.unanswered[envelope.rcpt_tos[0]] += 1
        return await super().handle_DATA(server, session, envelope)

    def _dealt(self, deck: list[str], moods: Mapping[str, int]) -> str:
        if not deck:
            deck.extend(Counter(moods).elements())
            self._chance.shuffle(deck)
        return deck.pop()
