"""What a thief carries off from a database at one moment: every row of every table, and where it lay."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
STORED = {"spent_link": "fingerprint", "sealed_sheet": "content", "sealed_comments": "content"}  # what tells rows apart
PAGE = 4096


@dataclass(frozen=True)
class Loot:
    """Rows by table, in the order in which they lay, and the bytes of the files that held them."""

    tables: dict[str, list[Row]]
    files: dict[str, bytes]

    @cached_property
    def rows(self) -> dict[str, dict[bytes, Row]]:
        """The rows of the tables of answers by what stays the same of them, with whatever else is known of each."""
        return {table: dict(self._known(table)) for table in STORED}

    def _known(self, table: str) -> Iterator[tuple[bytes, Row]]:
        for place, row in enumerate(self.tables[table]):
            name = bytes(row[STORED[table]])
            told = {
                f"{other}.{column}": each for other, held in self._told[name.hex()] for column, each in held.items()
            }
            yield name, told | row | dict(self._places(name)) | {"place": place}

    def _places(self, name: bytes) -> Iterator[tuple[str, int]]:
        """Where in the files the beginning and the end of it stand, first and last, and where within their page."""
        for file, content in self.files.items():
            for part, piece in (("head", name[:20]), ("tail", name[-20:])):
                for which, at in (("first", content.find(piece)), ("last", content.rfind(piece))):
                    if at >= 0:
                        yield f"{file} {part} {which}", at
                        yield f"{file} {part} {which} in page", at % PAGE

    @cached_property
    def _told(self) -> dict[str, list[tuple[str, Row]]]:
        """The rows in which a value stands, by the value."""
        found: defaultdict[str, list[tuple[str, Row]]] = defaultdict(list)
        for table, rows in self.tables.items():
            for row in rows:
                for value in row.values():
                    if isinstance(value, bytes | str):
                        found[value.hex() if isinstance(value, bytes) else value.lower()].append((table, row))
        return found

    @cached_property
    def people(self) -> dict[str, Row]:
        """Everything that rows say about each person on the roster, by address."""
        found: defaultdict[str, Row] = defaultdict(dict)
        addresses = {row["email"] for row in self.tables["roster_entry"]}
        for table, rows in self.tables.items():
            for row in rows:
                for address in addresses.intersection(value for value in row.values() if isinstance(value, str)):
                    found[address] |= {f"{table}.{column}": value for column, value in row.items()}
        return dict(found)


def steal(url: str) -> Loot:
    """Everything: a copy of the files as they lie there, whether they are committed or not."""
    if url.startswith("sqlite"):
        return _steal_sqlite(path_of(url))
    with psycopg.connect(url, row_factory=dict_row) as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        tables = {row["table_name"]: _rows(connection, row["table_name"]) for row in connection.execute(query)}
        return Loot(tables, {name: _file(connection, name) for name in STORED})


def glimpse(url: str) -> dict[str, list[bytes]]:
    """What tells rows apart, by table."""
    queries = {table: f"SELECT {name} FROM {table}" for table, name in STORED.items()}
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(path_of(url))) as file:
            return {table: [name for (name,) in file.execute(query)] for table, query in queries.items()}
    with psycopg.connect(url) as connection:
        return {table: [name for (name,) in connection.execute(query.encode())] for table, query in queries.items()}


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _rows(connection: psycopg.Connection[Row], table: str) -> list[Row]:
    toast = ', pg_column_toast_chunk_id("content") AS chunk' if STORED.get(table) == "content" else ""
    query = f'SELECT ctid::text::point AS ctid, xmin::text::bigint, cmin::text::bigint, *{toast} FROM "{table}"'
    rows = connection.execute(query.encode()).fetchall()
    return [row | {"ctid": tuple(map(float, row["ctid"].strip("()").split(",")))} for row in rows]


def _file(connection: psycopg.Connection[Row], table: str) -> bytes:
    """The file of the table as the server wrote it, and of what it laid out of line."""
    connection.execute("CHECKPOINT")
    query = "SELECT pg_read_binary_file(pg_relation_filepath(each)) AS file FROM unnest(%s::regclass[]) each"
    toast = "SELECT reltoastrelid::regclass::text AS name FROM pg_class WHERE oid = %s::regclass AND reltoastrelid > 0"
    names = [table, *(row["name"] for row in connection.execute(toast, [table]))]
    return b"".join(row["file"] for row in connection.execute(query, [names]))


def _steal_sqlite(path: Path) -> Loot:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        made = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
        tables = {}
        for name, sql in made.items():
            rowid = "" if "WITHOUT ROWID" in (sql or "") else "rowid AS _rowid, "
            tables[name] = [dict(row) for row in connection.execute(f'SELECT {rowid}* FROM "{name}"')]
    files = {f"file{end}": path.with_name(path.name + end) for end in ("", "-wal", "-shm")}
    return Loot(tables, {name: file.read_bytes() for name, file in files.items() if file.exists()})
