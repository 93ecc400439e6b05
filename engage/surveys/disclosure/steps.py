"""What the work may take, in steps and not in seconds: the same input gives the same release on any machine. Pure."""

from dataclasses import dataclass


class OutOfSteps(Exception):
    """What was looked for is not known."""


@dataclass(slots=True)
class Steps:
    """``taken`` of ``budget``. A step is one look: at a word of a code, a row of a matrix, a choice."""

    budget: int
    taken: int = 0
    limit: int = 0

    def share(self, parts: int) -> None:
        """From here on one of so many parts of what is left may be taken."""
        self.limit = self.taken + (self.budget - self.taken) // parts

    def take(self, steps: int) -> None:
        """Raises OutOfSteps where so many are not left."""
        if self.taken + steps > self.limit:
            raise OutOfSteps
        self.taken += steps
