"""Published files checked by themselves: what is sound passes, and whatever is changed is named."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.reports import verify_release
from engage.surveys.reports.merkle import tree
from engage.surveys.reports.release import commented, scope, with_comments
from engage.surveys.reports.verify_release import canonical, chain_faults, climbed, faults, head_of, leaf, read
from tests.releases import content, sealed, two_waves

Change = Callable[[dict[str, Any]], Any]
FIRST, SECOND = two_waves()
LATER = datetime.fromisoformat("2027-07-12T09:00:00+01:00")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (61.0, "61"),
        (61.2, "61.2"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (100.0, "100"),
        (7, "7"),
        (True, "true"),
        (None, "null"),
        ({"b": [1, {}], "a": "x"}, '{"a":"x","b":[1,{}]}'),
        ({"\ufb33": 1, "\U0001f600": 2, "\u00f6": 3}, '{"\u00f6":3,"\U0001f600":2,"\ufb33":1}'),  # by UTF-16
        ('\u20ac$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\u2028\u007f", '"\u2028\u007f"'),
    ],
    ids=str,
)
def test_canonical_json_is_that_of_the_rfc(value: object, written: str) -> None:
    assert canonical(value) == written.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e21, 1e-7, {"a": {1}}, "\ud800"], ids=repr)
def test_canonical_json_refuses_what_others_would_write_otherwise(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        canonical(value)


@given(st.lists(st.integers(), min_size=1, max_size=40))
def test_every_leaf_of_a_tree_leads_to_its_root_and_no_other_does(numbers: list[int]) -> None:
    leaves = [{"n": number} for number in numbers]
    grown = tree(leaves)
    assert len(grown.proofs) == len(leaves)
    for each, proof in zip(leaves, grown.proofs, strict=True):
        assert climbed(leaf(each), proof) == grown.root
        assert climbed(leaf({"n": each["n"] + 1}), proof) != grown.root


def test_root_of_three_leaves_by_hand() -> None:
    one, two, three = (sha256(f'{{"n":{number}}}'.encode()).digest() for number in (1, 2, 3))
    pair = sha256(min(one, two) + max(one, two)).digest()
    root = sha256(min(pair, three) + max(pair, three)).hexdigest()
    grown = tree([{"n": 1}, {"n": 2, "proof": ["is no part of a leaf"]}, {"n": 3}])
    assert grown.root == f"sha256:{root}"
    assert [len(proof) for proof in grown.proofs] == [2, 2, 1]


@pytest.mark.parametrize("audience", ["pcs", "workforce", "staff", "public", "group:directorate:policy"])
def test_file_of_every_audience_is_sound_by_itself(audience: str) -> None:
    assert faults(read(json.dumps(scope(SECOND, audience)).encode())) == []


def policy(changed: dict[str, Any]) -> dict[str, Any]:
    group: dict[str, Any] = next(each for each in changed["groups"] if each["key"] == "policy")
    return group


def first_question(changed: dict[str, Any]) -> dict[str, Any]:
    questions = policy(changed)["questions"]
    question: dict[str, Any] = questions[next(iter(questions))]
    return question


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: first_question(c).update(positive=99), "directorate/policy: does not fit the root"),
        (lambda c: policy(c)["proof"].reverse(), "directorate/policy: does not fit the root"),
        (lambda c: policy(c).update(note="x"), "directorate/policy: does not fit the root"),
        (lambda c: c["certificate"].update(invited=1), "the head: does not fit the root"),
        (lambda c: c.update(previous_root=None), "the head: does not fit the root"),
        (lambda c: c.update(root="sha256:" + "0" * 64), "the root: nothing in the file leads to it"),
        (lambda c: c["groups"].append(policy(c)), "directorate/policy: is there twice"),
        (lambda c: c.pop("head_proof"), "is not a published report"),
        (lambda c: c.update(groups=3), "is not a published report"),
        (lambda c: policy(c).update(proof=["sha256:x"]), "is not a published report"),
        (lambda c: c.update(comments=[{"question": "better", "text": "Light"}]), "the comments: are there without"),
    ],
)
def test_whatever_is_changed_is_named(change: Change, named: str) -> None:
    changed = copy.deepcopy(SECOND)
    change(changed)
    found = faults(changed)
    assert found
    assert found[0].startswith(named)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda c: first_question(c).update(positive=99), "the per cent positive does not follow"),
        (lambda c: first_question(c)["answers"].update({"3": 0}), "the answers do not sum to n"),
        (lambda c: first_question(c).update(skipped=50), "do not sum to those who responded"),
        (lambda c: first_question(c).update(band="95+"), "has a band and its figures too"),
        (lambda c: policy(c)["themes"]["people"].update(positive=1), "theme people: is not the mean of its questions"),
        (lambda c: policy(c).update(responded=3), "responded: is below the threshold"),
        (lambda c: policy(c).update(invited=12), "responded: is more than were invited"),
        (lambda c: c["certificate"].update(spent=1), "the certificate: links spent"),
        (lambda c: c["certificate"].update(invited=900), "everyone: not as many people"),
        (lambda c: c.update(published_at="2027-01-11T09:00:00"), "in which time zone"),
    ],
)
def test_whoever_seals_wrong_figures_is_found_by_their_arithmetic(change: Change, named: str) -> None:
    changed = copy.deepcopy(SECOND)
    change(changed)
    assert any(named in fault for fault in faults(sealed(changed)))


def test_waves_of_one_chain_fit_and_a_changed_or_missing_one_is_named() -> None:
    third = content("2027-autumn", earlier=SECOND, published_at=LATER)
    assert chain_faults([third, FIRST, SECOND]) == []
    assert chain_faults([SECOND]) == []
    (fault,) = chain_faults([FIRST, third])
    assert fault.startswith("2027-autumn: the release before it is not among those given (2026-autumn is the first")
    other = sealed(FIRST | {"title": "Another"})
    assert chain_faults([other, SECOND])[0].startswith("2027-spring: the release before it is not among those given")
    assert chain_faults([FIRST, other]) == ["2026-autumn: two of the files have different roots"]


def test_comments_are_sealed_and_stand_between_two_waves() -> None:
    head = {"wave": SECOND["wave"], "published_at": "2027-02-01T09:00:00+00:00", "previous_root": SECOND["root"]}
    released = commented(head, [{"question": "better", "text": "Light"}, {"question": "better", "text": "Light"}])
    filled = with_comments(SECOND, released)
    assert faults(filled) == []
    assert head_of(filled) == head_of(SECOND)
    third = content("2027-autumn", earlier={**SECOND, "root": released["root"]}, published_at=LATER)
    assert chain_faults([FIRST, filled, third]) == []
    assert chain_faults([FIRST, SECOND, third]) != []
    for change in ({"comments": filled["comments"][:1]}, {"comments_head": None}):
        assert faults(filled | change) == ["the comments: do not fit their root"]


@pytest.mark.parametrize("text", [b"[1]", b"{", b'{"wave": 1, "wave": 2}', b'{"a": NaN}', b"\xff"], ids=repr)
def test_file_that_could_be_read_in_two_ways_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        read(text)


def test_script_runs_by_itself_and_its_last_line_says_what_differs(tmp_path: Any) -> None:
    def run(*names: str) -> tuple[int, list[str]]:
        command = [sys.executable, "-I", "-S", verify_release.__file__, *names]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert "Traceback" not in ran.stderr
        return ran.returncode, (ran.stdout + ran.stderr).splitlines()

    changed = copy.deepcopy(SECOND)
    first_question(changed)["n"] += 1
    for name, each in {"first.json": FIRST, "second.json": SECOND, "changed.json": changed}.items():
        (tmp_path / name).write_text(json.dumps(each))
    code, lines = run("first.json", "second.json")
    assert (code, lines[-1], len(lines)) == (0, "verified", 3)
    code, lines = run("first.json", "changed.json")
    assert code == 1
    assert lines[-2].startswith("changed.json: directorate/policy: does not fit the root")
    assert lines[-1].startswith("changed.json: directorate/policy, question")
    assert run("none.json") == (1, ["none.json: No such file or directory"])
    assert run()[0] == 2
