"""A link takes its stand-in's place wherever the encoding breaks the line, and nothing else of the message changes."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from hypothesis import given
from hypothesis import strategies as st

from engage.notify.calendar import Person
from engage.notify.message import Letter, Message
from engage.surveys.answers.links import Links
from engage.surveys.mail.delivered_links import STAND_IN, put_in
from engage.tokens import TOKEN_LENGTH

MADE_AT = datetime(2027, 4, 12, 8, tzinfo=UTC)
TOKEN = Links(bytes(range(32)), "2027-spring").issue(41)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=90)


def written(before: str, after: str, subject: str = "A survey") -> bytes:
    text = f"{before}{STAND_IN}{after}\n"
    letter = Letter(subject=subject, text=text, html=f'<a href="{text}">{text}</a>\n')
    sender, recipient = Person("a@example.org", "A"), Person("b@example.org", "B")
    return Message(key="1", sender=sender, recipient=recipient, letter=letter, dated=MADE_AT).to_bytes()


def parts(content: bytes) -> list[str]:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return [part.get_content() for part in message.iter_parts() if isinstance(part, EmailMessage)]


@given(texts, texts)
def test_both_parts_say_the_link_where_they_said_the_stand_in(before: str, after: str) -> None:
    content = written(before, after)
    delivered = put_in(content, TOKEN)
    assert parts(delivered) == [part.replace(STAND_IN, TOKEN) for part in parts(content)]
    assert parts(delivered)[0].count(TOKEN) == 1
    assert [len(line) for line in delivered.split(b"\r\n")] == [len(line) for line in content.split(b"\r\n")]


def test_every_place_in_a_line_is_tried_in_which_the_encoding_may_break_it() -> None:
    broken = set()
    for width in range(80):
        content = written("x" * width, "")
        broken.add(STAND_IN.encode() in content)
        assert TOKEN in parts(put_in(content, TOKEN))[0]
    assert broken == {True, False}


def test_headers_stay_as_they_are() -> None:
    content = written("", "", subject=f"See {STAND_IN}")
    head = content.partition(b"\r\n\r\n")[0]
    assert put_in(content, TOKEN).startswith(head)
    assert STAND_IN.encode() in head


def test_stand_in_is_as_long_as_a_token_and_is_none() -> None:
    assert len(STAND_IN) == TOKEN_LENGTH == len(TOKEN)
    assert Links(bytes(range(32)), "2027-spring").read(STAND_IN) is None
