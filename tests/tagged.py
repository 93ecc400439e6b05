"""What is wrong with a tagged PDF for those who hear it read: PDF/UA-1, walked page by page and tag by tag."""

import io
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Page, Pdf

PAINTING = frozenset(("Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "sh", "Do", "INLINE IMAGE"))
Held = tuple[tuple[int, int], int]  # a page and the number of a piece of its content


def faults(file: bytes) -> list[str]:
    """One line for each thing that is wrong; none where all is well."""
    with pikepdf.open(io.BytesIO(file)) as pdf:
        tags = list(elements(pdf.Root.get("/StructTreeRoot", Dictionary())))
        found = [*_document(pdf), *_headings(tags), *_texts(tags), *_tables(tags), *_content(pdf, tags), *_fonts(pdf)]
        return [*found, *(fault for page in pdf.pages for fault in _page(page))]


def elements(parent: Object) -> Iterator[Object]:
    """Every tag below that one, in the order in which it is read."""
    for child in _kids(parent):
        if isinstance(child, Dictionary) and "/S" in child:
            yield child
            yield from elements(child)


def is_a(tag: Object, name: str) -> bool:
    return str(tag.S) == f"/{name}"


def _kids(element: Object) -> list[Object | int]:
    kids = element.get("/K")
    return [] if kids is None else list(kids.as_list()) if isinstance(kids, Array) else [kids]


def _document(pdf: Pdf) -> Iterator[str]:
    root = pdf.Root
    marked, shown = root.get("/MarkInfo", Dictionary()), root.get("/ViewerPreferences", Dictionary())
    metadata = pdf.open_metadata()
    for is_there, fault in (
        (bool(marked.get("/Marked")) and not marked.get("/Suspects"), "not marked as tagged"),
        (str(root.get("/Lang", "")), "no language"),
        (metadata.get("dc:title"), "no title"),
        (bool(shown.get("/DisplayDocTitle")), "the title is not displayed"),
        (metadata.get("pdfuaid:part") == "1", "does not call itself PDF/UA-1"),
    ):
        if not is_there:
            yield fault


def _headings(tags: list[Object]) -> Iterator[str]:
    levels = [int(str(tag.S)[2:]) for tag in tags if str(tag.S) in {f"/H{level}" for level in range(1, 7)}]
    for before, level in pairwise([0, *levels]):
        if level > before + 1:
            yield f"heading {level} after {before}"


def _texts(tags: list[Object]) -> Iterator[str]:
    for tag in tags:
        if is_a(tag, "Figure") and not str(tag.get("/Alt", "")):
            yield "a figure without words"


def _tables(tags: list[Object]) -> Iterator[str]:
    for table in (tag for tag in tags if is_a(tag, "Table")):
        rows = [[cell for cell in _kids(row) if isinstance(cell, Dictionary)] for row in _rows(table)]
        if len({len(row) for row in rows}) != 1:
            yield "a table with uneven rows"
        if not rows or any(not is_a(cell, "TH") for cell in rows[0]):
            yield "a table without headings"
        if not all(_scope(cell) for row in rows for cell in row if is_a(cell, "TH")):
            yield "a heading of a table without its scope"


def _rows(table: Object) -> list[Object]:
    return [tag for tag in elements(table) if is_a(tag, "TR")]


def _scope(cell: Object) -> bool:
    given = cell.get("/A", Array())
    return any("/Scope" in each for each in (given.as_list() if isinstance(given, Array) else [given]))


def _content(pdf: Pdf, tags: list[Object]) -> Iterator[str]:
    """What is painted outside any tag, or under one that no reader comes by."""
    held = Counter(each for tag in tags for each in _held(tag))
    owners = _owners(pdf)
    for number, page in enumerate(pdf.pages, start=1):
        numbers, is_bare = _marks(page)
        if is_bare:
            yield f"page {number} paints outside any tag"
        listed = owners.get(int(str(page.obj.get("/StructParents", -1))), 0)
        for mark in numbers:
            if held.pop((page.obj.objgen, mark), 0) != 1:
                yield f"page {number} has content that no tag holds, or several"
            if mark >= listed:
                yield f"page {number} has content whose tag is not listed"
    if held:
        yield "a tag holds what is on no page"


def _owners(pdf: Pdf) -> dict[int, int]:
    """How many pieces of each page's content are listed with their tags."""
    tree = pdf.Root.StructTreeRoot.get("/ParentTree")
    return {} if tree is None else {place: len(owners) for place, owners in pikepdf.NumberTree(tree).items()}


def _held(tag: Object) -> Iterator[Held]:
    for child in _kids(tag):
        if isinstance(child, int):
            yield tag.Pg.objgen, child
        elif isinstance(child, Dictionary) and "/MCID" in child:
            yield (child if "/Pg" in child else tag).Pg.objgen, int(child.MCID)


def _marks(page: Page) -> tuple[set[int], bool]:
    """The numbers of the pieces of a page, and whether something is painted outside them and is no artifact."""
    numbers: set[int] = set()
    around: list[bool] = []  # whether each mark that is open says where its content belongs
    is_bare = False
    for each in pikepdf.parse_content_stream(page):
        given = each.operands
        match str(each.operator):
            case "BDC" | "BMC" as begin:
                own = given[1].get("/MCID") if begin == "BDC" and isinstance(given[1], Dictionary) else None
                numbers |= set() if own is None else {int(own)}
                around.append(own is not None or str(given[0]) == "/Artifact")
            case "EMC":
                around.pop()
            case paints if paints in PAINTING:
                is_bare |= not any(around)
    return numbers, is_bare


def _fonts(pdf: Pdf) -> Iterator[str]:
    for font in (each for each in pdf.objects if isinstance(each, Dictionary) and each.get("/Type") == Name.Font):
        if font.Subtype == Name.Type0 and "/ToUnicode" not in font:
            yield "a font whose letters are not known"
        parts = font.FontDescriptor.keys() if "/FontDescriptor" in font else {"/FontFile"}
        if not any(part.startswith("/FontFile") for part in parts):
            yield "a font that is not embedded"


def _page(page: Page) -> Iterator[str]:
    if page.obj.get("/Tabs") != Name.S:
        yield "a page without an order for the tab key"
    for note in list(page.obj.get("/Annots", Array())):
        if note.get("/Subtype") == Name.Link and not str(note.get("/Contents", "")):
            yield "a link without words"
