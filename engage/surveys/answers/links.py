"""The links of one wave: computed from its link key, put into messages at delivery, and stored nowhere.

A link is the number of a roster entry under AES-SIV with the wave's key as associated data, like every token of ours,
but under a random key of that wave: once that is destroyed, nobody can tell any more whose a spent link was.
"""

from engage.tokens import Tokens


class Links:
    """Issues and reads the links of one wave. ``link_key`` is random, 32 bytes; ``wave_key`` is the wave's own."""

    def __init__(self, link_key: bytes, wave_key: str) -> None:
        self._tokens = Tokens(link_key.hex())
        self._purpose = f"pulse {wave_key}"

    def issue(self, roster_id: int) -> str:
        """The last part of the link's address: 39 characters, always the same for the same entry."""
        return self._tokens.issue(self._purpose, roster_id)

    def read(self, token: str) -> int | None:
        """Whose link it is; None where it is forged, altered, cut short or of another wave."""
        return self._tokens.read(self._purpose, token)

    def fingerprint(self, roster_id: int) -> bytes:
        """What is kept of a spent link: a keyed hash of 20 bytes that nobody without the link key can make."""
        return bytes.fromhex(self._tokens.fingerprint(self._purpose, str(roster_id)))
