"""The board's PDF before two checkers of PDF/UA-1, and before faults that both must find."""

import io
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import page
import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Object, Pdf, String

from engage.resources import folder
from engage.surveys.reports.export_pdf import as_pdf
from engage.surveys.reports.report import read, trend
from engage.surveys.reports.tables import tables_of
from tests.releases import Sized, content, sealed, two_waves
from tests.tagged import elements, faults, is_a

LONG = "Directorate of everything that has no directorate of its own, and of some that have"
HOSTILE = "<b>More light</b>: =1+1 #panic() $x$ \\ "


@cache
def document() -> bytes:
    return laid_out(*two_waves(comments=[{"question": "better", "text": HOSTILE}]))


def laid_out(*waves: Mapping[str, Any]) -> bytes:
    """The last of the waves as a document."""
    *before, now = map(read, waves)
    points = trend(now, before)
    template = (folder("templates") / "reports" / "report.typ").read_bytes()
    return as_pdf(template, now, points, tables_of(now, points, []), "An organisation")


def of_too_few() -> Mapping[str, Any]:
    """A wave in which fewer answered than the threshold."""
    everyone = {"family": "everyone", "key": "everyone", "title": "Everyone", "status": "withheld"}
    return sealed(content(groups=()) | {"groups": [everyone | {"reason": "below the threshold"}]})


def of_long_words() -> Mapping[str, Any]:
    """A wave with names that take several lines, and a comment that takes most of a page."""
    comments = [{"question": "better", "text": HOSTILE * 300}]
    return content(groups=[Sized("directorate", "long", LONG, 50, 60)], comments=comments)


def validated(file: bytes) -> set[str]:
    """The rules that the validator finds broken."""
    return {failure.rule_id for failure in page.validate_pdf_bytes(file, profile="ua1").failures}


def first(pdf: Pdf, tag: str) -> Object:
    return next(each for each in elements(pdf.Root.StructTreeRoot) if is_a(each, tag))


def font_part(pdf: Pdf, part: str) -> Object:
    return next(each for each in pdf.objects if isinstance(each, Dictionary) and part in each)


def without_title(pdf: Pdf) -> None:
    with pdf.open_metadata() as metadata:
        del metadata["dc:title"]


def without_name(pdf: Pdf) -> None:
    with pdf.open_metadata() as metadata:
        del metadata["pdfuaid:part"]


def with_link(pdf: Pdf) -> None:
    action = Dictionary(S=Name.URI, URI=String("urn:example"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=action)
    pdf.pages[0].obj["/Annots"] = Array([pdf.make_indirect(link)])


def detached(pdf: Pdf) -> None:
    """What is read of it stays on the page, and nobody comes by."""
    del pdf.Root.StructTreeRoot.K[0].K[1]


def painted(content: bytes) -> Callable[[Pdf], None]:
    return lambda pdf: pdf.pages[0].contents_add(content)


def changed(key: str, value: Object | bool, *path: str) -> Callable[[Pdf], None]:
    def plant(pdf: Pdf) -> None:
        place = pdf.Root
        for step in path:
            place = place[step]
        place[key] = value

    return plant


FAULTS: tuple[tuple[str, Callable[[Pdf], object], str, str | None], ...] = (
    ("untagged", changed("/Marked", False, "/MarkInfo"), "not marked as tagged", "TAGGED-DOCUMENT"),
    ("no language", lambda pdf: pdf.Root.__delitem__("/Lang"), "no language", "TEXT-LANGUAGE"),
    ("no title", without_title, "no title", "METADATA-TITLE"),
    (
        "file name shown",
        changed("/DisplayDocTitle", False, "/ViewerPreferences"),
        "the title is not displayed",
        "VIEWER-PREFERENCES",
    ),
    ("nameless", without_name, "does not call itself PDF/UA-1", "ID-PART"),
    (
        "mute figure",
        lambda pdf: first(pdf, "Figure").__delitem__("/Alt"),
        "a figure without words",
        "FIGURE-ALTERNATIVE-TEXT",
    ),
    (
        "skipped heading",
        lambda pdf: first(pdf, "H2").__setitem__("/S", Name.H3),
        "heading 3 after 1",
        "HEADING-NESTING",
    ),
    (
        "short row",
        lambda pdf: first(pdf, "TR").K.__delitem__(0),
        "a table with uneven rows",
        "TABLE-ROW-COLUMNSPAN",
    ),
    (
        "heading as a cell",
        lambda pdf: first(pdf, "TH").__setitem__("/S", Name.TD),
        "a table without headings",
        None,
    ),
    (
        "no scope",
        lambda pdf: first(pdf, "TH").__delitem__("/A"),
        "a heading of a table without its scope",
        None,
    ),
    ("bare paint", painted(b"q 9 9 9 9 re f Q"), "page 1 paints outside any tag", "CONTENT-TAGGING"),
    (
        "unheld paint",
        painted(b"/P <</MCID 9999>> BDC 9 9 9 9 re f EMC"),
        "page 1 has content that no tag holds, or several",
        None,
    ),
    ("lost tag", detached, "page 1 has content that no tag holds, or several", None),
    (
        "no way back",
        lambda pdf: pdf.Root.StructTreeRoot.__delitem__("/ParentTree"),
        "page 1 has content whose tag is not listed",
        None,
    ),
    (
        "font left out",
        lambda pdf: font_part(pdf, "/FontFile3").__delitem__("/FontFile3"),
        "a font that is not embedded",
        "FONT-EMBEDDING",
    ),
    (
        "unknown letters",
        lambda pdf: font_part(pdf, "/ToUnicode").__delitem__("/ToUnicode"),
        "a font whose letters are not known",
        "FONT-UNICODE-MAPPING",
    ),
    ("mute link", with_link, "a link without words", "LINK-CONTENTS"),
    (
        "no tab order",
        lambda pdf: pdf.pages[0].obj.__delitem__("/Tabs"),
        "a page without an order for the tab key",
        None,
    ),
)


@pytest.mark.parametrize(
    "made",
    [document, lambda: laid_out(of_too_few()), lambda: laid_out(of_long_words())],
    ids=["two waves", "few", "long"],
)
def test_two_checkers_find_no_fault_in_a_report(made: Callable[[], bytes]) -> None:
    assert faults(made()) == []
    assert validated(made()) == set()


@pytest.mark.parametrize(("plant", "own", "rule"), [each[1:] for each in FAULTS], ids=[each[0] for each in FAULTS])
def test_a_planted_fault_is_found(plant: Callable[[Pdf], object], own: str, rule: str | None) -> None:
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(document())) as pdf:
        plant(pdf)
        pdf.save(file)
    assert own in faults(file.getvalue())
    assert rule is None or f"PDFUA1-{rule}-001" in validated(file.getvalue())
