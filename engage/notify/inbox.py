"""What is done with mail that comes in: a calendar's reply is journalled, a delivery report marks its message.

Who a mail is from is never looked at: what counts is the tag in the address that it is sent to. Mail is read in a
thread, so that a hostile one holds up nobody, and what it says is on the disk before it is accepted.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from engage.journal import append
from engage.notify import mime
from engage.notify.bounces import Failure, failures_in
from engage.notify.facts import ReplyHeard, proof_of
from engage.notify.marking import mark
from engage.notify.message import is_mailable
from engage.notify.replies import Reply, is_automatic, is_from_responder, reply_in
from engage.notify.tags import PURPOSES, REPLIES, tag_in
from engage.settings import Settings
from engage.storage.unit_of_work import UnitOfWork
from engage.tokens import Tokens

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

Found = TypeVar("Found")

READ_AT_ONCE = 2  # mails, each in a thread of its own
OK = "250 2.0.0 Thank you"
TRY_LATER = "451 4.3.0 Sorry, please try again later"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Addressee:
    """What an address's tag names: a registration to reply about, or a message that came back, by its number."""

    kind: str
    number: int


class Inbox:
    """The hooks of the listener. ``stream_of`` answers the stream of facts about what a reply's tag names."""

    def __init__(
        self,
        settings: Settings,
        tokens: Tokens,
        unit_of_work: UnitOfWork,
        *,
        stream_of: Callable[[int], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._tokens = tokens
        self._unit_of_work = unit_of_work
        self._stream_of = stream_of
        self._clock = clock
        self._reading = asyncio.Semaphore(READ_AT_ONCE)

    async def handle_RCPT(  # noqa: N802 - its caller's name
        self, server: "SMTP", session: "Session", envelope: "Envelope", address: str, options: list[str]
    ) -> str:
        """Take mail for one tag of ours at a time: whoever sends it to several sends it again for the others."""
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        if self._addressee(address) is None:
            return "550 5.1.1 Nobody reads mail at this address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: "SMTP", session: "Session", envelope: "Envelope") -> str:  # noqa: N802
        """Read the mail, and accept it when what it says is on the disk."""
        content, addressee = envelope.original_content or b"", self._addressee(envelope.rcpt_tos[0])
        assert addressee is not None  # noqa: S101 - what the recipient was taken for
        hear = self._hear_reply if addressee.kind == REPLIES else self._hear_report
        try:
            return await hear(addressee.number, content, is_from_nobody=envelope.mail_from in ("", "<>"))
        except mime.Unreadable as fault:
            log.warning("inbound mail refused", reason=str(fault), size=len(content), kind=addressee.kind)
            return "554 5.6.0 This mail cannot be read"

    async def handle_exception(self, error: Exception) -> str:
        """Whatever happens is no traceback in the conversation; the sender tries again."""
        log.error("inbound mail not dealt with", error=type(error).__name__)
        return TRY_LATER

    def _addressee(self, address: str) -> Addressee | None:
        tag = tag_in(address, self._settings.mail_from)
        number = self._tokens.read(PURPOSES[tag.kind], tag.token) if tag else None
        return Addressee(tag.kind, number) if tag and number is not None else None

    async def _hear_reply(self, number: int, content: bytes, *, is_from_nobody: bool) -> str:
        read = await self._in_thread(_read_reply, content)
        if read.reply is None:
            if read.is_automatic or is_from_nobody:
                log.info("inbound mail ignored", reason="automatic, and no calendar's reply")
                return OK
            return self._not_read()
        fact = ReplyHeard(
            about=self._stream_of(number),
            proof=proof_of(self._tokens, read.reply.uid, read.reply.attendee),
            sequence=read.reply.sequence,
            answer=read.reply.answer,
            stamped_at=read.reply.stamped_at,
        )
        await self._unit_of_work.run(partial(append, fact=fact, now=self._clock(), actor="calendar"))
        log.info("calendar reply heard", about=fact.about, answer=fact.answer)
        return OK

    async def _hear_report(self, number: int, content: bytes, *, is_from_nobody: bool) -> str:
        failures = await self._in_thread(_read_report, content)
        if failures is None:
            log.info("inbound mail ignored", reason="no delivery report", is_from_nobody=is_from_nobody)
            return OK
        is_marked = await self._unit_of_work.run(partial(_mark, number=number, failures=failures, now=self._clock()))
        return OK if is_marked else TRY_LATER

    async def _in_thread(self, read: Callable[[bytes], Found], content: bytes) -> Found:
        async with self._reading:
            try:
                return await asyncio.to_thread(read, content)
            except mime.Unreadable:
                raise
            except Exception as error:
                raise mime.Unreadable(f"reading it failed ({type(error).__name__})") from error

    def _not_read(self) -> str:
        """For a person, who would wait for an answer."""
        log.info("inbound mail refused", reason="no calendar's reply")
        contact = self._settings.contact
        instead = f"; write to {contact}" if is_mailable(contact) else ""
        return f"550 5.6.1 Only calendars' replies are read here{instead}"


@dataclass(frozen=True, slots=True)
class _Read:
    reply: Reply | None
    is_automatic: bool


def _read_reply(content: bytes) -> _Read:
    mail = mime.read(content)
    if is_from_responder(mail):
        return _Read(None, is_automatic=True)
    return _Read(reply_in(mail), is_automatic(mail))


def _read_report(content: bytes) -> list[Failure] | None:
    return failures_in(mime.read(content))


async def _mark(session: AsyncSession, number: int, failures: list[Failure], now: datetime) -> bool:
    return await mark(session, number, failures, now)
