"""Where the package's own files lie: beside the code in an installed wheel, one level up in a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder of that name, such as templates or migrations."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name
