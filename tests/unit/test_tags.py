"""Tagged addresses: what is tagged is read again, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.notify.tags import BOUNCES, LONGEST_LOCAL_PART, REPLIES, Tag, tag_in, tagged
from engage.settings import LONGEST_TAGGED
from engage.tokens import Tokens

OWN = "Evenings@Example.org"
TOKEN = "a2" * 19 + "b"  # as long as a token is


@pytest.mark.parametrize("kind", [REPLIES, BOUNCES])
def test_tag_is_read_as_it_was_written(kind: str) -> None:
    assert tag_in(tagged(OWN, kind, TOKEN), OWN) == Tag(kind, TOKEN)


def test_letter_case_that_mail_systems_change_is_no_matter() -> None:
    assert tag_in(tagged(OWN, REPLIES, TOKEN).upper(), OWN) == Tag(REPLIES, TOKEN)
    assert tag_in(tagged(OWN, REPLIES, TOKEN).lower(), OWN) == Tag(REPLIES, TOKEN)


@pytest.mark.parametrize(
    "recipient",
    [
        "Evenings@Example.org",
        f"evenings+r{TOKEN}@example.com",
        f"morning+r{TOKEN}@example.org",
        f"evenings+x{TOKEN}@example.org",
        f"evenings-r{TOKEN}@example.org",
        f"xevenings+r{TOKEN}@example.org",
        f"evenings+r{TOKEN * 2}@example.org",
        "evenings+@example.org",
        "evenings+r",
        "",
    ],
)
def test_other_addresses_have_no_tag(recipient: str) -> None:
    assert tag_in(recipient, OWN) is None


def test_longest_address_that_settings_allow_fits_with_its_tag() -> None:
    address = tagged("e" * LONGEST_TAGGED + "@example.org", REPLIES, Tokens("s" * 40).issue("reply", 2**63))
    local, _, _ = address.partition("@")
    assert len(local) == LONGEST_LOCAL_PART
    assert local == local.lower()
    with pytest.raises(ValueError, match="too long"):
        tagged("e" * (LONGEST_TAGGED + 1) + "@example.org", REPLIES, TOKEN)


@given(st.text(max_size=80))
def test_any_recipient_can_be_asked_about(recipient: str) -> None:
    found = tag_in(recipient, OWN)
    assert found is None or found.kind in (REPLIES, BOUNCES)
