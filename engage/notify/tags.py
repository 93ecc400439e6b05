"""Tagged addresses, which tell what an incoming mail answers: RFC 5233's subaddresses. Pure."""

from dataclasses import dataclass

LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
REPLIES = "r"
BOUNCES = "b"
PURPOSES = {REPLIES: "reply", BOUNCES: "bounce"}  # of the token in each kind of tag


@dataclass(frozen=True, slots=True)
class Tag:
    """What stands between the plus sign and the @: its kind, REPLIES or BOUNCES, and a token."""

    kind: str
    token: str


def tagged(address: str, kind: str, token: str) -> str:
    """The address with the tag. Raises ValueError where its local part would be longer than mail allows."""
    local, _, domain = address.rpartition("@")
    tagged_local = f"{local}+{kind}{token}"
    if len(tagged_local) > LONGEST_LOCAL_PART:
        raise ValueError(f"{address!r} is too long for a tag")
    return f"{tagged_local}@{domain}"


def tag_in(recipient: str, address: str) -> Tag | None:
    """The recipient's tag, where it is the address with one; in any letter case, for mail systems change it."""
    local, _, domain = recipient.lower().rpartition("@")
    own_local, _, own_domain = address.lower().rpartition("@")
    tag = local.removeprefix(f"{own_local}+")
    if domain != own_domain or tag == local or len(local) > LONGEST_LOCAL_PART or tag[:1] not in PURPOSES:
        return None
    return Tag(tag[0], tag[1:])
