"""A wave's private key comes back from the secret, or from any trustees that are enough, and from nobody else."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey

from engage.errors import KeyUnreadable, SharesTooFew
from engage.surveys.keys.custody import (
    WaveKeys,
    combine,
    hand_over,
    make_keys,
    take_over,
    unwrap_link_key,
    unwrap_private_key,
)

SECRET = "a deployment's secret that is long enough to be one"


def shared(quantity: int, needed: int) -> tuple[WaveKeys, list[bytes]]:
    """Keys shared among as many trustees, and their opened shares; key pairs are taken instead of passphrases."""
    pairs = {f"trustee-{number}@example.org": PrivateKey(bytes([number] * 32)) for number in range(1, quantity + 1)}
    keys = make_keys(SECRET, "2027-spring", {email: bytes(pair.public_key) for email, pair in pairs.items()}, needed)
    return keys, [take_over(bytes(pair), keys.shares[email]) for email, pair in pairs.items()]


def test_secret_alone_opens_the_keys_of_a_wave_without_trustees() -> None:
    keys = make_keys(SECRET, "2027-spring", {}, None)
    assert keys.wrapped_private_key is not None
    assert keys.shares == {}
    private_key = unwrap_private_key(SECRET, "2027-spring", keys.wrapped_private_key)
    assert bytes(PrivateKey(private_key).public_key) == keys.public_key
    assert len(unwrap_link_key(SECRET, "2027-spring", keys.wrapped_link_key)) == 32


def test_another_secret_wave_or_purpose_opens_nothing() -> None:
    keys = make_keys(SECRET, "2027-spring", {}, None)
    for secret, wave in ((f"{SECRET}!", "2027-spring"), (SECRET, "2027-autumn")):
        with pytest.raises(KeyUnreadable):
            unwrap_link_key(secret, wave, keys.wrapped_link_key)
    with pytest.raises(KeyUnreadable):
        unwrap_private_key(SECRET, "2027-spring", keys.wrapped_link_key)


def test_keys_are_random_and_not_derived_from_the_secret() -> None:
    one, other = (make_keys(SECRET, "2027-spring", {}, None) for _ in range(2))
    assert one.public_key != other.public_key
    links = [unwrap_link_key(SECRET, "2027-spring", keys.wrapped_link_key) for keys in (one, other)]
    assert links[0] != links[1]


@settings(max_examples=25)
@given(st.integers(1, 5).flatmap(lambda needed: st.tuples(st.integers(needed, 6), st.just(needed))))
def test_any_shares_that_are_enough_give_the_key_and_fewer_do_not(numbers: tuple[int, int]) -> None:
    quantity, needed = numbers
    keys, shares = shared(quantity, needed)
    for chosen in combinations(shares, needed):
        assert bytes(PrivateKey(combine(chosen, needed, keys.public_key)).public_key) == keys.public_key
    for too_few in combinations(shares, needed - 1):
        with pytest.raises(SharesTooFew):
            combine(too_few, needed, keys.public_key)


def test_one_of_two_shares_that_are_needed_gives_no_key_however_it_is_used() -> None:
    keys, shares = shared(3, 2)
    for share in shares:
        for claimed in (1, 2):
            with pytest.raises(SharesTooFew):
                combine([share, share], claimed, keys.public_key)


def test_broken_share_does_no_harm_beside_two_good_ones() -> None:
    keys, shares = shared(3, 2)
    broken = shares[0][:1] + bytes(66)
    assert bytes(PrivateKey(combine([broken, *shares[1:]], 2, keys.public_key)).public_key) == keys.public_key
    with pytest.raises(SharesTooFew):
        combine([broken, shares[1]], 2, keys.public_key)


def test_nothing_of_a_wave_with_trustees_lies_under_the_secret_but_its_links() -> None:
    assert shared(3, 2)[0].wrapped_private_key is None


def test_share_is_handed_over_to_one_process_alone() -> None:
    handed = hand_over(b"a share", bytes(PrivateKey(bytes(32)).public_key))
    with pytest.raises(KeyUnreadable):
        take_over(bytes([7] * 32), handed)
