"""The files of a report: the same figures, root and notes in each; the spreadsheet and the PDF accessible."""

import asyncio
import csv
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from engage.cli import main
from engage.settings import Settings
from engage.surveys.reports.verify_release import check
from tests.reading import publish_two, sign_in
from tests.site import Site, on_sqlite
from tests.tagged import faults

pytestmark = on_sqlite

REPORT = "/reports/2027-spring"
ODF = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "config": "urn:oasis:names:tc:opendocument:xmlns:config:1.0",
}
Sheets = dict[str, list[list[str]]]


async def fetch(site: Site, form: str) -> bytes:
    answer = await site.browser.get(f"{REPORT}.{form}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == f'attachment; filename="2027-spring-pcs.{form}"'
    return answer.content


def part(file: bytes, name: str) -> ET.Element:
    """A part of a spreadsheet's package."""
    return ET.fromstring(zipfile.ZipFile(io.BytesIO(file)).read(name))


def sheets_of(file: bytes) -> Sheets:
    """A spreadsheet's sheets by name, each row as the texts of its cells."""
    return {
        str(sheet.get(f"{{{ODF['table']}}}name")): [
            ["\n".join("".join(p.itertext()) for p in cell.findall("text:p", ODF)) for cell in row]
            for row in sheet.findall("table:table-row", ODF)
        ]
        for sheet in part(file, "content.xml").iterfind(".//table:table", ODF)
    }


def tables_in_csv(file: bytes) -> Sheets:
    """The same of a CSV file, without the cells that are not its table's."""
    found: Sheets = {}
    for row in csv.DictReader(io.StringIO(file.decode("utf-8-sig"))):
        found.setdefault(row.pop("Table"), []).append([cell for cell in row.values() if cell])
    return found


def figures(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Every released figure of a question: group, question, per cent positive."""
    released = [group for group in content["groups"] if "questions" in group]
    return [
        (group["title"], key, str(each["positive"])) for group in released for key, each in group["questions"].items()
    ]


async def test_every_format_has_the_same_figures_root_and_notes(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "pcs")
    content = json.loads(await fetch(site, "json"))
    sheets, tables = sheets_of(await fetch(site, "ods")), tables_in_csv(await fetch(site, "csv"))
    assert figures(content) == [(row[1], row[2], row[4]) for row in sheets["Questions"][3:]]
    assert {name: sorted(map(sorted, rows[3:])) for name, rows in sheets.items()} == {
        name: sorted(map(sorted, rows)) for name, rows in tables.items()
    }
    assert ["Root of the seal", content["root"]] in sheets["About"]
    assert "chance alone who did not answer" in str(sheets["Notes"])
    assert [row[1:4] for row in sheets["Response and index"][3:] if row[2] == "withheld"] == [
        ["Audit", "withheld", "below the threshold"],
        ["Grade 7", "withheld", "protects another group"],
    ]


async def test_the_spreadsheet_is_made_as_the_guidance_asks(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "pcs")
    file = await fetch(site, "ods")
    sheets, tree = sheets_of(file), part(file, "content.xml")
    assert list(sheets)[:2] == ["About", "Notes"]
    for name, (title, says, headings, *rows) in sheets.items():
        assert len(name) <= 31
        assert len(title) == len(says) == 1
        assert len(set(headings)) == len(headings)
        assert all(len(row) == len(headings) and all(row) for row in rows), name
    spans = [f"{{{ODF['table']}}}number-{way}-spanned" for way in ("columns", "rows")]
    assert not [cell for cell in tree.iter() if any(span in cell.attrib for span in spans)]
    assert len(tree.findall(".//table:database-range", ODF)) == len(sheets)
    frozen = part(file, "settings.xml").findall(".//config:config-item[@config:name='VerticalSplitPosition']", ODF)
    assert [item.text for item in frozen] == ["3"] * len(sheets)
    assert "[c]" in str(sheets["Notes"])


async def test_the_pdf_is_tagged_titled_and_tells_its_charts_in_words(site: Site) -> None:
    await publish_two(site)
    await sign_in(site, "pcs")
    file = await fetch(site, "pdf")
    assert file.startswith(b"%PDF-1.7")
    assert re.search(rb"pdfuaid:part>1<", file)
    for expected in (b"/StructTreeRoot", b"/MarkInfo", b"/Marked true", b"/Lang", b"/DisplayDocTitle true"):
        assert expected in file, expected
    assert file.count(b"/S/Figure") == file.count(b"/Alt") == 3 + 28
    assert b"dc:title" in file
    assert faults(file) == []


async def test_the_command_writes_what_an_audience_may_see(
    site: Site, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await publish_two(site)
    monkeypatch.setenv("ENGAGE_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("ENGAGE_DATABASE_URL", settings.database_url)

    async def run(audience: str, form: str, wave: str = "2027-spring", file: str = "report") -> bytes:
        given = ["report", wave, "--audience", audience, "--format", form, "-o", str(tmp_path / file)]
        await asyncio.to_thread(main, given)
        return (tmp_path / file).read_bytes()

    whole, public = json.loads(await run("pcs", "json")), json.loads(await run("public", "json"))
    assert [group["title"] for group in public["groups"]] == ["Everyone", "I work part time"]
    assert len(whole["groups"]) == 8
    led = await run("group:working_group:carers", "json")
    assert check([("led", led), ("public", await run("public", "json"))], lambda line: None) == []
    assert (await run("staff", "pdf")).startswith(b"%PDF")
    for wrong, said in (
        (("pcs", "json", "none"), "There is no published report of none for pcs."),
        (("group:directorate:none", "json"), "There is no published report of 2027-spring for group:directorate:none."),
        (("pcs", "csv", "2027-spring", "no/folder"), "cannot be written: No such file or directory."),
    ):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            await run(*wrong)
        assert ended.value.code == 1
        complaint = capsys.readouterr().err
        assert complaint.count("\n") == 1
        assert said in complaint
    for misused in (["--audience", "managers"], ["--format", "exe"]):
        with pytest.raises(SystemExit) as ended:
            main(["report", "2027-spring", "--audience", "pcs", "--format", "csv", "-o", "x", *misused])
        assert ended.value.code == 2
