"""The notes that every report carries, in the same words on pages and in files. Pure."""

from engage.surveys.reports.report import Report

NON_RESPONSE = (
    "The margin of error tells how far a figure may lie from that of all staff if it was chance alone who did not "
    "answer. If people with certain views answered less often than others, a figure can be further off than that, and "
    "no calculation can tell how far."
)
POSITIVE = (
    "Per cent positive is the share of those who answered a question with agree or strongly agree. Those who said that "
    "it does not apply to them, and those who left it out, are not in it."
)
MEANS = "Themes and values are the plain mean of their questions as shown."
INDEX = (
    "The engagement index goes from 0 to 100: the mean of five questions, from 0 for strongly disagree to 100 for "
    "strongly agree, over the people who answered all five."
)
CHANGE = (
    "A change is called clear only where it is larger than chance alone would explain, all comparisons of the group "
    "considered, and large enough to matter. Everything else is no clear change."
)
PROTECTION = (
    "A group is shown only where at least {threshold} of its people answered and where nothing that is published, "
    "taken together, tells what fewer than that said. A question on which nearly everybody agreed, or nearly nobody, "
    "is given as a band."
)
SEAL = (
    "Every figure is sealed: the root of the seal stands on the results page, and the script beside it checks the JSON "
    "file against it."
)


def notes_of(report: Report) -> list[str]:
    """What a reader has to know in order to read the figures rightly."""
    return [POSITIVE, MEANS, INDEX, CHANGE, NON_RESPONSE, PROTECTION.format(threshold=report.threshold), SEAL]
