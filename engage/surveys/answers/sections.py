"""How the page lays a wave out before one person: the questions in sections, the groups they are counted in. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engage.surveys.questionnaires.questionnaire import Question, Questionnaire
from engage.values import THEMES

OTHER = "Working here as a whole"


@dataclass(frozen=True, slots=True)
class Section:
    """The questions of one theme."""

    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class CountedIn:
    """A group in which the answers are counted; ``is_too_small`` where it can never be shown by itself."""

    title: str
    size: int
    is_too_small: bool


def sections(questionnaire: Questionnaire) -> list[Section]:
    """Questions by theme, in the order in which themes first occur; those of no theme stand together too."""
    names = {theme.key: theme.name for theme in THEMES}
    themes = dict.fromkeys(question.theme for question in questionnaire.questions)
    return [
        Section(
            names.get(theme or "", OTHER),
            tuple(question for question in questionnaire.questions if question.theme == theme),
        )
        for theme in themes
    ]


def counted_in(
    order: Sequence[str], groups: Mapping[str, str], sizes: Mapping[str, int], invited: int, threshold: int
) -> list[CountedIn]:
    """Everyone, then this person's groups of the directory, as far as the wave is counted by their families."""
    named = [("everyone", invited)] + [
        (_named(family, groups[family]), sizes[family]) for family in order if family in groups
    ]
    return [CountedIn(title, size, is_too_small=size < threshold) for title, size in named]


def _named(family: str, title: str) -> str:
    """ "Policy directorate", "grade 6"; a title that says already what it is stays as it is."""
    if family in title.lower():
        return title
    return f"{title} directorate" if family == "directorate" else f"{family} {title}"
