"""What is read of calendars' answers, and what is no answer."""

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.notify import mime
from engage.notify.mime import Unreadable
from engage.notify.replies import LARGEST_CALENDAR, Reply, is_automatic, is_from_responder, reply_in
from tests.replying import calendar, mail

UID = "d2c6ae2e-4f10-4a5e-9fb6-3f2f28ab0d37"
AT = datetime(2027, 2, 3, 12, 30, tzinfo=UTC)
TWO = "ATTENDEE;PARTSTAT=DECLINED:mailto:a@example.net\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:zoe@example.net"
PROMPT = 2.0  # seconds of this process, for what takes a careless parser minutes


def read(content: str, kind: str = "text/calendar; method=REPLY") -> Reply | None:
    return reply_in(mime.read(mail(content, kind=kind)))


@pytest.mark.parametrize("answer", ["ACCEPTED", "TENTATIVE", "DECLINED"])
def test_answer_is_read_whole(answer: str) -> None:
    assert read(calendar(answer)) == Reply(UID, "zoe@example.net", 3, answer.lower(), AT)


@pytest.mark.parametrize(
    "attendee",
    [
        "ATTENDEE;PARTSTAT=declined:MAILTO:zoe@EXAMPLE.net",
        'ATTENDEE;CN="Zoë: \\, ;";PARTSTAT=DECLINED;X-NUM-GUESTS=0:mailto:zoe@example.net?subject=x',
        "ATTENDEE;PARTSTAT=DECLINED;CN=Zoe;X-A=" + "x" * 40 + "\r\n :mailto:zoe@ex\r\n\tample.net",
        "attendee;partstat=DECLINED:mailto:%7Aoe%40example.net",
        "ATTENDEE;PARTSTAT=DECLINED:zoe@example.net",
    ],
)
def test_attendee_is_read_however_it_is_written(attendee: str) -> None:
    reply = read(calendar(ATTENDEE=attendee))
    assert reply is not None
    assert (reply.attendee, reply.answer) == ("zoe@example.net", "declined")


def test_missing_sequence_is_zero_and_missing_instant_unknown() -> None:
    reply = read(calendar(SEQUENCE="", DTSTAMP=""))
    assert reply is not None
    assert (reply.sequence, reply.stamped_at) == (0, None)


@pytest.mark.parametrize("kind", ["TEXT/Calendar; method=REPLY", "text/calendar", 'application/ics; name="invite.ics"'])
def test_answer_is_found_in_each_kind_of_part(kind: str) -> None:
    assert read(calendar(), kind=kind) is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"METHOD": "METHOD:REQUEST"},
        {"METHOD": "METHOD:CANCEL"},
        {"METHOD": "METHOD:COUNTER"},
        {"METHOD": ""},
        {"UID": ""},
        {"UID": f"UID:{UID}\r\nUID:another"},
        {"SEQUENCE": "SEQUENCE:-1"},
        {"SEQUENCE": "SEQUENCE:" + "9" * 40},
        {"ATTENDEE": ""},
        {"ATTENDEE": "ATTENDEE:mailto:zoe@example.net"},
        {"ATTENDEE": "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:zoe@example.net"},
        {"ATTENDEE": "ATTENDEE;PARTSTAT=DELEGATED:mailto:zoe@example.net"},
        {"ATTENDEE": "ATTENDEE;PARTSTAT=DECLINED,ACCEPTED:mailto:zoe@example.net"},
        {"ATTENDEE": TWO},
        {"RECURRENCE": "RECURRENCE-ID:20270224T180000Z"},
        {"SECOND": "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:another"},
    ],
)
def test_what_is_not_one_answer_about_one_entry_is_none(changed: dict[str, str]) -> None:
    assert read(calendar(**changed)) is None


def test_attendee_of_an_alarm_is_nobody_who_answers() -> None:
    alarm = "BEGIN:VALARM\r\nATTENDEE;PARTSTAT=DECLINED:mailto:zoe@example.net\r\nEND:VALARM"
    assert read(calendar(ATTENDEE=alarm)) is None


def test_forwarded_mail_with_an_answer_in_it_is_no_answer() -> None:
    forwarded = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    assert reply_in(mime.read(forwarded + mail(calendar()) + b"\r\n--b--\r\n")) is None


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Auto-Submitted", "auto-replied (vacation)"),
        ("Precedence", "Bulk"),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", ""),
    ],
)
def test_answer_of_a_responder_is_told_apart(header: str, value: str) -> None:
    assert is_from_responder(mime.read(mail(calendar(), {header: value})))


def test_calendar_service_that_sends_for_its_user_is_no_responder() -> None:
    service = mime.read(mail(calendar(), {"Auto-Submitted": "auto-generated"}))
    assert not is_from_responder(service)
    assert is_automatic(service)
    assert not is_automatic(mime.read(mail(calendar(), {"Auto-Submitted": "No"})))


def nested(depth: int) -> bytes:
    parts = (f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth))
    return "".join(parts).encode() + b"\r\nthe end"


@pytest.mark.parametrize(
    "content",
    [
        nested(10_000),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 10_000,
        b"Content-Type: multipart/mixed\r\n\r\n--b\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nno boundary here",
        b'Content-Type: multipart/mixed; x="' + b";" * 60_000 + b"\r\n\r\n",
        b"X: " + b"y" * 1_000_000,
        mail("x" * (LARGEST_CALENDAR + 1)),
        mail(calendar()).replace(b"QkVHSU46VkNBTEV", b"QkVHSU46VkNBTE\xff"),
    ],
    ids=[
        "nested",
        "many",
        "no boundary named",
        "no boundary there",
        "type",
        "headers",
        "long calendar",
        "broken base64",
    ],
)
def test_broken_and_hostile_mail_is_refused_at_once(content: bytes) -> None:
    begun = process_time()
    with pytest.raises(Unreadable):
        reply_in(mime.read(content))
    assert process_time() - begun < PROMPT


@pytest.mark.parametrize(
    "hostile",
    [
        "BEGIN:VEVENT\r\n" * 18_000,
        "\r\n" * 130_000,
        "A" + "\r\n " * 80_000,
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + ("ATTENDEE" + ";A=B" * 400 + ":x\r\n") * 140,
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + ("UID:" + "\\" * 1_900 + "\r\n") * 130,
        calendar().replace("TZID:GMT Standard Time", "TZID:" + "x" * 200_000),
        calendar().replace("TZOFFSETTO:+0000", "TZOFFSETTO:+9999\r\nRRULE:FREQ=SECONDLY;COUNT=999999999"),
    ],
    ids=["nested", "blank", "folded", "parameters", "backslashes", "zone name", "zone rule"],
)
def test_hostile_calendar_costs_little(hostile: str) -> None:
    begun = process_time()
    read(hostile)
    assert process_time() - begun < PROMPT


def test_broken_zone_does_not_matter_to_the_answer() -> None:
    assert read(calendar().replace("TZOFFSETTO:+0000", "TZOFFSETTO:nonsense\r\nRRULE:FREQ=NEVER")) is not None


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for given_content in (content, b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + content):
        try:
            reply_in(mime.read(given_content))
        except Unreadable as fault:
            assert str(fault)  # noqa: PT017 - it is not expected, but right where it happens


@given(st.text(max_size=500))
def test_any_text_in_a_calendar_is_read(text: str) -> None:
    assert read(calendar(ATTENDEE="", X=f"ATTENDEE{text}")) is None or "PARTSTAT" in text.upper()
