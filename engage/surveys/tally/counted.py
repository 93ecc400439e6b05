"""What is written of a count: the released groups with their counters, the others by name and reason alone. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engage.surveys.disclosure.banding import band
from engage.surveys.disclosure.groups import EVERYONE, FamilyRule, GroupId
from engage.surveys.disclosure.release import decide
from engage.surveys.groups import Group
from engage.surveys.questionnaires.questionnaire import Questionnaire
from engage.surveys.tally.counting import Counters, Piles, counters, figure, signatures

EVERYONE_TITLE = "Everyone"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the report of a wave is about: whom it asked, in which groups, in order of their worth."""

    questionnaire: Questionnaire
    directory: Mapping[str, Sequence[Group]]
    families: tuple[FamilyRule, ...]
    invited: int
    threshold: int

    @property
    def groups(self) -> tuple[GroupId, ...]:
        return tuple(group for family in self.families for group in family.ids)

    @property
    def invited_by_group(self) -> dict[GroupId, int]:
        """Where it is known: of everyone and of the directory's groups."""
        known = {(family, group.key): group.size for family, groups in self.directory.items() for group in groups}
        return {group: known[group] for group in self.groups if group in known} | {EVERYONE: self.invited}

    @property
    def titles(self) -> dict[GroupId, str]:
        declared = {(each.key, one.key): one.title for each in self.questionnaire.families for one in each.options}
        known = {(family, group.key): group.title for family, groups in self.directory.items() for group in groups}
        return known | declared | {EVERYONE: EVERYONE_TITLE}


def frame(
    questionnaire: Questionnaire,
    directory: Mapping[str, Sequence[Group]],
    order: Sequence[str],
    invited: int,
    threshold: int,
) -> Frame:
    """The families of ``order`` as agreed, then those that are declared and only ever have lines."""
    declared = {family.key: family for family in questionnaire.families}
    lines = [key for key, family in declared.items() if family.level == "organisation" and key not in order]
    rules = [
        FamilyRule(key, tuple(group.key for group in directory[key]), is_partition=True, level="group")
        if key in directory
        else FamilyRule(
            key,
            tuple(option.key for option in declared[key].options),
            is_partition=False,
            level="organisation" if declared[key].level == "organisation" else "group",
        )
        for key in (*order, *lines)
        if key in directory or key in declared
    ]
    return Frame(questionnaire, directory, tuple(rules), invited, threshold)


def counted(framed: Frame, piles: Piles) -> list[dict[str, Any]]:
    """Every group as it is stored (engage.surveys.reports.release says how), everyone first."""
    people = signatures(piles, framed.groups, len(framed.questionnaire.questions))
    decision = decide(people, framed.families, framed.invited_by_group, framed.threshold)
    levels = {group: family.level for family in framed.families for group in family.ids} | {EVERYONE: "group"}
    bits = {group: 1 << place for place, group in enumerate(framed.groups)} | {EVERYONE: 0}
    released = {group: counters(piles, bits[group], framed.questionnaire) for group in decision.released}
    figures = {
        (group, key): figure(counts)
        for group, counter in released.items()
        if levels[group] == "group"
        for key, counts in counter.questions.items()
    }
    bands = band(figures, people, framed.families, framed.threshold) if figures else {}
    rows = []
    for group in (EVERYONE, *framed.groups):
        row = _named(group, framed.titles[group], levels[group], decision.withheld.get(group))
        if group in released:
            row |= {"responded": released[group].responded}
            if levels[group] == "group":
                shown = {key: bands[group, key] for key in released[group].questions}
                row |= {"invited": framed.invited_by_group.get(group)}
                row |= _figures(released[group], shown, framed.threshold)
        rows.append(row)
    return rows


def _named(group: GroupId, title: str, level: str, reason: str | None) -> dict[str, Any]:
    family, key = group
    status = "released" if reason is None else "withheld"
    return {"family": family, "key": key, "title": title, "level": level, "status": status, "reason": reason}


def _figures(counter: Counters, bands: Mapping[str, str | None], threshold: int) -> dict[str, Any]:
    """Of the index nothing where fewer than the threshold answered all of it."""
    index = counter.index if sum(counter.index.values()) >= threshold else {}
    return {
        "index": {str(total): people for total, people in index.items()},
        "questions": {key: _question(counts, bands[key]) for key, counts in counter.questions.items()},
    }


def _question(counts: Sequence[int], banded: str | None) -> dict[str, Any]:
    *answers, na, skipped = counts
    shown = answers if banded is None else None
    return {"counts": shown, "n": sum(answers), "na": na, "skipped": skipped, "band": banded}
