"""What waits for a line: groups take turns, and none has more than its share of the lines. Pure."""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Backlog(Generic[Item]):
    """Items by group, each group's in the order in which they came; ``share`` is how many of one may be under way."""

    def __init__(self, group_of: Callable[[Item], Hashable], share: int) -> None:
        self._group_of = group_of
        self._share = share
        self._queues: defaultdict[Hashable, deque[Item]] = defaultdict(deque)
        self._turns: OrderedDict[Hashable, None] = OrderedDict()  # the groups of which one may begin
        self._busy: Counter[Hashable] = Counter()
        self._waiting = 0

    def __len__(self) -> int:
        return self._waiting

    @property
    def ready(self) -> int:
        """How many may begin before more comes or something under way is done."""
        return sum(min(len(self._queues[group]), self._share - self._busy[group]) for group in self._turns)

    def add(self, item: Item) -> None:
        group = self._group_of(item)
        self._queues[group].append(item)
        self._waiting += 1
        self._give_turn(group)

    def take(self) -> Item | None:
        """Begin the next item; None where nothing may begin."""
        if not self._turns:
            return None
        group, _ = self._turns.popitem(last=False)
        item = self._queues[group].popleft()
        self._waiting -= 1
        self._busy[group] += 1
        self._give_turn(group)
        return item

    def done(self, item: Item) -> None:
        """The item is under way no more."""
        group = self._group_of(item)
        self._busy[group] -= 1
        self._give_turn(group)

    def clear(self) -> list[Item]:
        """Take out all that has not begun."""
        left = [item for queue in self._queues.values() for item in queue]
        self._queues.clear()
        self._turns.clear()
        self._waiting = 0
        return left

    def _give_turn(self, group: Hashable) -> None:
        if self._queues[group] and self._busy[group] < self._share:
            self._turns.setdefault(group)
