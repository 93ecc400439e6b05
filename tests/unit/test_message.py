"""A message is ASCII bytes that any relay takes and any parser reads back; nothing typed becomes a header or a part."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.policy import default as modern
from email.utils import parseaddr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engage.notify.calendar import Person
from engage.notify.message import CalendarPart, Letter, Message, is_mailable

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:Zoë\r\nEND:VCALENDAR\r\n"
MESSAGE = Message(
    key="PlaceConfirmed:17",
    sender=Person("evenings@example.org", "Mayor's Office for Policing and Crime"),
    recipient=Person("zoe@example.net", "Zoë"),
    letter=Letter(subject="You have a place", text="Hello, Zoë\n", html="<p>Hello, Zoë</p>\n"),
    dated=datetime(2027, 2, 3, 12, tzinfo=UTC),
)
NAMES = [
    "Ann",
    'O"Brien, "x" \\ (c) <a@b>',
    'Zoë, the "great" <zoe@example.com>',
    "名" * 200,
    "x, " * 66 + "x",
    "é " * 99 + "é",
    "=?utf-8?q?hi?=",
    "two  spaces and a last one ",
    "عبد الله محمد" * 10,
    "😀" * 100,
]
LINE_BREAK = re.compile("\r\n|\r|\n")
CONTROLS = ["\r\nBcc: all@example.com", "\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\u2029", "\ud800"]
typed = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200)


def read(message: Message) -> EmailMessage:
    return message_from_bytes(message.to_bytes(), policy=modern)


def shown(message: Message, header: str) -> str:
    """The header as older mail programs decode it, line breaks of folding taken out."""
    value = message_from_bytes(message.to_bytes())[header]
    return str(make_header(decode_header(value))).replace("\r\n", "").replace("\n", "")


def to(name: str) -> Message:
    return replace(MESSAGE, recipient=Person("zoe@example.net", name))


def recipient_of(message: Message) -> tuple[str, str]:
    name, address = parseaddr(message_from_bytes(message.to_bytes())["To"])
    return str(make_header(decode_header(name))), address


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_one_recipient(name: str) -> None:
    assert recipient_of(to(name)) == (name, "zoe@example.net")


@settings(max_examples=50, deadline=None)
@given(typed)
def test_any_typed_name_leaves_headers_and_parts_as_they_were(name: str) -> None:
    message = read(to(name))
    assert message.keys() == read(MESSAGE).keys()
    assert message["To"].addresses[0].addr_spec == "zoe@example.net"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@settings(deadline=None)
@given(typed.map(str.strip))
def test_any_subject_is_read_back(subject: str) -> None:
    assert shown(replace(MESSAGE, letter=replace(MESSAGE.letter, subject=subject)), "Subject") == subject


@pytest.mark.parametrize("control", CONTROLS)
def test_control_characters_are_refused_in_every_header(control: str) -> None:
    text = f"a{control}b"
    bad = [
        to(text),
        replace(MESSAGE, sender=Person("evenings@example.org", text)),
        replace(MESSAGE, recipient=Person(f"{text}@example.net", "")),
        replace(MESSAGE, letter=replace(MESSAGE.letter, subject=text)),
        replace(MESSAGE, reply_to=f"{text}@example.net"),
        replace(MESSAGE, unsubscribe_url=f"https://example.org/{text}"),
    ]
    for message in bad:
        with pytest.raises(ValueError, match=r"control character|not an address"):
            message.to_bytes()


@pytest.mark.parametrize(
    "address", ["", "zoe", "a@b@c", "zoé@example.net", "zoe@éxample.net", "a b@example.net", '"a"@example.net', "a@b>"]
)
def test_address_that_not_every_relay_takes_is_refused(address: str) -> None:
    assert not is_mailable(address)
    with pytest.raises(ValueError, match=r"To: .* is not an address"):
        replace(MESSAGE, recipient=Person(address, "Zoë")).to_bytes()


def test_headers_say_that_a_machine_wrote_it() -> None:
    message = read(MESSAGE)
    assert message["From"] == "Mayor's Office for Policing and Crime <evenings@example.org>"
    assert message["Subject"] == "You have a place"
    assert message["Date"].datetime == MESSAGE.dated
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert message["List-Unsubscribe"] is None


def test_unsubscribing_takes_one_click_and_its_address_stays_whole() -> None:
    url = "https://evenings.example.org/unsubscribe/" + "a" * 100
    message = read(replace(MESSAGE, unsubscribe_url=url))
    assert message["List-Unsubscribe"] == f"<{url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_same_message_is_the_same_bytes() -> None:
    assert replace(MESSAGE).to_bytes() == MESSAGE.to_bytes()


def test_message_id_is_kept_by_a_retry_and_shared_with_no_other() -> None:
    later = replace(MESSAGE, dated=datetime(2027, 2, 4, tzinfo=UTC))
    others = [replace(MESSAGE, key="PlaceConfirmed:18"), later, replace(MESSAGE, recipient=Person("a@example.net", ""))]
    assert read(MESSAGE)["Message-ID"] == MESSAGE.message_id
    assert MESSAGE.message_id.endswith("@example.org>")
    assert len({message.message_id for message in [MESSAGE, *others]}) == 4


def test_parts_go_from_plainest_to_richest() -> None:
    calendar = CalendarPart(method="REQUEST", content=CALENDAR.encode())
    plain, html, invitation = read(replace(MESSAGE, calendar=calendar)).iter_parts()
    assert plain.get_content() == "Hello, Zoë\r\n"
    assert html.get_content() == "<p>Hello, Zoë</p>\r\n"
    assert invitation.get_content_type() == "text/calendar"
    assert dict(invitation["Content-Type"].params) == {"charset": "utf-8", "method": "REQUEST", "component": "VEVENT"}
    assert invitation.get_payload(decode=True) == CALENDAR.encode()


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=400))
def test_bytes_suit_a_relay_without_extensions(text: str) -> None:
    message = replace(MESSAGE, letter=Letter(subject="Hello", text=text, html=text))
    content = message.to_bytes()
    assert content.isascii()
    assert not re.search(rb"[^\r]\n|\r[^\n]|[\x00-\x08]", content)
    assert max(len(line) for line in content.split(b"\r\n")) <= 78
    for each in read(message).iter_parts():
        assert LINE_BREAK.split(each.get_content()) == [*LINE_BREAK.split(re.sub("(\r\n|\r|\n)\\Z", "", text)), ""]


def test_boundary_typed_by_a_reader_ends_no_part() -> None:
    boundary = read(MESSAGE).get_boundary()
    letter = Letter(subject="Hello", text=f"a\n--{boundary}\nb\n--{boundary}--\n", html="")
    plain, _ = read(replace(MESSAGE, letter=letter)).iter_parts()
    assert plain.get_content().splitlines() == letter.text.splitlines()


def test_parsing_and_writing_again_changes_nothing() -> None:
    message = replace(MESSAGE, calendar=CalendarPart(method="CANCEL", content=CALENDAR.encode()))
    again = message_from_bytes(message.to_bytes(), policy=SMTP.clone(refold_source="none"))
    assert again.as_bytes() == message.to_bytes()
    assert not any(part.defects for part in again.walk())
