"""Delivery reports: only an address that is itself to blame loses its place."""

import pytest

from engage.notify import mime
from engage.notify.bounces import LARGEST_REPORT, Failure, failures_in
from engage.notify.mime import Unreadable
from tests.replying import report


def failures(**fields: str) -> list[Failure]:
    found = failures_in(mime.read(report(**fields)))
    assert found is not None
    return found


def test_failure_is_read_whole() -> None:
    (failure,) = failures(Original_Recipient="rfc822;Zoe@Example.net", Final_Recipient="rfc822; z@inner.example.net")
    assert failure.recipients == {"zoe@example.net", "z@inner.example.net"}
    assert failure.code == 550
    assert failure.reply.startswith("5.1.1 <zoe@example.net>: Recipient address rejected")
    assert failure.is_address_refused


@pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "delivered", ""])
def test_what_is_not_given_up_is_no_failure(action: str) -> None:
    assert failures(Action=action, Status="4.4.1") == []


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.1.1", ""),
        ("5.1.10", "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound"),
        ("5.0.0", "smtp; 550-5.1.1 The account that you tried to reach does not exist.\r\n 550 5.1.1 Try again"),
        ("5.2.1", "smtp; 550 5.2.1 The mailbox is disabled"),
        ("5.4.4", "X-Postfix; Host or domain name not found. Name service error: Host not found"),
        ("5.4.4 (no such host)", ""),
    ],
)
def test_address_that_does_not_exist_is_to_blame(status: str, diagnostic: str) -> None:
    (failure,) = failures(Status=status, Diagnostic_Code=diagnostic)
    assert failure.is_address_refused


@pytest.mark.parametrize(
    ("status", "diagnostic"),
    [
        ("5.7.1", "smtp; 550 5.7.1 Message rejected due to policy"),
        ("5.7.1", ""),
        ("5.7.26", "smtp; 550-5.7.26 Unauthenticated mail is not accepted"),
        ("5.0.0", "smtp; 550 Spam detected"),
        ("5.0.0", ""),
        ("5.1.1", "smtp; 550 5.7.509 Access denied"),
        ("5.1.8", "smtp; 501 5.1.8 Bad sender's system address"),
        ("5.2.2", "smtp; 552 5.2.2 Mailbox full"),
        ("5.2.3", "smtp; 552 5.2.3 Message too large"),
        ("5.3.0", ""),
        ("5.4.6", "smtp; 554 5.4.6 Too many hops"),
        ("5.4.7", "X-Postfix; delivery temporarily suspended"),
        ("5.4.7", "smtp; 451 4.2.1 Try again later"),
        ("5.6.0", "smtp; 554 5.6.0 Content not accepted"),
        ("4.4.7", "smtp; 550 5.1.1 said on the way"),
        ("4.4.7", ""),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_what_says_nothing_of_the_address_is_not_its_fault(status: str, diagnostic: str) -> None:
    (failure,) = failures(Status=status, Diagnostic_Code=diagnostic)
    assert not failure.is_address_refused


def test_each_recipient_of_a_report_is_read() -> None:
    second = "failed\r\n\r\nFinal-Recipient: rfc822; other@example.net\r\nAction: delayed\r\nStatus: 4.0.0"
    third = second.replace("other", "third").replace("delayed", "failed").removeprefix("failed")
    found = failures(Action=second + third)
    assert [sorted(each.recipients) for each in found] == [["zoe@example.net"], ["third@example.net"]]


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: text/plain\r\n\r\nI am out of the office.",
        report().replace(b"multipart/report", b"multipart/mixed"),
        report().replace(b"message/delivery-status", b"message/disposition-notification"),
    ],
    ids=["out of office", "forwarded report", "receipt for reading"],
)
def test_other_mail_is_no_report(content: bytes) -> None:
    assert failures_in(mime.read(content)) is None


def test_report_of_endless_blank_lines_is_refused() -> None:
    with pytest.raises(Unreadable):
        failures_in(mime.read(report(Status="5.1.1\r\n" + "\r\n" * LARGEST_REPORT)))
