"""A form of some of an evening's tables: filled from what is stored or from what was posted, compared, and read.

The form carries a digest of each value that it was made from. So what somebody else changed meanwhile is noticed value
by value: theirs stays where the editor left the field alone, and where both changed it the editor sees both.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from engage.events.console.fields import Field, Posted, Rows, Several, Shown
from engage.events.evenings.editing import Edit, Fault
from engage.files.shapes import LEFT_OUT, Table

MADE_FROM = "made_from"
SPARE_ROWS = 3
SENTENCE = ("must ", "is ", "has ", "does ", "would ")


@dataclass(frozen=True, slots=True)
class Group:
    """Fields of one table: ``part`` names it ("", "slot 1800"), ``table`` is what is stored of it."""

    part: str
    fields: Sequence[Field]
    table: Table
    title: str | None = None
    prefix: str = ""  # of the names of its fields, where the form has several groups


@dataclass(slots=True)
class Bound:
    """One field of the form with what it holds; ``meanwhile`` is what somebody else made of it."""

    kind: Field
    part: str
    name: str
    stored: Shown
    data: Shown
    errors: list[str] = field(default_factory=list)
    meanwhile: Shown | None = None

    @property
    def rows(self) -> list[dict[str, str]]:
        """The rows of a list, and a few more to fill in."""
        rows = list(self.data) if isinstance(self.data, list) else []
        inner = self.kind.fields if isinstance(self.kind, Rows) else ()
        return [*rows, *({each.key: "" for each in inner} for _ in range(SPARE_ROWS))]

    @property
    def is_changed(self) -> bool:
        return self.data != self.stored

    @property
    def first_id(self) -> str:
        """The id of the element that a summary of errors leads to."""
        if isinstance(self.kind, Rows):
            return f"{self.name}-0-{self.kind.fields[0].key}"
        return f"{self.name}-{self.kind.fields[0].key}" if isinstance(self.kind, Several) else self.name


class Sheet:
    """The form; ``known`` stands for what it depends on beside its fields, such as which sittings there are."""

    def __init__(self, groups: Sequence[Group], known: str = "") -> None:
        self.groups = groups
        self.problem: str | None = None
        self._known = known
        self._made_from: Mapping[str, str] | None = None
        self.bound = [
            Bound(each, group.part, group.prefix + each.key, shown, shown)
            for group in groups
            for each in group.fields
            for shown in [each.shown(group.table.get(each.key))]
        ]

    def of(self, group: Group) -> list[Bound]:
        return [each for each in self.bound if each.part == group.part]

    def fill(self, posted: Posted) -> None:
        """Take what was typed, and from what the form was made."""
        for each in self.bound:
            each.data = each.kind.typed(posted, each.name)
        self._made_from = _object(posted.get(MADE_FROM, ""))

    @property
    def made_from(self) -> str:
        """What a form that is shown now carries along."""
        digests = {each.name: _digest(each.stored) for each in self.bound}
        return json.dumps(digests | {"": _digest(self._known)})

    @property
    def changed_meanwhile(self) -> list[Bound]:
        """The fields whose stored value is neither that of which the form was made nor what was typed."""
        made_from = self._made_from or {}
        return [
            each
            for each in self.bound
            if _digest(each.stored) != made_from.get(each.name, "") and each.stored != each.data
        ]

    @property
    def is_stale(self) -> bool:
        """Whether somebody else changed what this form is about since it was made."""
        return self.is_known_changed or bool(self.changed_meanwhile)

    @property
    def is_known_changed(self) -> bool:
        return (self._made_from or {}).get("", "") != _digest(self._known)

    def reconcile(self) -> None:
        """Take over what others changed and the editor left alone; show both where both changed it."""
        made_from = self._made_from or {}
        for each in self.changed_meanwhile:
            if _digest(each.data) == made_from.get(each.name):
                each.data = each.stored
            each.meanwhile = each.stored

    def edit(self) -> Edit:
        """What was typed, as a file says it: only what is not as it is stored, which a form may show less exactly."""
        tables: dict[str, dict[str, Any]] = {group.part: {} for group in self.groups}
        for each in self.bound:
            if each.is_changed or (each.kind.is_required and not each.data):
                tables[each.part][each.kind.key] = each.kind.value(each.data)
        return Edit(tables.get("", {}), _of_kind("slot", tables), _of_kind("vacancy", tables))

    @property
    def table(self) -> dict[str, Any]:
        """All that was typed, as a file says it, of a form that is about one table and nothing that is stored."""
        typed = {each.kind.key: each.kind.value(each.data) for each in self.bound}
        return {key: value for key, value in typed.items() if value is not LEFT_OUT}

    def blame(self, faults: Sequence[Fault]) -> None:
        """Put each fault beside its field; what belongs to none is a problem of the form."""
        for fault in faults:
            found = next((b for b in self.bound if (b.part, b.kind.key) == (fault.part, fault.key)), None)
            if found is not None:
                found.errors.append(_worded(found.kind, fault))
            else:
                self.problem = f"{fault.key.replace('_', ' ').capitalize()}: {fault.message}"

    @property
    def error_summary(self) -> list[dict[str, str]]:
        faults = [{"text": text, "href": f"#{each.first_id}"} for each in self.bound for text in each.errors]
        return [{"text": self.problem}, *faults] if self.problem else faults

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What was typed, as the fields of a form that only asks for confirmation."""
        return [pair for each in self.bound for pair in _pairs(each.name, each.data)]

    @property
    def carried(self) -> str:
        """What the posted form was made from, to be checked once more when it is confirmed."""
        return json.dumps(self._made_from or {})


def _of_kind(kind: str, tables: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {part.removeprefix(f"{kind} "): table for part, table in tables.items() if part.startswith(f"{kind} ")}


def _worded(of: Field, fault: Fault) -> str:
    where = [of.label]
    if fault.row is not None:
        where.append(f"{of.row if isinstance(of, Rows) else 'number'} {fault.row}".lower())
    if fault.inner is not None:
        inner = of.fields if isinstance(of, Rows | Several) else ()
        where.append(next((each.label for each in inner if each.key == fault.inner), fault.inner).lower())
    joint = " " if fault.message.startswith(SENTENCE) else ": "
    return f"{', '.join(where)}{joint}{fault.message}"


def _pairs(name: str, data: Shown) -> list[tuple[str, str]]:
    if isinstance(data, str):
        return [(name, data)]
    tables = {name: data} if isinstance(data, dict) else {f"{name}-{number}": row for number, row in enumerate(data)}
    return [(f"{prefix}-{key}", value) for prefix, table in tables.items() for key, value in table.items()]


def _digest(shown: Shown) -> str:
    return sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def _object(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
