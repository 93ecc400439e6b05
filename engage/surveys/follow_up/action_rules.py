"""What may be said and done about an action: by whom, when, and what becomes of it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from engage.surveys.consultations.record import GROUP_LEAD, PCS, WORKFORCE

OWNER = "owner"
CHAIR = "chair"  # of any staff group
WITHIN = timedelta(weeks=8)  # of publication
PROPOSAL = "proposal"
LIVE = ("agreed", "under way")


@dataclass(frozen=True, slots=True)
class Act:
    """``said`` tells on the record who did what; ``leads_to`` is the status that follows, None where it stays."""

    title: str
    said: str
    roles: tuple[str, ...]
    statuses: tuple[str, ...]
    leads_to: str | None = None


ACTS = {
    "agree": Act("Agree to it", "agreed to it", (WORKFORCE,), ("proposed",), "agreed"),
    "decline": Act("Decline it", "declined it", (WORKFORCE,), ("proposed",), "dropped"),
    "begin": Act("Say that it has begun", "began it", (WORKFORCE, OWNER), ("agreed",), "under way"),
    "finish": Act("Say that it is done", "finished it", (WORKFORCE, OWNER), LIVE, "done"),
    "drop": Act("Drop it", "dropped it", (WORKFORCE,), LIVE, "dropped"),
    "note": Act("Add a note", "noted", (WORKFORCE, OWNER, CHAIR), ("proposed", *LIVE, "done")),
    "countersign": Act("Countersign", "countersigned it", (PCS,), (*LIVE, "done")),
    "dissent": Act("Dissent", "dissented", (PCS,), (*LIVE, "done")),
}
SAID = {PROPOSAL: "proposed it"} | {name: act.said for name, act in ACTS.items()}


def proposers(roles: Iterable[str]) -> list[str]:
    """Those of somebody's roles in which they may put an action forward; the workforce team's is agreed at once."""
    return sorted(role for role in roles if role in (WORKFORCE, PCS) or role.startswith(GROUP_LEAD))


def roles_in(roles: Iterable[str], *, is_owner: bool) -> list[str]:
    """In which roles somebody may speak about an action, the owner's own last."""
    return proposers(roles) + ([OWNER] if is_owner else [])


def acts_of(role: str, status: str) -> list[str]:
    """The names of the acts that are for that role while the action has that status."""
    kind = CHAIR if role.startswith(GROUP_LEAD) else role
    return [name for name, act in ACTS.items() if kind in act.roles and status in act.statuses]


def due_by_default(published_on: date, today: date) -> date:
    """Eight weeks after the publication; once they are over, eight weeks from today."""
    due_on = published_on + WITHIN
    return due_on if due_on >= today else today + WITHIN
