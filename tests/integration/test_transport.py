"""One try at one message, at real servers that are friendly, strict, silent or talkative."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engage.errors import SettingsInvalid
from engage.notify.retry import Outcome, Verdict
from engage.notify.smtp_url import Encryption, parse
from engage.notify.transport import Envelope, Transport
from tests.smtp_server import DROP, HANG, TALK, SmtpServer

ENVELOPE = Envelope("evenings@example.org", "somebody@example.org", b"Subject: Hello\r\n\r\nHello\r\n")
PATIENT, SHORT = 20.0, 0.2


class NotWritten(Exception):
    """What came of the message before could not be written down."""


@pytest.fixture
async def server() -> AsyncIterator[SmtpServer]:
    async with SmtpServer() as server:
        yield server


async def test_one_connection_serves_many_messages(server: SmtpServer) -> None:
    transport = Transport.open(server.url)
    for _ in range(10):
        assert (await _send(transport)).verdict is Verdict.ACCEPTED
    await transport.close()
    assert len(server.messages) == 10
    assert server.connections == 1


async def test_no_more_connections_are_open_than_there_are_lines(server: SmtpServer) -> None:
    transport = Transport.open(server.url, connections=3)
    outcomes = await asyncio.gather(*(_send(transport) for _ in range(30)))
    await transport.close()
    assert [outcome.verdict for outcome in outcomes] == [Verdict.ACCEPTED] * 30
    assert server.connections == 3


async def test_a_refusal_leaves_the_connection_fit_for_the_next_message(server: SmtpServer) -> None:
    server.script("RCPT", "550 5.1.1 Unknown")
    transport = Transport.open(server.url)
    assert await _send(transport) == Outcome(Verdict.ADDRESS_REFUSED, 550, "5.1.1 Unknown")
    assert (await _send(transport)).verdict is Verdict.ACCEPTED
    await transport.close()
    assert server.connections == 1


@pytest.mark.parametrize("farewell", [DROP, "421 4.4.2 Enough on this connection"])
async def test_a_used_connection_that_the_relay_gave_up_is_opened_anew_at_once(
    server: SmtpServer, farewell: str
) -> None:
    transport = Transport.open(server.url)
    await _send(transport)
    server.script("MAIL", farewell)
    assert (await _send(transport)).verdict is Verdict.ACCEPTED
    await transport.close()
    assert server.connections == 2


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize("trouble", [DROP, HANG, TALK])
async def test_a_server_in_trouble_is_given_up_and_the_message_kept(
    server: SmtpServer, command: str, trouble: str
) -> None:
    server.script(command, trouble)
    transport = Transport.open(server.url, timeout=SHORT)
    outcome = await _send(transport)
    assert outcome.verdict is Verdict.TRANSIENT
    await transport.close()


@pytest.mark.parametrize("trouble", [DROP, HANG, TALK, "421 4.3.2 Closing"])
async def test_a_server_in_trouble_before_it_knows_the_recipient_is_unreachable(
    server: SmtpServer, trouble: str
) -> None:
    server.script("MAIL", trouble)
    transport = Transport.open(server.url, timeout=SHORT)
    assert (await _send(transport)).verdict is Verdict.UNREACHABLE
    await transport.close()


async def test_a_server_that_never_greets_is_given_up() -> None:
    left = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    transport = Transport.open(f"smtp://127.0.0.1:{silent.sockets[0].getsockname()[1]}", timeout=SHORT)
    assert await _send(transport) == Outcome(Verdict.UNREACHABLE, None, "connect: no answer within 0.2 seconds")
    await transport.close()
    await left.wait()
    silent.close()
    await silent.wait_closed()


async def test_a_reply_is_kept_as_one_printable_line_without_addresses(server: SmtpServer) -> None:
    server.script("DATA", "554-5.6.0 Not\x00 this\r\n554 5.6.0 says postmaster@example.org " + "x" * 400)
    transport = Transport.open(server.url)
    outcome = await _send(transport)
    await transport.close()
    assert outcome.reply.startswith("5.6.0 Not  this 5.6.0 says <address> xxx")
    assert len(outcome.reply) == 300


async def test_required_starttls_is_used(tmp_path: Path) -> None:
    served, trusted = _certificate(tmp_path)
    async with SmtpServer(tls=served) as server:
        transport = Transport.open(f"{server.url}?starttls=required", tls=trusted)
        assert (await _send(transport)).verdict is Verdict.ACCEPTED
        await transport.close()


async def test_required_starttls_is_not_downgraded_where_it_is_not_offered(server: SmtpServer) -> None:
    transport = Transport.open(f"{server.url}?starttls=required")
    outcome = await _send(transport)
    await transport.close()
    assert outcome.verdict is Verdict.UNREACHABLE
    assert "STARTTLS" in outcome.reply
    assert not server.asked["MAIL"]


async def test_required_starttls_wants_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    served, _ = _certificate(tmp_path)
    async with SmtpServer(tls=served) as server:
        transport = Transport.open(f"{server.url}?starttls=required")
        outcome = await _send(transport)
        await transport.close()
        assert outcome.verdict is Verdict.UNREACHABLE
        assert "certificate" in outcome.reply
        assert not server.asked["MAIL"]


@pytest.mark.parametrize(("password", "verdict"), [("right", Verdict.ACCEPTED), ("wrong", Verdict.UNREACHABLE)])
async def test_a_wrong_password_is_the_queues_matter_and_not_the_messages(password: str, verdict: Verdict) -> None:
    async with SmtpServer(password="right") as server:
        url = server.url.replace("//", f"//engage:{password}@")
        transport = Transport.open(url)
        outcome = await _send(transport)
        await transport.close()
    assert outcome.verdict is verdict
    assert password not in outcome.reply


def test_a_password_never_travels_in_the_open_to_another_machine() -> None:
    assert parse("smtp://engage:secret@mail.example.org").encryption is Encryption.REQUIRED
    assert parse("smtp://mail.example.org").encryption is Encryption.OFFERED
    assert parse("smtps://mail.example.org").encryption is Encryption.IMPLICIT


def test_a_relay_is_read_with_its_escapes_and_shown_without_its_password() -> None:
    relay = parse("smtp://engage%40example.org:p%3Ass@mail.example.org?starttls=required")
    assert (relay.host, relay.port, relay.username, relay.password) == (
        "mail.example.org",
        587,
        "engage@example.org",
        "p:ss",
    )
    assert "p:ss" not in repr(relay)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp://host:99999",
        "http://host",
        "smtp://host?starttls=perhaps",
        "smtp://host?starttls=",
        "smtp://host?tls=required",
        "smtps://host?starttls=required",
    ],
)
def test_a_url_that_makes_no_sense_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"^ENGAGE_SMTP_URL[^\n]+\.$"):
        parse(url)


async def test_content_goes_out_only_when_the_last_message_is_settled(server: SmtpServer) -> None:
    transport = Transport.open(server.url)
    async with transport.line() as line:
        assert (await line.send(ENVELOPE, asyncio.create_task(asyncio.sleep(0)))).verdict is Verdict.ACCEPTED
        with pytest.raises(NotWritten):
            await line.send(ENVELOPE, asyncio.create_task(_fail()))
        assert (await line.send(ENVELOPE)).verdict is Verdict.ACCEPTED
    await transport.close()
    assert len(server.messages) == 2


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (b".\r\n..\r\na.b\r\n", b".\r\n..\r\na.b\r\n"),
        (b"no end", b"no end\r\n"),
        (b"a\n.\nb\r.\r\n", b"a\r\n.\r\nb\r\n.\r\n"),
        (b"\r\n.\r\nRCPT TO:<nobody@example.org>\r\n", b"\r\n.\r\nRCPT TO:<nobody@example.org>\r\n"),
    ],
)
async def test_content_arrives_whole_whatever_stands_in_it(server: SmtpServer, content: bytes, arrives: bytes) -> None:
    transport = Transport.open(server.url)
    async with transport.line() as line:
        await line.send(replace(ENVELOPE, content=content))
    await transport.close()
    [message] = server.messages
    assert message.content == arrives


async def _fail() -> None:
    raise NotWritten


async def _send(transport: Transport) -> Outcome:
    async with transport.line() as line:
        return await line.send(ENVELOPE)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for 127.0.0.1, and a client's that trusts it and nothing else."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9000, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(file)
    return served, ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
