"""Who may say what in a consultation, which objections stand, and which groups could be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engage.surveys.consultations.record import Said, kinds_of, role_title, speaking_roles, standing_objections
from engage.surveys.groups import groups_of
from engage.surveys.questionnaires.questionnaire import Family, Option
from engage.surveys.waves.forecast import forecast

CHAIR = "group_lead:working_group:carers"
ROLES = ("pcs", CHAIR)
entries = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(["objection", "withdrawal", "comment"])))


def test_only_those_who_are_consulted_speak() -> None:
    assert speaking_roles(["organiser", "admin", "trustee", "door"]) == []
    assert speaking_roles([CHAIR, "workforce", "admin", "pcs"]) == ["pcs", CHAIR, "workforce"]


def test_the_workforce_team_answers_and_the_others_comment_and_object() -> None:
    assert kinds_of("workforce", []) == ["answer"]
    assert kinds_of("pcs", []) == ["comment", "objection"]
    assert kinds_of("pcs", [Said("pcs", "objection")]) == ["comment", "withdrawal"]
    assert kinds_of(CHAIR, [Said("pcs", "objection")]) == ["comment", "objection"], "one cannot withdraw another's"


@given(entries)
def test_an_objection_stands_until_its_own_role_withdraws_it(said: list[tuple[str, str]]) -> None:
    last = {role: kind for role, kind in said if kind != "comment"}
    standing = standing_objections([Said(*each) for each in said])
    assert set(standing) == {role for role, kind in last.items() if kind == "objection"}
    assert len(standing) == len(set(standing))


@pytest.mark.parametrize(
    ("role", "title"),
    [("pcs", "PCS"), ("workforce", "Workforce team"), (CHAIR, "Chair of carers (working group)")],
)
def test_roles_are_named_in_words(role: str, title: str) -> None:
    assert role_title(role) == title


def test_forecast_follows_the_order_of_worth_and_is_honest_about_what_nobody_knows() -> None:
    directory = {
        "directorate": groups_of(["Policy"] * 12 + ["Audit"] * 9),
        "grade": groups_of(["6"] * 11 + ["7"] * 10),
    }
    options = (Option("carers", "Carers"), Option("race", "Race equality"))
    families = [
        Family("working_group", "Which groups?", options, "group"),
        Family("about_you", "What is true?", options[:1], "organisation"),
    ]
    working, grade, directorate, about = forecast(["working_group", "grade", "directorate"], directory, families, 10)
    assert (working.is_declared, working.titles, working.groups) == (True, ("Carers", "Race equality"), ())
    assert (grade.possible, grade.has_lone_gap) == (2, False)
    assert [(each.group.key, each.group.size, each.is_possible) for each in directorate.groups] == [
        ("audit", 9, False),
        ("policy", 12, True),
    ]
    assert directorate.has_lone_gap, "what is left of the whole would show the group that is too small"
    assert (about.is_organisation_only, working.is_organisation_only) == (True, False)


@pytest.mark.parametrize(
    ("sizes", "has_gap"), [([4], False), ([4, 4], False), ([4, 5], True), ([5, 5], False), ([1, 2, 9], False)]
)
def test_a_group_that_is_alone_too_small_is_found(sizes: list[int], has_gap: bool) -> None:
    titles = [f"group {number}" for number, size in enumerate(sizes) for _ in range(size)]
    (family,) = forecast(["grade"], {"grade": groups_of(titles)}, [], 5)
    assert family.has_lone_gap is has_gap
