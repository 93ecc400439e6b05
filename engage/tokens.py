"""Addresses that cannot be guessed, computed from the deployment's secret instead of being stored.

A token is the number of a row under AES-SIV (RFC 5297), which is deterministic and authenticated, with the purpose as
associated data: a thief of the database cannot make one, and a token of one purpose is nothing to another.
"""

import base64
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

TOKEN_BYTES = 24  # 16 of the synthetic IV and 8 of the number
TOKEN_LENGTH = 39  # in base32 without padding: fits the local part of a mail address beside a tag


class Tokens:
    """Issues and reads tokens; lower-case base32, 39 characters, safe in addresses of pages and of mail."""

    def __init__(self, secret_key: str) -> None:
        self._siv = AESSIV(_derive(secret_key, "tokens", 64))
        self._mac_key = _derive(secret_key, "fingerprints", 32)

    def issue(self, purpose: str, number: int) -> str:
        sealed = self._siv.encrypt(number.to_bytes(8, "big"), [purpose.encode()])
        return base64.b32encode(sealed).decode().rstrip("=").lower()

    def read(self, purpose: str, token: str) -> int | None:
        """The number in the token, or None where it is forged, altered or of another purpose."""
        if len(token) != TOKEN_LENGTH:
            return None
        try:
            sealed = base64.b32decode(token.upper() + "=")
            number = self._siv.decrypt(sealed, [purpose.encode()])
        except (ValueError, InvalidTag):
            return None
        if base64.b32encode(sealed).decode().rstrip("=").lower() != token.lower():
            return None  # base32 has unused bits: one token has one spelling
        return int.from_bytes(number, "big")

    def fingerprint(self, purpose: str, *parts: str) -> str:
        """A keyed hash of the parts: equal parts give equal prints, and nobody without the secret can tell which."""
        message = "\x00".join((purpose, *parts)).encode()
        return blake2b(message, key=self._mac_key, digest_size=20).hexdigest()


def _derive(secret_key: str, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"engage {purpose}".encode()).derive(secret_key.encode())
