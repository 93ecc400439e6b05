"""What readers of comments are shown: likely names, addresses and numbers, and not every word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.comments.marking import marking, parts_of

NAMES = parts_of(["Zoë O’Connor", "Will de la Cruz", "Jürgen Adeyemi-Smith"])


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("ask Zoe O’Connor or ZOË.", [("Zoe", "name"), ("O’Connor", "name"), ("ZOË", "name")]),
        ("Will de la Cruz said that it will be fine", [(w, "name") for w in ("Will", "de", "la", "Cruz")]),
        ("it will be fine, and la la la", []),
        ("Jurgen Adeyemi-Smith", [("Jurgen", "name"), ("Adeyemi-Smith", "name")]),
        ("Mr. Nobody-Here shouted at Dr Strange", [("Mr. Nobody-Here", "name"), ("Dr Strange", "name")]),
        ("write to a.person@example.org", [("a.person@example.org", "e-mail")]),
        ("a.person (at) example.org", [("a.person (at) example.org", "e-mail")]),
        (
            "on 020 7946 0123 or +44 7700 900123",
            [("020 7946 0123", "telephone number"), ("+44 7700 900123", "telephone number")],
        ),
        ("at 10 Downing Street, SW1A 2AA", [("10 Downing Street", "address"), ("SW1A 2AA", "address")]),
        ("my number is 204381", [("204381", "number")]),
        ("all 9 of us, since 2024", []),
        ("", []),
        ("<script>alert(1)</script>=HYPERLINK()", []),
    ],
)
def test_likely_names_and_numbers_are_marked(text: str, marked: list[tuple[str, str]]) -> None:
    assert [(text[mark.start : mark.end], mark.kind) for mark in marking(text, NAMES)] == marked


@given(st.text(max_size=200) | st.from_regex(r"(Zoë |0\d |@|Mr |\d+ [a-z]+ street)+", fullmatch=True))
def test_marks_stand_in_order_within_the_text_and_never_overlap(text: str) -> None:
    ends = [place for mark in marking(text, NAMES) for place in (mark.start, mark.end)]
    assert ends == sorted(ends)
    assert all(0 <= place <= len(text) for place in ends)
