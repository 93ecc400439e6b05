"""How long disclosure control takes: 60 groups in 6 families, against the number of people and how the families lie.

    python -m bench.disclosure [--short] [--seeds 3]

Directorate and grade divide everybody; of the four declared families everybody ticks about one group each. ``apart``:
nothing goes with anything. ``nested``: the grade goes with the directorate but for 3 people in 100, and so does every
second declared group. The figures of 30 questions are banded as well, a few of which almost everybody answers alike.
Seconds are those of the processor, where other work on the machine does not count.
"""

import argparse
import json
import random
from collections import Counter
from itertools import product
from time import process_time

from engage.surveys.disclosure.banding import Figure, band
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId, Signature
from engage.surveys.disclosure.release import PROTECTS_ANOTHER, Decision, decide

THRESHOLD = 10
GOALS = {300: 30, 5_000: 300}  # seconds, by people
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
    """Seconds of the processor for 30 questions, and how many figures are not shown."""
    figures: dict[tuple[GroupId, str], Figure] = {}
    for question in range(30):
        positive: Counter[GroupId] = Counter()
        answered: Counter[GroupId] = Counter()
        for signature, people in signatures.items():
            agreed = sum(chance.random() < (0.94 if question < 6 else 0.6) for _ in range(people))
            for group in signature | {EVERYONE}:
                positive[group], answered[group] = positive[group] + agreed, answered[group] + people
        figures |= {(group, f"q{question}"): Figure(positive[group], answered[group]) for group in decision.released}
    begun = process_time()
    bands = band(figures, signatures, FAMILIES, THRESHOLD)
    return process_time() - begun, sum(each is not None for each in bands.values())


def measure(people: int, is_nested: bool, seed: int) -> dict[str, object]:
    """What may be released of one organisation, and how long that took to find."""
    chance = random.Random(seed)
    signatures = Counter(person(chance, is_nested) for _ in range(people))
    begun = process_time()
    decision = decide(signatures, FAMILIES, {}, THRESHOLD)
    lasted = process_time() - begun
    seconds, banded = banding(chance, decision, signatures)
    return {
        "measurement": "disclosure",
        "people": people,
        "goal_seconds": GOALS[people],
        "families": "nested" if is_nested else "apart",
        "seed": seed,
        "released": len(decision.released),
        "guards": sum(why == PROTECTS_ANOTHER for why in decision.withheld.values()),
        "steps": decision.steps,
        "seconds": round(lasted, 2),
        "banding_seconds": round(seconds, 2),
        "banded": banded,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.disclosure", description=__doc__)
    parser.add_argument("--short", action="store_true", help="the smaller organisation whose families lie apart")
    parser.add_argument("--seeds", type=int, default=3, help="organisations of each kind")
    given = parser.parse_args()
    kinds = [(300, False)] if given.short else list(product(GOALS, (False, True)))
    for (people, is_nested), seed in product(kinds, range(1 if given.short else given.seeds)):
        print(json.dumps(measure(people, is_nested, seed)), flush=True)


if __name__ == "__main__":
    main()
