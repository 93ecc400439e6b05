"""How long disclosure control takes: 60 groups in 6 families, against the number of people and how the families lie.

    python -m bench.disclosure [--seeds 3]

Directorate and grade divide everybody; of the four declared families everybody ticks about one group each. ``apart``:
nothing goes with anything. ``nested``: the grade goes with the directorate but for 3 people in 100, and so does every
second declared group. The figures of 30 questions are banded as well, a few of which almost everybody answers alike.
"""

import argparse
import random
from collections import Counter
from time import perf_counter

from engage.surveys.disclosure.banding import Figure, band
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature
from engage.surveys.disclosure.release import PROTECTS_ANOTHER, Decision, decide

THRESHOLD = 10
PARTITIONS = ("directorate", "grade")
DECLARED = ("network", "site", "profession", "forum")
FAMILIES = [
    FamilyRule(key, tuple(f"{key}-{number}" for number in range(10)), is_partition=key in PARTITIONS, level="group")
    for key in (*PARTITIONS, *DECLARED)
]


def person(chance: random.Random, is_nested: bool) -> Signature:
    """The groups of one person."""
    at = min(chance.randrange(10), chance.randrange(14))
    grade = at if is_nested and chance.random() < 0.97 else chance.randrange(10)
    groups: list[GroupId] = [("directorate", f"directorate-{at}"), ("grade", f"grade-{grade}")]
    for key in DECLARED:
        for number in range(10):
            likely = 0.1 if not is_nested or number % 2 else 0.95 if number == at else 0.005
            if chance.random() < likely:
                groups.append((key, f"{key}-{number}"))
    return frozenset(groups)


def banding(chance: random.Random, decision: Decision, signatures: Counter[Signature]) -> tuple[float, int]:
    """Seconds for 30 questions, and how many figures are not shown."""
    figures: dict[tuple[GroupId, str], Figure] = {}
    for question in range(30):
        positive: Counter[GroupId] = Counter()
        answered: Counter[GroupId] = Counter()
        for signature, people in signatures.items():
            agreed = sum(chance.random() < (0.94 if question < 6 else 0.6) for _ in range(people))
            for group in signature | {EVERYONE}:
                positive[group], answered[group] = positive[group] + agreed, answered[group] + people
        figures |= {(group, f"q{question}"): Figure(positive[group], answered[group]) for group in decision.released}
    begun = perf_counter()
    bands = band(figures, signatures, FAMILIES, THRESHOLD)
    return perf_counter() - begun, sum(each is not None for each in bands.values())


def main(seeds: int) -> None:
    """Print one line for each organisation."""
    print(
        f"{'people':>6} {'families':>8} {'released':>8} {'guards':>6} {'steps':>9} {'seconds':>7} {'banding':>7} banded"
    )
    for people in (300, 5_000):
        for is_nested in (False, True):
            for seed in range(seeds):
                chance = random.Random(seed)
                signatures = Counter(person(chance, is_nested) for _ in range(people))
                begun = perf_counter()
                decision = decide(signatures, FAMILIES, {}, THRESHOLD)
                lasted = perf_counter() - begun
                guarding = sum(why == PROTECTS_ANOTHER for why in decision.withheld.values())
                seconds, banded = banding(chance, decision, signatures)
                print(
                    f"{people:6,} {'nested' if is_nested else 'apart':>8} {len(decision.released):8} {guarding:6}"
                    f" {decision.steps:9,} {lasted:7.2f} {seconds:7.2f} {banded:6}",
                    flush=True,
                )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.disclosure", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="organisations of each kind")
    main(parser.parse_args().seeds)
