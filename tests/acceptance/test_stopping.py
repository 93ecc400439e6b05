"""A server that is asked to end leaves nothing where temporary files lie."""

from pathlib import Path

import pytest

from engage.storage.database import Database
from tests.server import Server


@pytest.mark.parametrize(
    ("database_url", "processes"), [("sqlite", 1), ("postgresql", 2)], indirect=["database_url"], ids=["one", "two"]
)
async def test_stopped_server_leaves_no_folder(
    database: Database, processes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    server = Server(tmp_path, DATABASE_URL=database.url)
    server.options = ("--workers", str(processes))
    async with server:
        assert len([*scratch.iterdir()]) == processes - 1, "where its processes agree on who is the worker"
    assert [*scratch.iterdir()] == []
