"""A wave's links are computed, always the same, and nothing but they themselves is read."""

from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.answers.links import Links

LINKS = Links(bytes(range(32)), "2027-spring")
numbers = st.integers(0, 2**63 - 1)


@given(numbers)
def test_link_is_read_back_and_always_the_same(number: int) -> None:
    token = LINKS.issue(number)
    assert LINKS.read(token) == number
    assert Links(bytes(range(32)), "2027-spring").issue(number) == token


@given(numbers, st.integers(0, 38), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_altered_or_truncated_link_is_none(number: int, place: int, letter: str) -> None:
    token = LINKS.issue(number)
    altered = token[:place] + letter + token[place + 1 :]
    assert altered == token or LINKS.read(altered) is None
    assert LINKS.read(token[:place]) is None
    assert LINKS.read(token + letter) is None


@given(st.text(max_size=50))
def test_forged_link_is_none(forged: str) -> None:
    assert LINKS.read(forged) is None


@given(numbers)
def test_link_of_another_wave_is_none(number: int) -> None:
    assert LINKS.read(Links(bytes(32), "2027-spring").issue(number)) is None
    assert LINKS.read(Links(bytes(range(32)), "2027-autumn").issue(number)) is None


@given(numbers, numbers)
def test_fingerprints_differ_as_entries_and_waves_do(one: int, other: int) -> None:
    assert (LINKS.fingerprint(one) == LINKS.fingerprint(other)) == (one == other)
    assert LINKS.fingerprint(one) != Links(bytes(32), "2027-spring").fingerprint(one)
    assert len(LINKS.fingerprint(one)) == 20
