"""The way to the relay: a few connections, opened when needed, reused, one message on each at a time.

Whatever the relay does, a try ends within the time given and its outcome is one of `Verdict`.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from engage.notify.retry import Outcome, Stage, Verdict, interpret, shown
from engage.notify.smtp_url import Encryption, Relay, parse

CONNECTIONS = 8
TIMEOUT = 60.0  # seconds for one try, connecting included
IDLE = 30.0  # seconds after which an unused connection is closed: relays count them
QUIT_TIMEOUT = 2.0

_LINE_BREAK = re.compile(rb"\r\n|\r|\n")
_ADDRESS = re.compile(r"[^\s@<>()\[\]\\,:;\"]+@[^\s@<>()\\,;\"]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a relay is handed: one recipient, and the message's bytes as RFC 5322 writes them, all ASCII."""

    sender: str
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)


class Transport:
    """The lines to one relay. Opening one talks to nobody yet: a relay that is down stops no start."""

    def __init__(
        self, relay: Relay, *, connections: int, timeout: float, ehlo_name: str, tls: ssl.SSLContext | None
    ) -> None:
        self.timeout = timeout
        self.connections = connections
        self._lines = [Line(relay, timeout, ehlo_name, tls) for _ in range(connections)]
        self._free: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
        for line in self._lines:
            self._free.put_nowait(line)

    @classmethod
    def open(
        cls,
        smtp_url: str,
        *,
        connections: int = CONNECTIONS,
        timeout: float = TIMEOUT,
        ehlo_name: str = "localhost",
        tls: ssl.SSLContext | None = None,
    ) -> "Transport":
        """The transport that the setting SMTP_URL describes. Raises SettingsInvalid."""
        relay = parse(smtp_url)
        ascii_name = ehlo_name.encode("idna").decode()
        return cls(relay, connections=connections, timeout=timeout, ehlo_name=ascii_name, tls=tls or _context(relay))

    @asynccontextmanager
    async def line(self) -> AsyncIterator["Line"]:
        """The line last used, for as long as the caller has not settled what it sent on it."""
        line = await self._free.get()
        line.wake()
        try:
            yield line
        finally:
            line.rest()
            self._free.put_nowait(line)

    async def close(self) -> None:
        """Take leave of the relay. No line may be in use."""
        await asyncio.gather(*(line.quit() for line in self._lines))


class Line:
    """One connection, which is opened when there is something to send and again whenever it was lost."""

    def __init__(self, relay: Relay, timeout: float, ehlo_name: str, tls: ssl.SSLContext | None) -> None:
        self._timeout = timeout
        # One deadline of ours holds for the whole try, so the library needs none of its own.
        self._smtp = SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            local_hostname=ehlo_name,
            timeout=None,
            use_tls=relay.encryption is Encryption.IMPLICIT,
            start_tls=_START_TLS[relay.encryption],
            tls_context=tls,
        )
        self._stage = Stage.CONNECT
        self._leaving: asyncio.TimerHandle | None = None

    async def send(self, envelope: Envelope, settled: asyncio.Task[None] | None = None) -> Outcome:
        """Try once to hand the message over; never raises for what a relay does.

        Its content goes out when ``settled`` is done, and never where that fails, which is raised.
        """
        if not _ADDRESS.fullmatch(envelope.recipient):
            return Outcome(Verdict.ADDRESS_REFUSED, 553, "5.1.3 This is no address that mail can be sent to.")
        try:
            async with asyncio.timeout(self._timeout):
                return Outcome(Verdict.ACCEPTED, 250, shown(await self._hand_over(envelope, settled)))
        except SMTPResponseException as refusal:
            return await self._refused(refusal.code, refusal.message)
        except TimeoutError:
            return self._lost(f"no answer within {self._timeout:g} seconds")
        except (SMTPException, OSError, ValueError) as error:
            return self._lost(str(error))
        except BaseException:
            self._smtp.close()
            raise

    def wake(self) -> None:
        """Keep the connection, if it is open."""
        if self._leaving:
            self._leaving.cancel()

    def rest(self) -> None:
        """Close the connection after a while unless it is used again."""
        self._leaving = asyncio.get_running_loop().call_later(IDLE, self._smtp.close)

    async def quit(self) -> None:
        self.wake()
        if self._smtp.is_connected:
            with suppress(SMTPException, OSError):
                await self._smtp.quit(timeout=QUIT_TIMEOUT)
        self._smtp.close()

    async def _hand_over(self, envelope: Envelope, settled: asyncio.Task[None] | None) -> str:
        await self._begin(envelope)
        self._stage = Stage.RECIPIENT
        _expect((250, 251), await self._smtp.execute_command(b"RCPT", f"TO:<{envelope.recipient}>".encode("ascii")))
        self._stage = Stage.CONTENT
        _expect((354,), await self._smtp.execute_command(b"DATA"))
        if settled is not None:
            await asyncio.shield(settled)
        return await self._write(_dotted(envelope.content))

    async def _write(self, content: bytes) -> str:
        """The library's own way searches the content twice with regular expressions: a third of what sending costs."""
        if self._smtp.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        self._smtp.protocol.write(content)
        return _expect((250,), await self._smtp.protocol.read_response())

    async def _begin(self, envelope: Envelope) -> None:
        """MAIL FROM; on a connection that the relay gave up meanwhile, or has had enough of, once more on a new one."""
        was_open = self._smtp.is_connected
        try:
            await self._open_and_name_sender(envelope)
        except (ConnectionError, SMTPResponseException) as error:
            if not was_open or (isinstance(error, SMTPResponseException) and error.code != 421):
                raise
            self._smtp.close()
            await self._open_and_name_sender(envelope)

    async def _open_and_name_sender(self, envelope: Envelope) -> None:
        if not self._smtp.is_connected:
            self._stage = Stage.CONNECT
            await self._smtp.connect()
        if self._smtp.is_ehlo_or_helo_needed:
            await self._smtp.ehlo()
        self._stage = Stage.SENDER
        size = f" SIZE={len(envelope.content)}" if self._smtp.supports_extension("size") else ""
        _expect((250,), await self._smtp.execute_command(b"MAIL", f"FROM:<{envelope.sender}>{size}".encode("ascii")))

    async def _refused(self, code: int, text: str) -> Outcome:
        outcome = Outcome(interpret(self._stage, code, text), code, shown(text))
        if self._stage is Stage.CONNECT or not 400 <= code < 600:
            self._smtp.close()
            return outcome
        try:
            async with asyncio.timeout(self._timeout):
                await self._smtp.rset()
        except (SMTPException, OSError):
            self._smtp.close()
        return outcome

    def _lost(self, error: str) -> Outcome:
        self._smtp.close()
        return Outcome(interpret(self._stage, None, error), None, f"{self._stage}: {shown(error)}")


def _expect(codes: tuple[int, ...], answer: SMTPResponse) -> str:
    if answer.code not in codes:
        raise SMTPResponseException(answer.code, answer.message)
    return answer.message


def _dotted(content: bytes) -> bytes:
    """Content as it stands on the line (RFC 5321, 4.5.2): lines end with CRLF alone, and a full stop ends it all."""
    if not content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        content = _LINE_BREAK.sub(b"\r\n", content)
    stuffed = content.replace(b"\r\n.", b"\r\n..")
    return (
        (b"." if content.startswith(b".") else b"") + stuffed + (b".\r\n" if content.endswith(b"\n") else b"\r\n.\r\n")
    )


_START_TLS = {
    Encryption.IMPLICIT: False,
    Encryption.REQUIRED: True,
    Encryption.OFFERED: None,
    Encryption.NEVER: False,
}


def _context(relay: Relay) -> ssl.SSLContext | None:
    if relay.encryption is Encryption.NEVER:
        return None  # reading all certificates of the machine takes longer than the rest of a start
    context = ssl.create_default_context()
    if relay.encryption is Encryption.OFFERED:
        # Where no encryption would do as well, an unknown certificate is still better (RFC 7435).
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
