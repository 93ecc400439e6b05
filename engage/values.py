"""The six values and the four themes of a Great Place to Work, by the names that the organisation gives them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """A value or a theme: its key in files, its name, and what it means in one line."""

    key: str
    name: str
    meaning: str


VALUES = (
    Named("leadership", "Leadership", "We back one another, and question one another, so that London becomes safer."),
    Named("contribution", "Contribution", "We put our best into our work and help colleagues to do and grow theirs."),
    Named("innovation", "Innovation", "We try new ways, and let evidence tell us what works and what does not."),
    Named("cooperation", "Cooperation", "We bring people and organisations together, for the good of Londoners."),
    Named("honesty", "Honesty", "We do what is right: ethically, fairly and in the open."),
    Named("respect", "Respect", "We treat people the way that we want to be treated."),
)
THEMES = (
    Named("inclusive-culture", "Inclusive culture", "Everybody belongs, and can be themselves at work."),
    Named("people", "Managing, recognising and developing our people", "Good work is seen, and people can grow."),
    Named("leaders", "Great leaders and managers", "Those who lead set the direction, listen and support."),
    Named("environment", "Healthy working environment", "Work can be done well, and does no harm."),
)
