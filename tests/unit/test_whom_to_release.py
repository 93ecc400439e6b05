"""Whose unconfirmed place is released where people wait: as few as will do, and those who registered last."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from engage.events.rules import whom_to_release


@dataclass(eq=False)
class Held:
    """An unconfirmed place, or a pair of them."""

    party: int


@dataclass
class Waiting:
    turn: int
    party: int


PARTIES = st.lists(st.integers(1, 2), max_size=8)


def served(line: list[int], places: int) -> int:
    """How many of the line, in order, that many places are enough for."""
    return next(count for count in range(len(line), -1, -1) if sum(line[:count]) <= places)


@given(line=PARTIES, unconfirmed=PARTIES, free=st.integers(0, 4))
def test_as_many_are_served_as_can_be_and_nobody_is_released_without_need(
    line: list[int], unconfirmed: list[int], free: int
) -> None:
    held = [Held(party) for party in unconfirmed]
    released = whom_to_release([Waiting(turn, party) for turn, party in enumerate(line)][::-1], held, free)
    freed = free + sum(each.party for each in released)
    assert served(line, freed) == served(line, free + sum(unconfirmed))
    for each in released:
        assert served(line, freed - each.party) < served(line, freed)


@given(line=PARTIES, unconfirmed=PARTIES, free=st.integers(0, 4))
def test_those_who_registered_last_go_first_but_for_one_whose_place_would_stay_empty(
    line: list[int], unconfirmed: list[int], free: int
) -> None:
    held = [Held(party) for party in unconfirmed]
    released = whom_to_release([Waiting(turn, party) for turn, party in enumerate(line)], held, free)
    reached = held[: held.index(released[-1]) + 1] if released else []
    spared = [each.party for each in reached if each not in released]
    assert spared in ([], [1])


def test_pair_alone_is_released_where_it_is_enough() -> None:
    single, pair = Held(1), Held(2)
    assert whom_to_release([Waiting(1, 2)], [single, pair], 0) == [pair]
    assert whom_to_release([Waiting(1, 1), Waiting(2, 1)], [single, pair], 0) == [pair]
    assert whom_to_release([Waiting(1, 1)], [single, pair], 0) == [single]
