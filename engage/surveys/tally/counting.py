"""Opened sheets counted: who belongs where as a signature, and what each group answered. Pure.

A sheet is kept as its signature (the groups of the report to which its person belongs, as bits in their order) and one
byte for each question: 1 to 5, 6 for "not applicable", 0 where it was skipped. 100,000 sheets of 30 questions are 3 MB.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engage.surveys.answers.seal import Damaged, Sheet
from engage.surveys.disclosure.banding import Figure
from engage.surveys.disclosure.groups import GroupId, Signature
from engage.surveys.groups import DIRECTORY_FAMILIES, Group
from engage.surveys.questionnaires.questionnaire import NOT_APPLICABLE, POINTS, Answer, Questionnaire, sheet_faults

SKIPPED, NA = 0, 6
POSITIVE = (4, 5)
CODES: Mapping[Answer | None, int] = {None: SKIPPED, NOT_APPLICABLE: NA, **{point: point for point in POINTS}}
KINDS = frozenset({int, str})  # of an answer: True is no 1, nor is 1.0

Piles = Mapping[int, bytes]  # the answers of the sheets of each signature, one after another


@dataclass(frozen=True)
class Reader:
    """Reads sheets. ``groups`` are those of the report in their order, without everyone; ``directory`` every family."""

    questionnaire: Questionnaire
    directory: Mapping[str, Sequence[Group]]
    groups: tuple[GroupId, ...]

    def read(self, roster: Mapping[str, object], sheet: Sheet) -> tuple[int, bytes]:
        """The signature and the answers of one sheet; ``roster`` are the groups laid before it. Raises Damaged.

        What ``sheet_faults`` finds is damaged, and nothing else; it is asked only once something is known to be wrong.
        """
        given = sheet.answers
        try:
            signature = self._signature(roster, sheet.groups)
            answers = bytes(map(CODES.__getitem__, map(given.get, self._questions)))
        except (KeyError, TypeError):
            signature = None
        if signature is None or not _is_all_of(given, answers):
            raise Damaged("; ".join(sheet_faults(self.questionnaire, given, sheet.groups)) or "unknown groups")
        return signature, answers

    def _signature(self, roster: Mapping[str, object], groups: Mapping[str, Sequence[str]]) -> int | None:
        """None where something is ticked twice, KeyError for a group that nobody can be in, TypeError for no name."""
        bits, signature = self._bits, 0
        for family in DIRECTORY_FAMILIES:
            signature |= bits[family, roster[family]]
        for family, ticked in groups.items():
            if len(set(ticked)) != len(ticked) or family not in self._families:
                return None
            for key in ticked:
                signature |= bits[family, key]
        return signature

    @cached_property
    def _bits(self) -> dict[tuple[str, object], int]:
        """Of the directory's groups by title, of declared ones by key; 0 where the report does not name them."""
        bits: dict[tuple[str, object], int] = {group: 1 << place for place, group in enumerate(self.groups)}
        found: dict[tuple[str, object], int] = {}
        for family, groups in self.directory.items():
            found |= {(family, group.title): bits.get((family, group.key), 0) for group in groups}
        for each in self.questionnaire.families:
            found |= {(each.key, option.key): bits.get((each.key, option.key), 0) for option in each.options}
        return found

    @cached_property
    def _families(self) -> frozenset[str]:
        return frozenset(family.key for family in self.questionnaire.families)

    @cached_property
    def _questions(self) -> tuple[str, ...]:
        return tuple(question.key for question in self.questionnaire.questions)


@dataclass(frozen=True, slots=True)
class Counters:
    """What one group answered.

    ``questions`` have seven numbers each: who chose 1 to 5, "not applicable", and nothing. ``index`` counts the people
    who answered every question of the engagement index by the sum of their answers.
    """

    responded: int
    questions: Mapping[str, tuple[int, ...]]
    index: Mapping[int, int]


def merged(piles: Iterable[Piles]) -> dict[int, bytes]:
    """Piles of several readers as one."""
    found: defaultdict[int, bytearray] = defaultdict(bytearray)
    for each in piles:
        for signature, answers in each.items():
            found[signature] += answers
    return {signature: bytes(answers) for signature, answers in found.items()}


def signatures(piles: Piles, groups: Sequence[GroupId], questions: int) -> dict[Signature, int]:
    """How many people are in which groups together; ``questions`` are as many as were asked."""
    return {
        frozenset(group for place, group in enumerate(groups) if signature >> place & 1): len(answers) // questions
        for signature, answers in piles.items()
    }


def counters(piles: Piles, bit: int, questionnaire: Questionnaire) -> Counters:
    """What the group of that bit answered; 0 stands for everyone."""
    asked = questionnaire.questions
    answers = b"".join(each for signature, each in piles.items() if signature & bit == bit)
    columns = {question.key: answers[place :: len(asked)] for place, question in enumerate(asked)}
    return Counters(
        len(answers) // len(asked),
        {key: tuple(column.count(code) for code in (*POINTS, NA, SKIPPED)) for key, column in columns.items()},
        _index([columns[question.key] for question in asked if question.is_index]),
    )


def figure(counts: Sequence[int]) -> Figure:
    """What disclosure control looks at of one question's numbers."""
    answered = counts[: len(POINTS)]
    return Figure(sum(answered[point - 1] for point in POSITIVE), sum(answered))


def _is_all_of(given: Mapping[str, object], answers: bytes) -> bool:
    """Whether the bytes stand for everything that was given, and for nothing else that looks like it."""
    return len(given) == len(answers) - answers.count(SKIPPED) and KINDS.issuperset(map(type, given.values()))


def _index(columns: Sequence[bytes]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for answers, people in Counter(zip(*columns, strict=True)).items():
        if all(answer in POINTS for answer in answers):
            found[sum(answers)] += people
    return dict(sorted(found.items()))
