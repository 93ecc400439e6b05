"""Links that cannot be guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.tokens import TOKEN_LENGTH, Tokens

TOKENS = Tokens("one secret, long enough for anybody")
OTHERS = Tokens("another secret, long enough for anybody")
NUMBERS = st.integers(0, 2**63 - 1)


@given(NUMBERS)
def test_a_token_is_read_by_its_own_purpose_and_secret_alone(number: int) -> None:
    token = TOKENS.issue("registration", number)
    assert TOKENS.read("registration", token) == number
    assert TOKENS.read("unsubscribe", token) is None
    assert OTHERS.read("registration", token) is None


@given(NUMBERS, st.integers(0, TOKEN_LENGTH - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_an_altered_token_is_no_token(number: int, place: int, letter: str) -> None:
    token = TOKENS.issue("registration", number)
    altered = token[:place] + letter + token[place + 1 :]
    assert (TOKENS.read("registration", altered) == number) == (altered == token)


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    assert TOKENS.read("registration", text) is None


def test_a_token_fits_a_tagged_address_and_looks_like_nothing() -> None:
    tokens = [TOKENS.issue("reply", number) for number in range(1, 200)]
    assert {len(token) for token in tokens} == {TOKEN_LENGTH}
    assert all(token == token.lower() and token.isalnum() for token in tokens)
    assert len({token[:6] for token in tokens}) == len(tokens)


@pytest.mark.parametrize("other", [("a", "bc"), ("ab", "c", ""), ("abc",)])
def test_fingerprints_of_other_parts_differ(other: tuple[str, ...]) -> None:
    assert TOKENS.fingerprint("form", "ab", "c") == TOKENS.fingerprint("form", "ab", "c")
    assert TOKENS.fingerprint("form", "ab", "c") != TOKENS.fingerprint("form", *other)
    assert TOKENS.fingerprint("form", "ab", "c") != OTHERS.fingerprint("form", "ab", "c")
