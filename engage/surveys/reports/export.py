"""A published report as a file: the same figures, root and notes in every format."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from engage.files.ods import as_ods
from engage.resources import folder
from engage.surveys.reports.export_csv import as_csv
from engage.surveys.reports.export_pdf import as_pdf
from engage.surveys.reports.published import Published
from engage.surveys.reports.report import read, trend
from engage.surveys.reports.tables import tables_of


@dataclass(frozen=True, slots=True)
class Format:
    """One kind of file: its name for readers, its media type, and what writes it for an organisation."""

    title: str
    media_type: str
    write: Callable[[Published, str], bytes]


def _json(published: Published, by: str) -> bytes:
    return json.dumps(published.content, ensure_ascii=False, indent=1).encode()


def _csv(published: Published, by: str) -> bytes:
    report = read(published.content)
    return as_csv(tables_of(report, trend(report, published.earlier), published.content["actions"]))


def _ods(published: Published, by: str) -> bytes:
    report = read(published.content)
    return as_ods(tables_of(report, trend(report, published.earlier), published.content["actions"]))


def _pdf(published: Published, by: str) -> bytes:
    report = read(published.content)
    points = trend(report, published.earlier)
    return as_pdf(_template(), report, points, tables_of(report, points, published.content["actions"]), by)


FORMATS: Mapping[str, Format] = {
    "pdf": Format("PDF, to read and print", "application/pdf", _pdf),
    "ods": Format("spreadsheet (ODS)", "application/vnd.oasis.opendocument.spreadsheet", _ods),
    "csv": Format("CSV", "text/csv", _csv),
    "json": Format("JSON, to check the seal", "application/json", _json),
}


async def exported(published: Published, form: str, by: str) -> bytes:
    """The file's bytes, made in a thread, since that takes its time."""
    return await asyncio.to_thread(FORMATS[form].write, published, by)


@cache
def _template() -> bytes:
    return (folder("templates") / "reports" / "report.typ").read_bytes()
