"""How surely a database keeps what it confirmed, asked of the database itself. What is weaker is not measured."""

from collections.abc import Mapping
from pathlib import Path

from engage.storage.database import Database

STRONG = {
    "sqlite": {"journal_mode": ("wal",), "synchronous": ("FULL", "EXTRA")},
    "postgresql": {
        "fsync": ("on",),
        "full_page_writes": ("on",),
        "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    },
}
MOUNTS = Path("/proc/mounts")
IN_MEMORY = ("tmpfs", "ramfs")
SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")  # by SQLite's numbers


async def in_force(database: Database) -> dict[str, str]:
    """Its kind and version, and each setting that says whether a commit has reached the disk."""
    if database.is_sqlite:
        found = await _asked(database, "SELECT sqlite_version()", "PRAGMA journal_mode", "PRAGMA synchronous")
        version, journal_mode, synchronous = found
        named = {"journal_mode": journal_mode, "synchronous": SYNCHRONOUS[int(synchronous)]}
        return {"database": "sqlite", "version": version} | named
    names = ("server_version", *STRONG["postgresql"], "wal_sync_method")
    version, *values = await _asked(database, *(f"SHOW {name}" for name in names))
    return {"database": "postgresql", "version": version} | dict(zip(names[1:], values, strict=True))


async def _asked(database: Database, *statements: str) -> list[str]:
    async with database.writer.connect() as connection:
        return [str((await connection.exec_driver_sql(each)).scalar_one()) for each in statements]


def refuse_weak(found: Mapping[str, str]) -> None:
    """Raises SystemExit with one line where a confirmed commit could be lost."""
    for name, strong in STRONG[found["database"]].items():
        if found[name] not in strong:
            raise SystemExit(
                f"Nothing is measured: {found['database']} has {name}={found[name]}, so that commits could be lost. "
                f"Set it to {strong[0]}."
            )


def refuse_memory(folder: Path, mounts: Path = MOUNTS) -> None:
    """Raises SystemExit with one line where what is in the folder is on no disk."""
    kinds = {Path(place): kind for _, place, kind, *_ in map(str.split, mounts.read_text().splitlines())}
    kind = next(kinds[each] for each in (folder, *folder.parents) if each in kinds)
    if kind in IN_MEMORY:
        raise SystemExit(f"Nothing is measured: {folder} is in memory ({kind}), where commits cost nothing.")
