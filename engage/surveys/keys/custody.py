"""Who can open what is sealed: a wave's keys, wrapped by the deployment's secret or shared out among trustees.

The keys of a wave are random. Its link key always lies under the secret (XSalsa20-Poly1305, the key by HKDF for that
wave and purpose alone), and so does its private key, unless there are trustees: then it is split by Shamir's scheme and
each share is sealed to the key pair that a trustee's passphrase gives (argon2id). Nothing here knows a database; what
is random is drawn by libsodium and by the scheme.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox
from nacl.secret import SecretBox
from nacl.utils import random

from engage.errors import KeyUnreadable, PassphraseWrong, SharesTooFew
from engage.late import library

if TYPE_CHECKING:
    from shamirs import share

KEY_BYTES = 32
SALT_BYTES = pwhash.argon2id.SALTBYTES
PRIME = 2**521 - 1  # of the field in which a key is split
VALUE_BYTES = 66


@dataclass(frozen=True, slots=True)
class WaveKeys:
    """What is stored of a wave's keys. ``shares`` are sealed, by trustee; with any there is no wrapped private key."""

    public_key: bytes
    wrapped_link_key: bytes
    wrapped_private_key: bytes | None
    shares: Mapping[str, bytes]


def make_keys(secret_key: str, wave_key: str, trustees: Mapping[str, bytes], shares_needed: int | None) -> WaveKeys:
    """New keys for a wave. ``trustees`` are public keys by address; with none the deployment's secret keeps the key."""
    private_key = PrivateKey.generate()
    return WaveKeys(
        public_key=bytes(private_key.public_key),
        wrapped_link_key=_secret_box(secret_key, wave_key, "link").encrypt(random(KEY_BYTES)),
        wrapped_private_key=None if trustees else wrap_private_key(secret_key, wave_key, bytes(private_key)),
        shares=_sealed_shares(bytes(private_key), trustees, shares_needed or len(trustees)),
    )


def wrap_private_key(secret_key: str, wave_key: str, private_key: bytes) -> bytes:
    """The private key under the deployment's secret."""
    return _secret_box(secret_key, wave_key, "private").encrypt(private_key)


def unwrap_link_key(secret_key: str, wave_key: str, wrapped: bytes) -> bytes:
    """The key of the wave's links. Raises KeyUnreadable."""
    return _unwrapped(_secret_box(secret_key, wave_key, "link"), wrapped)


def unwrap_private_key(secret_key: str, wave_key: str, wrapped: bytes) -> bytes:
    """The private key of a wave without trustees. Raises KeyUnreadable."""
    return _unwrapped(_secret_box(secret_key, wave_key, "private"), wrapped)


def new_salt() -> bytes:
    """A salt for one trustee's passphrase."""
    return random(SALT_BYTES)


def public_key_of(passphrase: str, salt: bytes) -> bytes:
    """The half of a trustee's key pair that is kept. Takes half a second of a core and 256 MiB."""
    return bytes(_key_pair(passphrase, salt).public_key)


def open_share(passphrase: str, salt: bytes, sealed: bytes) -> bytes:
    """A trustee's share. Raises PassphraseWrong."""
    try:
        return SealedBox(_key_pair(passphrase, salt)).decrypt(sealed)
    except CryptoError:
        raise PassphraseWrong("That is not the passphrase that this share was sealed with. Try again.") from None


def hand_over(share: bytes, public_key: bytes) -> bytes:
    """An opened share, sealed to the one process that tallies and has the other half of this key in its memory."""
    return SealedBox(PublicKey(public_key)).encrypt(share)


def take_over(private_key: bytes, handed: bytes) -> bytes:
    """A share that was handed over to this process. Raises KeyUnreadable."""
    try:
        return SealedBox(PrivateKey(private_key)).decrypt(handed)
    except CryptoError:
        raise KeyUnreadable("A share was handed over to another process. Hand it over again.") from None


def combine(shares: Iterable[bytes], shares_needed: int, public_key: bytes) -> bytes:
    """The private key of that public key, from any shares of it that are enough. Raises SharesTooFew."""
    for chosen in combinations(dict.fromkeys(shares), shares_needed):
        private_key = _interpolated(chosen)
        if private_key is not None and bytes(PrivateKey(private_key).public_key) == public_key:
            return private_key
    raise SharesTooFew(f"The key of this wave takes {shares_needed} shares that fit. Wait for another trustee.")


def _sealed_shares(private_key: bytes, trustees: Mapping[str, bytes], shares_needed: int) -> dict[str, bytes]:
    if not trustees:
        return {}
    number = int.from_bytes(private_key, "big")
    quantity = max(len(trustees), 2)
    shares = library("shamirs").shares(number, quantity=quantity, modulus=PRIME, threshold=shares_needed)
    return {
        email: SealedBox(PublicKey(trustee)).encrypt(_written(share))
        for (email, trustee), share in zip(trustees.items(), shares, strict=False)
    }


def _written(share: "share") -> bytes:
    index, value = int(share.index), int(share.value)
    return index.to_bytes(1, "big") + value.to_bytes(VALUE_BYTES, "big")


def _interpolated(shares: Iterable[bytes]) -> bytes | None:
    """What the shares give together, None where that cannot be a key."""
    shamirs = library("shamirs")
    points = [shamirs.share(each[0], int.from_bytes(each[1:], "big"), PRIME) for each in shares]
    try:
        return int(shamirs.interpolate(points)).to_bytes(KEY_BYTES, "big")
    except (OverflowError, ValueError):
        return None


def _key_pair(passphrase: str, salt: bytes) -> PrivateKey:
    typed = unicodedata.normalize("NFC", passphrase).strip().encode()
    seed = pwhash.argon2id.kdf(
        KEY_BYTES, typed, salt, pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE
    )
    return PrivateKey(seed)


def _secret_box(secret_key: str, wave_key: str, purpose: str) -> SecretBox:
    info = f"engage wave {wave_key} {purpose} key".encode()
    return SecretBox(HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret_key.encode()))


def _unwrapped(box: SecretBox, wrapped: bytes) -> bytes:
    try:
        return box.decrypt(wrapped)
    except CryptoError:
        raise KeyUnreadable(
            "The keys of this wave do not open under ENGAGE_SECRET_KEY. Put back the secret with which it was opened."
        ) from None
