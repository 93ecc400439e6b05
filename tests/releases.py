"""Published waves to read from: contents that obey the contract, written as releases of one chain."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from engage.resources import folder
from engage.surveys.models import Questionnaire, Wave
from engage.surveys.reports.merkle import tree
from engage.surveys.reports.report_models import Release
from engage.surveys.reports.verify_release import head_of, mean, per_cent

PUBLISHED_AT = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
FILE = tomllib.loads((folder("examples") / "gptw.toml").read_text())["questionnaire"][0]
QUESTIONS: list[dict[str, Any]] = [
    {
        "key": each["key"],
        "text": each["text"],
        "value": each.get("value"),
        "theme": each.get("theme"),
        "is_index": each.get("index", False),
    }
    for each in FILE["question"]
]
THEMES = ("inclusive-culture", "people", "leaders", "environment")
VALUES = ("leadership", "contribution", "innovation", "cooperation", "honesty", "respect")


@dataclass(frozen=True, slots=True)
class Sized:
    """A group to release: ``lift`` moves its answers by that many hundredths, for better or worse."""

    family: str
    key: str
    title: str
    responded: int
    invited: int | None = None
    lift: int = 0


GROUPS = (
    Sized("directorate", "policy", "Policy", 84, 97, lift=4),
    Sized("directorate", "commissioning", "Commissioning", 61, 80, lift=-9),
    Sized("grade", "grade-6", "Grade 6", 118, 140),
    Sized("working_group", "carers", "Carers", 22, lift=-3),
)
WITHHELD = (
    ("directorate", "audit", "Audit", "below the threshold"),
    ("grade", "grade-7", "Grade 7", "protects another group"),
)


def counts(responded: int, number: int, lift: int) -> dict[str, Any]:
    """One question's figures: more or less positive by its number."""
    na, skipped = min(number % 3, responded), 0
    n = responded - na
    agree = max(0, min(n, n * (38 + number * 11 % 50 + lift) // 100))
    strongly, rest = agree // 3, n - agree
    neither, against = rest // 2, rest - rest // 2
    answers = [against // 3, against - against // 3, neither, agree - strongly, strongly]
    return {
        "positive": per_cent(agree, n),
        "n": n,
        "answers": {str(point): count for point, count in enumerate(answers, start=1)},
        "na": na,
        "skipped": skipped,
        "band": None,
    }


def figures(group: Sized, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """A released group, with its changes against what it was before."""
    questions = {each["key"]: counts(group.responded, number, group.lift) for number, each in enumerate(QUESTIONS)}
    for number, (key, each) in enumerate(questions.items()):
        each.update(
            _change(
                each["positive"], before["questions"][key]["positive"] if before else None, is_clear=number in (1, 9)
            )
        )
    score = round(50 + group.lift / 2 + group.responded % 7, 1)
    change = None if before is None else round(score - before["index"]["score"], 1)
    return {
        "family": group.family,
        "key": group.key,
        "title": group.title,
        "status": "released",
        "reason": None,
        "invited": group.invited,
        "responded": group.responded,
        "index": {
            "score": score,
            "margin": 2.1,
            "change": change,
            "change_margin": None if change is None else 3.0,
            "clear": False,
        },
        "themes": {key: _mean(questions, "theme", key, before and before["themes"][key]) for key in THEMES},
        "values": {key: _mean(questions, "value", key, before and before["values"][key]) for key in VALUES},
        "questions": questions,
    }


def content(
    key: str = "2027-spring",
    *,
    responded: int = 201,
    lift: int = 0,
    groups: Sequence[Sized] = GROUPS,
    earlier: Mapping[str, Any] | None = None,
    published_at: datetime = PUBLISHED_AT,
    **changed: Any,
) -> dict[str, Any]:
    """The widest audience's JSON of a wave, compared with the earlier content where there is one."""
    invited = responded * 6 // 5
    all_groups = (Sized("everyone", "everyone", "Everyone", responded, invited, lift), *groups)
    old = {(each["family"], each["key"]): each for each in earlier["groups"] if "index" in each} if earlier else {}
    withheld = [
        {"family": family, "key": name, "title": title, "status": "withheld", "reason": reason}
        for family, name, title, reason in WITHHELD
    ]
    line = {"family": "about_you", "key": "part-time", "title": "I work part time", "status": "released"}
    head = {
        "wave": key,
        "title": f"Pulse survey {key}",
        "audience": "pcs",
        "threshold": 10,
        "published_at": published_at.isoformat(),
        "previous_root": earlier["root"] if earlier else None,
        "certificate": {
            "invited": invited,
            "spent": responded,
            "opened": responded,
            "counted": responded,
            "damaged": 0,
        },
    }
    shown = [
        *(figures(each, old.get((each.family, each.key))) for each in all_groups),
        *withheld,
        line | {"reason": None, "responded": 31, "level": "organisation"},
    ]
    rest: dict[str, Any] = {
        "comments_root": None,
        "comments": [],
        "actions": [],
        "questionnaire": {
            "questions": QUESTIONS,
            "families": [{"key": each["key"], "text": each["text"]} for each in FILE["family"]],
        },
    }
    return sealed(head | {"groups": shown} | rest | changed)


def sealed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The content with its root and its paths, whatever was changed in it."""
    seal = tree([*given["groups"], head_of(given)])
    *proofs, head_proof = map(list, seal.proofs)
    groups = [group | {"proof": proof} for group, proof in zip(given["groups"], proofs, strict=True)]
    return dict(given) | {"groups": groups, "root": seal.root, "head_proof": head_proof}


def two_waves(**changed: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two waves of one questionnaire, half a year apart."""
    first = content("2026-autumn", responded=190, lift=-2, published_at=PUBLISHED_AT - timedelta(days=182))
    return first, content(earlier=first, **changed)


async def publish(session: AsyncSession, given: Mapping[str, Any], **changed: Any) -> Wave:
    """A published wave with that content, as publishing leaves it."""
    questionnaire = Questionnaire(
        key=f"gptw-{given['wave']}",
        version=1,
        title="A Great Place to Work",
        is_frozen=True,
        content=given["questionnaire"] | {"comments": [], "families": []},
    )
    session.add(questionnaire)
    await session.flush()
    published_at = datetime.fromisoformat(given["published_at"])
    columns: dict[str, Any] = {
        "key": given["wave"],
        "title": given["title"],
        "questionnaire_id": questionnaire.id,
        "status": "published",
        "opens_at": published_at - timedelta(days=49),
        "opened_at": published_at - timedelta(days=49),
        "closes_at": published_at - timedelta(days=31),
        "invited": given["certificate"]["invited"],
        "is_public": True,
    }
    wave = Wave(**columns | changed)
    session.add(wave)
    await session.flush()
    session.add(
        Release(
            wave_id=wave.id,
            kind="results",
            root=given["root"],
            previous_root=given["previous_root"] or "",
            published_at=published_at,
            content=dict(given),
        )
    )
    await session.flush()
    return wave


def _change(now: int | None, before: int | None, *, is_clear: bool = False) -> dict[str, Any]:
    if now is None or before is None:
        return {"change": None, "clear": False}
    return {"change": now - before, "clear": is_clear and now != before}


def _mean(questions: Mapping[str, Any], part: str, key: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
    shown = [
        questions[each["key"]]["positive"]
        for each in QUESTIONS
        if each[part] == key and questions[each["key"]]["positive"] is not None
    ]
    positive = mean(shown)
    return {"positive": positive} | _change(positive, before["positive"] if before else None)
