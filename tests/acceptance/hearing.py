"""The site with its inbox open: calendars answer, and mail comes back, over SMTP."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage

from sqlalchemy import select

from engage.events.facts import stream_of
from engage.events.models import Registration
from engage.notify.inbox import Inbox
from engage.notify.listening import Listener
from engage.settings import Settings
from tests.replying import ANSWERED_AT, answering, deliver, organizer_of
from tests.site import Site, link_in, running


@dataclass
class Heard:
    """The running site, and its listener."""

    site: Site
    listener: Listener

    async def joined(self, email: str, slot: str = "sitting-1") -> tuple[str, EmailMessage]:
        """Register; the path of the own page, and the message with the invitation."""
        assert (await self.site.register(email, slot)).status_code == 303
        (message,) = [each for each in await self.site.mail() if each["To"].addresses[0].addr_spec == email]
        return link_in(message), message

    async def answer(
        self,
        invitation: EmailMessage,
        answer: str,
        *,
        at: datetime = ANSWERED_AT,
        headers: dict[str, str] | None = None,
        changed: dict[str, str] | None = None,
    ) -> Sequence[EmailMessage]:
        """The calendar answers; the messages that follow."""
        content = answering(invitation, answer, at=at, headers=headers, changed=changed)
        assert (await self.deliver(content, organizer_of(invitation))).startswith("250")
        return await self.site.mail()

    async def deliver(self, content: bytes, recipient: str) -> str:
        return await deliver(self.listener.port, recipient, content)

    async def registration(self, email: str) -> Registration:
        async with self.site.database.reading() as session:
            return (await session.scalars(select(Registration).where(Registration.email_key == email))).one()


@asynccontextmanager
async def hearing(settings: Settings, now: datetime) -> AsyncIterator[Heard]:
    """The site as it runs where MAIL_INBOUND is set."""
    async with running(replace(settings, mail_inbound="smtp://127.0.0.1:0"), now) as site:
        parts = site.app.state.site
        inbox = Inbox(site.settings, parts.tokens, parts.unit_of_work, stream_of=stream_of, clock=lambda: site.now)
        listener = Listener(("127.0.0.1", 0), inbox, hostname="engage.example.org")
        assert await listener.open()
        yield Heard(site, listener)
        await listener.close()
