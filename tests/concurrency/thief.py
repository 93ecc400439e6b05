"""A thief who tries to tell whose answers are whose: he lays people and rows in every order that he can find.

Of n people, an order of theirs that has nothing to do with an order of the rows gives ``deviations`` of mean 0 and
variance 1, whatever the two orders are, for rows are keyed by chance (the permutation test of rank correlation). Two
equal orders give the root of n - 1.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LONG_ENOUGH = 8  # bytes of a value that two rows do not have alike by chance


@dataclass(frozen=True, slots=True)
class Trial:
    """One attempt: by what he took the people and the rows, how well they went together, and how many he got right."""

    name: str
    deviations: float
    hits: int


Features = Mapping[str, Mapping[Any, Any]]  # by name: of each person, or of each row, something that can be ordered


def features(things: Mapping[Any, Mapping[str, Any]]) -> dict[str, dict[Any, Any]]:
    """Everything that is known of all of them, and that differs."""
    names = set.intersection(*(set(known) for known in things.values())) if things else set()
    found = {name: {thing: _sortable(known[name]) for thing, known in things.items()} for name in sorted(names)}
    return {name: values for name, values in found.items() if len(set(values.values())) > 1}


def trials(people: Features, rows: Features, truth: Mapping[Any, Any], days: Sequence[set[Any]]) -> Iterator[Trial]:
    """Every order of people against every order of rows, within each day; ``truth`` gives each person's row."""
    for how, persons in people.items():
        for what, things in rows.items():
            yield _trial(f"{how} × {what}", persons, things, truth, days)


def _trial(
    name: str,
    persons: Mapping[Any, Any],
    things: Mapping[Any, Any],
    truth: Mapping[Any, Any],
    days: Sequence[set[Any]],
) -> Trial:
    together = variance = 0.0
    hits = 0
    for day in days:
        known = [person for person in day if person in persons and truth[person] in things]
        if len(known) < 2:
            continue
        left = _ranks([persons[person] for person in known])
        right = _ranks([things[truth[person]] for person in known])
        together += sum(one * other for one, other in zip(left, right, strict=True))
        squares = [sum(rank * rank for rank in ranks) for ranks in (left, right)]
        variance += squares[0] * squares[1] / (len(known) - 1)
        guessed = sorted(known, key=lambda person: (persons[person], str(person)))
        offered = sorted((truth[person] for person in known), key=lambda row: (things[row], row))
        hits += sum(truth[person] == row for person, row in zip(guessed, offered, strict=True))
    return Trial(name, together / math.sqrt(variance) if variance else 0.0, hits)


def _ranks(values: Sequence[Any]) -> list[float]:
    """How far each stands from the middle; what is alike stands alike."""
    order = {value: place for place, value in enumerate(sorted(set(values)))}
    mean = sum(order[value] for value in values) / len(values)
    return [order[value] - mean for value in values]


def _sortable(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool | int | float):
        return ("number", value)
    return (type(value).__name__, value if isinstance(value, bytes | tuple) else str(value))


def shared(people: Mapping[str, Mapping[str, Any]], rows: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    """Whose row it is because the same long value stands with one person alone and with one row alone."""
    persons, things = _owners(people), _owners(rows)
    return {persons[value]: things[value] for value in persons.keys() & things.keys()}


def _owners(things: Mapping[Any, Mapping[str, Any]]) -> dict[str, Any]:
    found: defaultdict[str, set[Any]] = defaultdict(set)
    for thing, known in things.items():
        for value in known.values():
            if isinstance(value, str | bytes) and len(value) >= LONG_ENOUGH:
                found[value.hex() if isinstance(value, bytes) else value].add(thing)
    return {value: next(iter(owners)) for value, owners in found.items() if len(owners) == 1}


def mentions(log: str, people: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The order in which a log first speaks of them by one of their names or numbers, where it speaks of all."""
    words: dict[str, int] = {}
    for place, word in enumerate(log.replace("=", " ").split()):
        words.setdefault(word, place)
    found: dict[str, dict[str, Any]] = {}
    for name in _common(people.values()):
        said = {person: words.get(str(known[name])) for person, known in people.items()}
        if None not in said.values():
            found[f"log by {name}"] = {person: ("number", place) for person, place in said.items()}
    return found


def _common(things: Iterable[Mapping[str, Any]]) -> list[str]:
    names = [set(known) for known in things]
    return sorted(set.intersection(*names)) if names else []
