"""A report's tables as one CSV file: a column says which table a row belongs to. Pure."""

import csv
from collections.abc import Iterable
from io import StringIO

from engage.files.sheets import Table, neutral


def as_csv(tables: Iterable[Table]) -> bytes:
    """UTF-8 with a mark, as spreadsheets expect it; texts that look like formulas are made plain with an apostrophe."""
    given = list(tables)
    columns = ["Table", *dict.fromkeys(column for table in given for column in table.columns)]
    file = StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    for table in given:
        for row in table.rows:
            cells = zip(table.columns, map(neutral, row), strict=True)
            writer.writerow({"Table": table.name} | dict(cells))
    return file.getvalue().encode("utf-8-sig")
