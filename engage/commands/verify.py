"""`engage verify`: published files by themselves, or a stored wave with the chain before and after it."""

import argparse
import asyncio
import json
from pathlib import Path

from engage.commands.running import settings, workplace
from engage.errors import NotFound, ReleaseDiffers
from engage.surveys.reports.release import with_comments
from engage.surveys.reports.releases import all_of, stored_faults
from engage.surveys.reports.verify_release import check

LIKE_A_FILE = ("/", "\\", ".")  # what no key of a wave has in it


def define(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("named", metavar="FILE|WAVE", nargs="+", help="files take no database; a wave is looked up")
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    files = [name for name in options.named if Path(name).exists() or any(sign in name for sign in LIKE_A_FILE)]
    waves = [name for name in options.named if name not in files]
    texts = [(name, _content_of(name)) for name in files]
    found: list[str] = []
    if waves:
        stored, found = asyncio.run(_stored(waves))
        texts += stored
    found += check(texts, print)
    print(*found or ["verified"], sep="\n")
    if found:
        raise ReleaseDiffers(found[0] if len(found) == 1 else f"{len(found)} differences, listed above.")


def _content_of(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise NotFound(f"{name}: {error.strerror or error}.") from None


async def _stored(waves: list[str]) -> tuple[list[tuple[str, bytes]], list[str]]:
    """The results of every wave in the chain, as files, and how rows differ from what they hold. Raises NotFound."""
    async with workplace(settings()) as at, at.database.reading() as session:
        chain = await all_of(session)
    results = [release for release in chain if release.kind == "results"]
    known = {release.content["wave"] for release in results}
    if missing := [wave for wave in waves if wave not in known]:
        raise NotFound(f"Nothing is published of {', '.join(missing)}.")
    comments = {release.wave_id: release.content for release in chain if release.kind == "comments"}
    files = [with_comments(release.content, comments.get(release.wave_id)) for release in results]
    named = [(content["wave"], json.dumps(content).encode()) for content in files]
    return named, stored_faults(chain)
