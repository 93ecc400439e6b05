"""A release put together, from what was counted to the sealed report, and as much of it as an audience sees. Pure.

What was counted of a group, as it is stored: {"family", "key", "title", "level", "status", "reason"}, and for a
released one "invited", "responded", "index" ({sum of a person's answers: people}) and "questions" ({key: {"counts" (1
to 5), "n", "na", "skipped", "band"}}, "counts" None under a band).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from engage.errors import NotFound
from engage.surveys.consultations.record import PCS
from engage.surveys.questionnaires.questionnaire import Questionnaire
from engage.surveys.reports.audiences import GROUP, PUBLIC, SEES_ALL, STAFF
from engage.surveys.reports.merkle import tree
from engage.surveys.reports.scoring import index_margin, index_score
from engage.surveys.reports.verify_release import POINTS, POSITIVE, comments_root, mean, per_cent, sections

NAMED = ("family", "key", "title", "status", "reason")
UNCHANGED: dict[str, Any] = {"change": None, "change_margin": None, "clear": False}
LINE = "organisation"

Content = dict[str, Any]


def group_of(counted: Mapping[str, Any], questionnaire: Questionnaire) -> Content:
    """A group as the report has it, with no change since an earlier wave yet."""
    group = {name: counted[name] for name in NAMED}
    if counted["level"] == LINE:
        group["level"] = LINE
    if counted["status"] != "released":
        return group
    if counted["level"] == LINE:
        return group | {"responded": counted["responded"]}
    questions = {key: _question(each) for key, each in counted["questions"].items()}
    return group | {
        "invited": counted["invited"],
        "responded": counted["responded"],
        "index": _index(counted, questionnaire),
        "themes": _means(questions, questionnaire, "theme"),
        "values": _means(questions, questionnaire, "value"),
        "questions": questions,
    }


def sealed(head: Mapping[str, Any], groups: Sequence[Content], questionnaire: Questionnaire) -> Content:
    """The whole report: every group and the head with its path to the root."""
    grown = tree([*groups, head])
    *proofs, head_proof = map(list, grown.proofs)
    return {
        **head,
        "audience": PCS,
        "root": grown.root,
        "head_proof": head_proof,
        "groups": [group | {"proof": proof} for group, proof in zip(groups, proofs, strict=True)],
        "comments": [],
        "comments_root": None,
        "comments_head": None,
        "actions": [],
        "questionnaire": described(questionnaire),
    }


def described(questionnaire: Questionnaire) -> Content:
    """What a reader of the report needs of the questionnaire; it is not sealed."""
    return {
        "questions": [asdict(question) for question in questionnaire.questions],
        "comments": [asdict(comment) for comment in questionnaire.comments],
        "families": [{"key": family.key, "text": family.text} for family in questionnaire.families],
    }


def commented(head: Content, comments: Sequence[Content]) -> Content:
    """A release of comments: {"wave", "published_at", "previous_root"}, the comments and their root."""
    return {**head, "comments": list(comments), "root": comments_root(head, comments)}


def with_comments(content: Content, released: Mapping[str, Any] | None) -> Content:
    """A report with the comments that were released since, if any were."""
    if released is None:
        return content
    return content | {
        "comments": released["comments"],
        "comments_root": released["root"],
        "comments_head": _comments_head(released),
    }


def root_of_comments(released: Mapping[str, Any]) -> str:
    """The root that a release of comments ought to have."""
    return comments_root(_comments_head(released), released["comments"])


def scope(content: Content, audience: str) -> Content:
    """As much of the report as the audience sees; its paths stay good. Raises NotFound for a group that it has not.

    Workforce and PCS see every group and the names of the withheld ones, staff and public the organisation, a group's
    lead that group beside the organisation.
    """
    if audience in SEES_ALL:
        return content | {"audience": audience}
    groups = [group for group in content["groups"] if _is_of_organisation(group) or _is_of(group, audience)]
    if audience not in (STAFF, PUBLIC) and not any(_is_of(group, audience) for group in groups):
        raise NotFound("There is no such report of this survey.")
    return content | {"audience": audience, "groups": groups}


def worded(now: datetime, zone: ZoneInfo) -> str:
    """An instant as reports write it."""
    return now.astimezone(zone).isoformat(timespec="seconds")


def _is_of_organisation(group: Content) -> bool:
    return bool(group["family"] == "everyone" or (group.get("level") == LINE and group["status"] == "released"))


def _is_of(group: Content, audience: str) -> bool:
    return group.get("level") != LINE and audience == f"{GROUP}{group['family']}:{group['key']}"


def _comments_head(released: Mapping[str, Any]) -> Content:
    return {name: each for name, each in released.items() if name not in ("comments", "root")}


def _question(counted: Mapping[str, Any]) -> Content:
    counts = counted["counts"]
    answers = None if counts is None else dict(zip(POINTS, counts, strict=True))
    positive = None if answers is None else per_cent(sum(answers[point] for point in POSITIVE), counted["n"])
    kept = {name: counted[name] for name in ("n", "na", "skipped", "band")}
    return {"positive": positive, "answers": answers} | kept | UNCHANGED


def _index(counted: Mapping[str, Any], questionnaire: Questionnaire) -> Content | None:
    asked = sum(question.is_index for question in questionnaire.questions)
    index = {int(total): people for total, people in counted["index"].items()}
    if (score := index_score(index, asked)) is None:
        return None
    return {"score": score, "margin": index_margin(index, asked, counted["invited"])} | UNCHANGED


def _means(questions: Mapping[str, Content], questionnaire: Questionnaire, name: str) -> Content:
    """The plain mean of what is shown of the questions of each theme or value."""
    found = {}
    for key, members in sections(described(questionnaire), name).items():
        shown = [questions[each]["positive"] for each in members]
        found[key] = {"positive": mean([each for each in shown if each is not None])} | UNCHANGED
    return found
