"""Booking as it should be, written down as simply as can be, to hold the real one against."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass
class Sitting:
    """The plain model of a sitting: who holds how many places, and who waits, in order."""

    capacity: int
    held: dict[int, int] = field(default_factory=dict)
    offered: dict[int, int] = field(default_factory=dict)
    line: list[int] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.capacity - sum(self.held.values()) - sum(self.offered.values())


class Plain:
    """What should happen, written down as simply as can be: lists and dictionaries, no clock but a number of hours."""

    def __init__(self, capacities: tuple[int, ...]) -> None:
        self.sittings = [Sitting(capacity) for capacity in capacities]
        self.party: dict[int, int] = {}
        self.expires: dict[int, datetime] = {}
        self.unconfirmed: set[int] = set()

    def place(self, who: int) -> int | None:
        return next((n for n, sitting in enumerate(self.sittings) if who in sitting.held), None)

    def queued(self, who: int) -> int | None:
        return next((n for n, s in enumerate(self.sittings) if who in s.line or who in s.offered), None)

    def has_room(self, where: int, party: int) -> bool:
        return not self.sittings[where].line and self.sittings[where].free >= party

    def offer(self, now: datetime) -> None:
        for sitting in self.sittings:
            while sitting.line and self.party[sitting.line[0]] <= sitting.free:
                who = sitting.line.pop(0)
                sitting.offered[who] = self.party[who]
                self.expires[who] = now + timedelta(hours=24)

    def leave_queue(self, who: int) -> None:
        for sitting in self.sittings:
            sitting.offered.pop(who, None)
            if who in sitting.line:
                sitting.line.remove(who)

    def hold(self, who: int, where: int) -> None:
        self.sittings[where].held[who] = self.party[who]
        self.unconfirmed.discard(who)

    def seat(self, who: int, where: int) -> None:
        if self.has_room(where, self.party[who]):
            self.hold(who, where)
        else:
            self.sittings[where].line.append(who)

    def release(self, where: int, now: datetime) -> None:
        """Take from those who registered last until there is enough; spare somebody alone if it is one too many."""
        sitting, taken = self.sittings[where], list[int]()
        last = [who for who in reversed(self.party) if who in sitting.held and who in self.unconfirmed]
        most = sitting.free + sum(self.party[who] for who in last)
        served = next(n for n in range(len(sitting.line), -1, -1) if self._places(sitting.line[:n]) <= most)
        need = self._places(sitting.line[:served]) - sitting.free
        while self._places(taken) < need:
            taken.append(last.pop(0))
        alone = [who for who in taken if self.party[who] == 1]
        if alone and self._places(taken) > max(need, 0):
            taken.remove(alone[-1])
        for who in taken:
            del sitting.held[who]
        self.offer(now)

    def _places(self, people: list[int]) -> int:
        return sum(self.party[who] for who in people)
