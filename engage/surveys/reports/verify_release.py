#!/usr/bin/env python3
"""Checks files of published results by themselves: their seal, their chain and their arithmetic.

    python3 verify.py FILE.json [FILE.json …]

It needs Python and nothing else, asks no server, and can be read in a few minutes. The last line is ``verified``, or
what differs. The seal is a Merkle tree: its leaves are the SHA-256 of every group (without its ``proof``) and of the
head, each written as canonical JSON (RFC 8785); a node is the SHA-256 of its two children, the smaller first; the last
of an odd row moves up as it is. Each release names the root of the one before.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

HEAD = ("wave", "title", "threshold", "published_at", "certificate", "previous_root")
POINTS = ("1", "2", "3", "4", "5")
POSITIVE = ("4", "5")
BANDS = ("95+", "5-", "withheld")
PREFIX = "sha256:"
SMALLEST, LARGEST = 1e-4, 1e15  # between them Python and JavaScript write a number alike
NOT_A_REPORT = "is not a published report that can be read"

Content = Mapping[str, Any]


def canonical(value: object) -> bytes:
    """JSON as RFC 8785 writes it: keys by UTF-16, no blanks, 61 for 61.0. Raises ValueError for what has no place."""
    return _written(value).encode()


def _written(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Mapping):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(f"{_written(key)}:{_written(value[key])}" for key in keys) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    if value is None or isinstance(value, str | bool | int):
        return json.dumps(value, ensure_ascii=False)
    raise ValueError(f"{value!r} has no place in JSON")


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if not SMALLEST <= abs(value) < LARGEST:  # which is so of what is no number, too
        raise ValueError(f"{value!r} is no number of a report")
    return str(int(value)) if value.is_integer() else repr(value)


def leaf(content: Content) -> str:
    """The hash of one group or head, as "sha256:…"."""
    return PREFIX + sha256(canonical({key: value for key, value in content.items() if key != "proof"})).hexdigest()


def node(one: str, other: str) -> str:
    """The hash of two hashes, the smaller first. Raises ValueError for what is no hash."""
    return PREFIX + sha256(b"".join(sorted((_bytes(one), _bytes(other))))).hexdigest()


def climbed(hashed: str, proof: Iterable[str]) -> str:
    """The root to which a path leads."""
    for sibling in proof:
        hashed = node(hashed, sibling)
    return hashed


def rows(leaves: Sequence[str]) -> list[list[str]]:
    """All rows of the tree, from the leaves to the root alone."""
    found = [list(leaves)]
    while len(row := found[-1]) > 1:
        pairs = [row[place : place + 2] for place in range(0, len(row), 2)]
        found.append([node(*pair) if len(pair) == 2 else pair[0] for pair in pairs])
    return found


def head_of(content: Content) -> dict[str, Any]:
    """What of a report is sealed beside its groups."""
    return {key: content[key] for key in HEAD}


def comments_root(head: Content, comments: Sequence[Content]) -> str:
    """The root of a release of comments: its head, then each comment."""
    return rows([leaf(head), *map(leaf, comments)])[-1][0]


def per_cent(part: int, whole: int) -> int | None:
    """A whole number, half up; None of nothing."""
    return (200 * part + whole) // (2 * whole) if whole else None


def mean(figures: Sequence[int]) -> int | None:
    """The plain mean as a whole number, half up; None of nothing."""
    return (2 * sum(figures) + len(figures)) // (2 * len(figures)) if figures else None


def sections(questionnaire: Content, name: str) -> dict[str, list[str]]:
    """The questions of each theme or value: ``name`` says which."""
    found: dict[str, list[str]] = {}
    for question in questionnaire["questions"]:
        if question[name] is not None:
            found.setdefault(question[name], []).append(question["key"])
    return found


def faults(content: Content) -> list[str]:
    """What differs in one report, each fault naming its place."""
    try:
        return [*_seal(content), *_certificate(content), *_arithmetic(content), *_comments(content)]
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        return [f"{NOT_A_REPORT} ({type(error).__name__}: {error})"]


def _seal(content: Content) -> list[str]:
    sealed = [(name_of(group), leaf(group), group["proof"]) for group in content["groups"]]
    sealed.append(("the head", leaf(head_of(content)), content["head_proof"]))
    amiss = [name for name, hashed, proof in sealed if climbed(hashed, proof) != content["root"]]
    if len(amiss) == len(sealed):
        return ["the root: nothing in the file leads to it, so it was changed, or all else was"]
    names = [name for name, _, _ in sealed]
    twice = [f"{name}: is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    return [f"{name}: does not fit the root, so it or its path was changed" for name in amiss] + twice


def _certificate(content: Content) -> Iterator[str]:
    certificate = content["certificate"]
    if not certificate["spent"] == certificate["opened"] == certificate["counted"] + certificate["damaged"]:
        yield "the certificate: links spent, sheets opened, and sheets counted and damaged are not the same number"
    people = (certificate["counted"], certificate["invited"])
    released = [group for group in content["groups"] if group["status"] == "released"]
    if any((each["responded"], each["invited"]) != people for each in released if each["family"] == "everyone"):
        yield "everyone: not as many people as the certificate says"
    if datetime.fromisoformat(content["published_at"]).utcoffset() is None:
        yield "the head: does not say in which time zone it was published"


def _arithmetic(content: Content) -> Iterator[str]:
    for group in content["groups"]:
        if group["status"] == "released":
            for fault in _in_group(group, content):
                yield f"{name_of(group)}, {fault}"


def _in_group(group: Content, content: Content) -> Iterator[str]:
    if group["responded"] < content["threshold"]:
        yield "responded: is below the threshold"
    if group.get("invited") is not None and group["responded"] > group["invited"]:
        yield "responded: is more than were invited"
    for key, question in group.get("questions", {}).items():
        if fault := _in_question(question, group["responded"]):
            yield f"question {key}: {fault}"
    questionnaire = content.get("questionnaire")
    if questionnaire and "questions" in group:
        yield from _in_sections(group, questionnaire, "theme")
        yield from _in_sections(group, questionnaire, "value")


def _in_question(question: Content, responded: int) -> str | None:
    answers = question["answers"]
    if question["band"] is not None:
        is_hidden = answers is None and question["positive"] is None and question["band"] in BANDS
        return None if is_hidden else "has a band and its figures too"
    if sorted(answers) != list(POINTS) or sum(answers.values()) != question["n"]:
        return "the answers do not sum to n"
    if question["n"] + question["na"] + question["skipped"] != responded:
        return "n, not applicable and skipped do not sum to those who responded"
    if question["positive"] != per_cent(sum(answers[point] for point in POSITIVE), question["n"]):
        return "the per cent positive does not follow from the answers"
    return None


def _in_sections(group: Content, questionnaire: Content, name: str) -> Iterator[str]:
    for key, questions in sections(questionnaire, name).items():
        shown = [group["questions"][each]["positive"] for each in questions]
        if group[f"{name}s"][key]["positive"] != mean([each for each in shown if each is not None]):
            yield f"{name} {key}: is not the mean of its questions"


def _comments(content: Content) -> Iterator[str]:
    root, head, comments = content["comments_root"], content.get("comments_head"), content["comments"]
    if root is None:
        if comments:
            yield "the comments: are there without a seal"
    elif head is None or head["wave"] != content["wave"] or comments_root(head, comments) != root:
        yield "the comments: do not fit their root"


def name_of(group: Content) -> str:
    """How a group is named here: "everyone", "directorate/audit"."""
    return "everyone" if group["family"] == "everyone" else f"{group['family']}/{group['key']}"


def chain_faults(contents: Sequence[Content]) -> list[str]:
    """What differs between reports that are sound by themselves, of one wave or of several."""
    first = {content["wave"]: content for content in reversed(contents)}
    others = {content["wave"] for content in contents if content["root"] != first[content["wave"]]["root"]}
    found = [f"{wave}: two of the files have different roots" for wave in sorted(others)]
    waves = sorted(first.values(), key=lambda content: datetime.fromisoformat(content["published_at"]))
    roots = {root for content in contents for root in (content["root"], content["comments_root"])} - {None}
    first_of_all, *rest = [content["wave"] for content in waves if content["previous_root"] not in roots] or [None]
    return found + [
        f"{wave}: the release before it is not among those given ({first_of_all} is the first of them), "
        "so one of them was changed or one between them is missing"
        for wave in rest
    ]


def read(text: bytes) -> dict[str, Any]:
    """The report in a file. Raises ValueError where a reader could be shown something else than what was checked."""
    content = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    if not isinstance(content, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - of the file, not of this call
    return content


def check(named: Sequence[tuple[str, bytes]], say: Callable[[str], object]) -> list[str]:
    """Check files by name, say what each is, and answer what differs."""
    found: list[str] = []
    sound: list[dict[str, Any]] = []
    for name, text in named:
        try:
            content = read(text)
        except (ValueError, RecursionError) as error:
            found.append(f"{name}: {NOT_A_REPORT} ({error})")
            continue
        amiss = faults(content)
        if not amiss:
            say(f"{name}: {content['wave']}, {len(content['groups'])} groups, root {content['root']}")
            sound.append(content)
        found += [f"{name}: {fault}" for fault in amiss]
    return found + chain_faults(sound)


def main(paths: Sequence[str]) -> int:
    if not paths or "--help" in paths:
        print(__doc__)
        return 2
    try:
        named = [(path, Path(path).read_bytes()) for path in paths]
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    found = check(named, print)
    print(*found or ["verified"], sep="\n")
    return 1 if found else 0


def _bytes(hashed: str) -> bytes:
    if not hashed.startswith(PREFIX) or len(hashed) != len(PREFIX) + 64:
        raise ValueError(f"{hashed!r} is no hash")
    return bytes.fromhex(hashed.removeprefix(PREFIX))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands twice")
    return content


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
