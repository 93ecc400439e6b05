"""Trustees' passphrases: what they guard, and what one that is forgotten costs. Each takes its time on purpose."""

import pytest
from nacl.public import PrivateKey

from engage.errors import PassphraseWrong
from engage.surveys.keys.custody import combine, hand_over, make_keys, new_salt, open_share, public_key_of, take_over
from tests.conftest import SECRET

PASSPHRASES = {
    "workforce@example.org": "seven green boats at dawn",
    "pcs@example.org": "a kettle for every café",
    "dpo@example.org": "nobody counts the pigeons",
}


def test_forgotten_passphrase_among_three_loses_nothing() -> None:
    salts = {email: new_salt() for email in PASSPHRASES}
    trustees = {email: public_key_of(PASSPHRASES[email], salts[email]) for email in PASSPHRASES}
    keys = make_keys(SECRET, "2027-spring", trustees, 2)
    tally = PrivateKey.generate()
    handed = []
    for email in ("workforce@example.org", "dpo@example.org"):
        share = open_share(f" {PASSPHRASES[email]} ", salts[email], keys.shares[email])
        handed.append(hand_over(share, bytes(tally.public_key)))
    with pytest.raises(PassphraseWrong):
        open_share("what was it again", salts["pcs@example.org"], keys.shares["pcs@example.org"])
    private_key = combine([take_over(bytes(tally), each) for each in handed], 2, keys.public_key)
    assert bytes(PrivateKey(private_key).public_key) == keys.public_key


def test_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    salt = new_salt()
    assert public_key_of("a kettle for every café", salt) == public_key_of("a kettle for every cafe\u0301", salt)
