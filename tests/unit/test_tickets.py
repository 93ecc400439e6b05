"""What a door makes of what is scanned or typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.events.doors.tickets import CODE_LENGTH, CODE_LETTERS, Asked, hash_of, hashes_of, is_named, read, text_of
from engage.tokens import Tokens

TOKENS = Tokens("a secret that only the tests know, and that is long enough")
OTHERS = Tokens("a secret that another deployment has, and that is long enough")


@given(st.integers(1, 2**40))
def test_ticket_is_read_back_and_no_other_secret_makes_one(number: int) -> None:
    text = text_of(TOKENS, number)
    assert read(TOKENS, text) == Asked(True, number, None, "")
    assert read(TOKENS, f" {text.lower()}\r\n") == Asked(True, number, None, "")
    assert read(TOKENS, text.removeprefix("ENGAGE:")) == Asked(True, number, None, "")
    assert read(TOKENS, text_of(OTHERS, number)) == Asked(True, None, None, "")


@given(st.integers(1, 2**40), st.integers(7, 45), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_altered_ticket_is_nobodys(number: int, place: int, letter: str) -> None:
    text = text_of(TOKENS, number)
    altered = text[:place] + letter + text[place + 1 :]
    assert read(TOKENS, altered).registration_id == (number if altered == text else None)


@given(st.text(CODE_LETTERS, min_size=CODE_LENGTH, max_size=CODE_LENGTH))
def test_code_is_known_with_spaces_and_in_small_letters(code: str) -> None:
    assert read(TOKENS, f"{code[:4].lower()}-{code[4:]} ").code == code


@given(st.text())
def test_anything_can_be_typed(typed: str) -> None:
    asked = read(TOKENS, typed)
    assert asked.registration_id is None
    assert is_named(typed, asked.name) or asked.is_ticket or not asked.name.isascii()


@pytest.mark.parametrize(
    ("name", "typed", "expected"),
    [
        ("Ann Àdeyemi", "adey", True),
        ("Ann Àdeyemi", "ADE an", True),
        ("Ann Àdeyemi", "eyemi", False),
        ("Siân O’Brien-Jones", "jones bri", True),
        ("Siân O’Brien-Jones", "sian x", False),
        ("Łukasz", "Łu", True),
    ],
)
def test_each_typed_word_begins_a_word_of_the_name(name: str, typed: str, expected: bool) -> None:
    assert is_named(name, typed) is expected


def test_hashes_under_different_salts_have_nothing_in_common() -> None:
    one, other = hashes_of(TOKENS, "salt one", [1, 2]), hashes_of(TOKENS, "salt two", [1, 2])
    assert len({*one.values(), *other.values()}) == 4
    assert one[1] == hash_of("salt one", text_of(TOKENS, 1))
