"""What is said in a consultation, on the record: by whom, and which objections stand. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

WORKFORCE, PCS, GROUP_LEAD = "workforce", "pcs", "group_lead:"
TITLES = {WORKFORCE: "Workforce team", PCS: "PCS", "owner": "Owner", "staff": "Member of staff"}
KINDS = ("comment", "objection", "withdrawal", "answer")


@dataclass(frozen=True, slots=True)
class Said:
    """One entry: the role in which it was said, and its kind."""

    role: str
    kind: str


def speaking_roles(roles: Iterable[str]) -> list[str]:
    """Those of somebody's roles in which they take part; empty for whoever has nothing to do with it."""
    return sorted((role for role in roles if role in (WORKFORCE, PCS) or role.startswith(GROUP_LEAD)), key=_rank)


def kinds_of(role: str, said: Iterable[Said]) -> list[str]:
    """What may be said in a role: the workforce team answers, the others comment, object and withdraw."""
    if role == WORKFORCE:
        return ["answer"]
    return ["comment", "withdrawal" if role in standing_objections(said) else "objection"]


def standing_objections(said: Iterable[Said]) -> list[str]:
    """The roles whose objection stands, in the order in which they objected; entries in the order of saying."""
    standing: list[str] = []
    for each in said:
        if each.kind == "objection" and each.role not in standing:
            standing.append(each.role)
        elif each.kind == "withdrawal" and each.role in standing:
            standing.remove(each.role)
    return standing


def role_title(role: str) -> str:
    """A role as it is named on the record."""
    if role.startswith(GROUP_LEAD):
        _, family, key = role.split(":")
        return f"Chair of {key.replace('_', ' ').replace('-', ' ')} ({family.replace('_', ' ')})"
    return TITLES[role]


def _rank(role: str) -> tuple[bool, bool, str]:
    return role == WORKFORCE, role != PCS, role
