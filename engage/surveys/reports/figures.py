"""The figures of a report and how each is worded, the same on pages and in files. Pure; none is ever computed anew."""

from dataclasses import dataclass

from engage.surveys.questionnaires.questionnaire import Question

BANDS = {"95+": "95% or more", "5-": "5% or less", "withheld": "not shown"}
NOTHING = "no answers"


@dataclass(frozen=True, slots=True)
class Change:
    """Points since the last wave, None where nothing can be compared; ``is_clear`` where it is more than noise."""

    points: float | None = None
    margin: float | None = None
    is_clear: bool = False

    @property
    def words(self) -> str:
        """ "up 4 points", "no clear change", or that there is nothing to compare with."""
        if self.points is None:
            return "not comparable"
        if not self.is_clear:
            return "no clear change"
        size = f"{abs(self.points):g} {'point' if abs(self.points) == 1 else 'points'}"
        return f"{'up' if self.points > 0 else 'down'} {size}"


@dataclass(frozen=True, slots=True)
class Index:
    """The engagement index, 0 to 100, with its margin of error in points."""

    score: float
    margin: float | None
    change: Change

    @property
    def words(self) -> str:
        return f"{self.score:.1f}"

    @property
    def margin_words(self) -> str:
        return "" if self.margin is None else f"plus or minus {self.margin:.1f} points"


@dataclass(frozen=True, slots=True)
class Mean:
    """A value or a theme: the mean of its questions, in per cent positive; None where none of them can be shown."""

    key: str
    name: str
    meaning: str
    positive: int | None
    change: Change

    @property
    def words(self) -> str:
        return "not shown" if self.positive is None else f"{self.positive}%"


@dataclass(frozen=True, slots=True)
class Answers:
    """One question: ``answers`` from 1 to 5, None with ``positive`` where a band stands for them."""

    question: Question
    positive: int | None
    n: int | None
    answers: tuple[int, ...] | None
    na: int | None
    skipped: int | None
    band: str | None
    change: Change

    @property
    def words(self) -> str:
        if self.band is not None:
            return BANDS[self.band]
        return NOTHING if self.positive is None else f"{self.positive}%"

    @property
    def rank(self) -> float | None:
        """What it is sorted by: a band stands at its end, None for what is not shown."""
        if self.band is not None:
            return {"95+": 100.5, "5-": -0.5}.get(self.band)
        return self.positive


@dataclass(frozen=True, slots=True)
class Group:
    """One group; without figures where it is withheld, and with a number alone where it is a line.

    ``is_line`` marks a group of a family that is only ever counted for the whole organisation.
    """

    family: str
    key: str
    title: str
    is_released: bool
    reason: str | None
    is_line: bool = False
    invited: int | None = None
    responded: int | None = None
    index: Index | None = None
    themes: tuple[Mean, ...] = ()
    values: tuple[Mean, ...] = ()
    questions: tuple[Answers, ...] = ()

    @property
    def rate(self) -> int | None:
        """Per cent of the invited who answered, half up; None where nobody knows how many were."""
        if not self.invited or self.responded is None:
            return None
        return (200 * self.responded + self.invited) // (2 * self.invited)

    @property
    def has_figures(self) -> bool:
        return self.is_released and not self.is_line

    @property
    def is_compared(self) -> bool:
        """Whether any of its questions can be compared with an earlier wave."""
        return any(each.change.points is not None for each in self.questions)

    @property
    def audience(self) -> str:
        """The name of those who see it beside the organisation."""
        return f"group:{self.family}:{self.key}"
