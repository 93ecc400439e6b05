"""How the page of a wave is laid out, and the groups that it names."""

from engage.surveys.answers.sections import CountedIn, counted_in, sections
from engage.surveys.questionnaires.questionnaire import Question, Questionnaire

GROUPS, SIZES = {"directorate": "Policy", "grade": "6"}, {"directorate": 41, "grade": 9}


def asking(*themes: str | None) -> Questionnaire:
    questions = tuple(Question(f"q{number}", "A statement", theme=theme) for number, theme in enumerate(themes))
    return Questionnaire("gptw", 1, "Our values", questions, (), ())


def test_questions_stand_by_theme_in_the_order_in_which_themes_first_occur() -> None:
    laid = sections(asking("leaders", None, "people", "leaders", None))
    assert [(section.title, [question.key for question in section.questions]) for section in laid] == [
        ("Great leaders and managers", ["q0", "q3"]),
        ("Working here as a whole", ["q1", "q4"]),
        ("Managing, recognising and developing our people", ["q2"]),
    ]


def test_every_question_stands_in_one_section() -> None:
    asked = asking("leaders", None, "a theme that nobody knows", "people")
    assert sorted(question.key for section in sections(asked) for question in section.questions) == [
        "q0",
        "q1",
        "q2",
        "q3",
    ]


def test_groups_are_named_in_order_of_their_worth_with_their_sizes() -> None:
    assert counted_in(["grade", "working_group", "directorate"], GROUPS, SIZES, 243, 10) == [
        CountedIn("everyone", 243, is_too_small=False),
        CountedIn("grade 6", 9, is_too_small=True),
        CountedIn("Policy directorate", 41, is_too_small=False),
    ]


def test_family_that_is_not_counted_by_is_not_named() -> None:
    assert [group.title for group in counted_in([], GROUPS, SIZES, 243, 10)] == ["everyone"]


def test_title_that_says_what_it_is_stays_as_it_is() -> None:
    titled = {"directorate": "Directorate of Audit", "grade": "Grade 7"}
    named = counted_in(["directorate", "grade"], titled, SIZES, 243, 10)
    assert [group.title for group in named] == ["everyone", "Directorate of Audit", "Grade 7"]
