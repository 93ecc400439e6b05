"""A real SMTP server on loopback that keeps what it is sent and misbehaves as it is told to."""

import asyncio
import ssl
from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP = "drop the line"
HANG = "say nothing"
TALK = "talk for ever"


@dataclass(frozen=True, slots=True)
class Received:
    """One message that was taken, on which connection, the first being 1."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    connection: int

    @property
    def parsed(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


class SmtpServer:
    """`async with SmtpServer() as server`: mail to `server.url` is in `server.messages`.

    `server.script("RCPT", "451 4.2.0 Busy", …)` gives the next answers to MAIL, RCPT or DATA, one each: a reply, DROP,
    HANG or TALK; `server.refuse(recipient, reply)` answers that recipient always. With `tls` STARTTLS is offered, with
    `password` AUTH. With DROP and HANG at DATA the message was taken all the same.
    """

    def __init__(self, *, port: int = 0, tls: ssl.SSLContext | None = None, password: str | None = None) -> None:
        self.messages: list[Received] = []
        self.connections = 0
        self.open_connections = 0
        self.arrived = asyncio.Event()
        self.released = asyncio.Event()
        self.port = port
        self._tls = tls
        self._password = password
        self._scripts: defaultdict[str, deque[str]] = defaultdict(deque)
        self._refusals: dict[str, str] = {}
        self._sessions: set[_Conversation] = set()
        self.asked: Counter[str] = Counter()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(self, self._tls, self._password), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.released.set()
        self._server.close()
        for session in list(self._sessions):
            await session.end()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def script(self, command: str, *answers: str) -> None:
        self._scripts[command].extend(answers)

    def refuse(self, recipient: str, reply: str) -> None:
        self._refusals[recipient] = reply

    async def answer(self, conversation: "_Conversation", command: str, usual: str) -> str:
        """What to say to this command, after misbehaving if that is scripted."""
        self.asked[command] += 1
        said = self._scripts[command].popleft() if self._scripts[command] else usual
        if said == DROP:
            conversation.drop()
        elif said == HANG:
            self.arrived.set()
            await self.released.wait()
        elif said == TALK:
            while True:
                await conversation.push("250-" + "and another thing " * 50)
        return usual if said in (DROP, HANG) else said

    async def handle_MAIL(  # noqa: N802 - its caller's name
        self, server: "_Conversation", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.answer(server, "MAIL", "250 2.1.0 OK")
        if answer.startswith("2"):
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - its caller's name
        self, server: "_Conversation", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._refusals.get(address) or await self.answer(server, "RCPT", "250 2.1.5 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: "_Conversation", session: Session, envelope: Envelope) -> str:  # noqa: N802
        scripted = self._scripts["DATA"][0] if self._scripts["DATA"] else "250"
        if scripted[0] not in "45":
            content, sender = envelope.original_content or b"", envelope.mail_from or ""
            self.messages.append(Received(sender, tuple(envelope.rcpt_tos), content, server.number))
        return await self.answer(server, "DATA", "250 2.0.0 Taken")


class _Conversation(SMTP):
    """One connection, which can be dropped in the middle."""

    def __init__(self, owner: SmtpServer, tls: ssl.SSLContext | None, password: str | None) -> None:
        owner.connections += 1
        self.number = owner.connections
        self._owner = owner
        super().__init__(
            owner,
            hostname="localhost",
            tls_context=tls,
            auth_require_tls=False,
            auth_exclude_mechanism=[] if password else ["LOGIN", "PLAIN"],
            authenticator=lambda *given: AuthResult(success=_password_in(given[-1]) == password, handled=False),
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._owner._sessions.add(self)
        self._owner.open_connections = len(self._owner._sessions)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._owner._sessions.discard(self)
        self._owner.open_connections = len(self._owner._sessions)
        super().connection_lost(error)

    def drop(self) -> None:
        cast("asyncio.WriteTransport", self.transport).abort()  # uvloop's are no kin of the library's

    async def end(self) -> None:
        """Drop the connection and wait until nothing of it runs."""
        task: asyncio.Task[None] | None = self._handler_coroutine
        if self.transport is not None:
            self.drop()
        if task is not None:
            await asyncio.wait([task])


def _password_in(given: Any) -> str:
    assert isinstance(given, LoginPassword)
    return given.password.decode()
