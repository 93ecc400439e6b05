"""Who may read how much of a report: an audience for each role. Pure."""

from collections.abc import Iterable

from engage.surveys.consultations.record import GROUP_LEAD, PCS, WORKFORCE

STAFF, PUBLIC = "staff", "public"
SEES_ALL = (WORKFORCE, PCS)
GROUP = "group:"


def audiences_of(roles: Iterable[str]) -> list[str]:
    """The audiences that a member of staff with those roles belongs to, the widest first."""
    held = set(roles)
    wide = [role for role in (PCS, WORKFORCE) if role in held]
    led = sorted(GROUP + role.removeprefix(GROUP_LEAD) for role in held if role.startswith(GROUP_LEAD))
    return [*wide, *led, STAFF]


def is_audience(name: str) -> bool:
    """Whether the contract has an audience of that name."""
    parts = name.split(":")
    return name in (*SEES_ALL, STAFF, PUBLIC) or (len(parts) == 3 and name.startswith(GROUP) and all(parts))
