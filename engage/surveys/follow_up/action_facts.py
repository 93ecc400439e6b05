"""What can happen to an action, and to the wishes for other groups: facts of the journal."""

from datetime import date
from typing import ClassVar

from engage.surveys.facts import WaveFact


class ActionFact(WaveFact):
    """Something that happened to an action about a wave's results."""

    action_id: int

    @property
    def stream(self) -> str:
        return f"action:{self.action_id}"


class ActionProposed(ActionFact):
    """Somebody put it forward, on the record."""


class ActionMoved(ActionFact):
    """Somebody did one of the acts of the rules, on the record."""

    act: str


class ActionDue(ActionFact):
    """It is due in a week or less, and its owner is reminded, once for each day that it may be due on."""

    subscribers: ClassVar[tuple[str, ...]] = ("action_messages",)
    due_on: date

    @property
    def stream(self) -> str:
        return due_stream(self.action_id, self.due_on)


def due_stream(action_id: int, due_on: date) -> str:
    """The stream of the one reminder of that action for that day."""
    return f"action:{action_id}:due:{due_on.isoformat()}"
