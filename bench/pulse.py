"""How many people can answer a wave in a second, against the same server that checks the same form and drops it.

    python -m bench.pulse [--short] [--databases sqlite postgresql]

One `engage serve` with its worker, real forms of the example's questionnaire with everything answered, 32 people at
once. Both ways take turns, and each ratio is of two neighbouring turns. The processor's time is that of the server.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bench.databases import KINDS, fresh
from bench.load import Measured, Turn, answer_all, posted, summary
from engage.demo.play import example_files
from engage.files.documents import parse
from engage.storage.database import Database
from engage.surveys.questionnaires.questionnaire_file import read_questionnaire
from engage.tokens import Tokens
from tests.concurrency.stage import FAR_AHEAD
from tests.conftest import SECRET
from tests.pulses import Pulse, open_pulse

GOAL = 0.4
AT_ONCE = 32
WORDS = "The lift has been broken since May, and nobody has said when it will be mended. " * 3


class Both(Measured):
    program = ("-m", "bench.bare_pulse")


def content() -> dict[str, Any]:
    """The questionnaire of the example."""
    path = example_files()[0].with_name("gptw.toml")
    (table,) = parse(path.name, path.read_bytes())["questionnaire"]
    return read_questionnaire(table, path.name, ZoneInfo("UTC")).content


def requests(pulse: Pulse, people: range, room: str) -> list[bytes]:
    """What the browsers of these people send; ``room`` is the page's: "pulse" or "bare"."""
    asked = pulse.questionnaire
    answers = {f"q-{question.key}": str(1 + place % 5) for place, question in enumerate(asked.questions)}
    answers |= {f"comment-{comment.key}": WORDS for comment in asked.comments}
    answers |= {f"group-{family.key}": family.options[0].key for family in asked.families}
    tokens = Tokens(SECRET)
    found = []
    for person in people:
        path = pulse.path(person).removeprefix("/pulse/")
        body = urlencode(answers | {"csrf_token": tokens.fingerprint("pulse", *path.split("/"))})
        found.append(posted(f"/{room}/{path}", body))
    return found


async def measure(url: str, folder: Path, count: int, turns: int) -> dict[str, object]:
    """Both ways in turn; the first turn of each is not counted, for it makes what is made once."""
    database = Database(url)
    pulse = await open_pulse(database, people=count * (turns + 1), content=content(), closes_at=FAR_AHEAD)
    found: list[tuple[Turn, Turn]] = []
    async with Both(folder, DATABASE_URL=url) as server:
        for turn in range(turns + 1):
            people = range(turn * count, (turn + 1) * count)
            bare = await answer_all(server, requests(pulse, people, "bare"), AT_ONCE)
            found.append((bare, await answer_all(server, requests(pulse, people, "pulse"), AT_ONCE)))
    progress = len((await pulse.stored(database)).sheets)
    await database.close()
    if progress != count * (turns + 1):
        raise SystemExit(f"{progress} sheets of {count * (turns + 1)} submissions")
    return summary(found[1:], "sealed")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pulse", description=__doc__)
    parser.add_argument("--short", action="store_true", help="300 submissions in each of 3 turns instead of 1,000 in 7")
    parser.add_argument("--databases", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    count, turns = (300, 3) if given.short else (1_000, 7)
    for kind in given.databases:
        with fresh(kind) as url, tempfile.TemporaryDirectory() as folder:
            found = asyncio.run(measure(url, Path(folder), count, turns))
        print(json.dumps({"measurement": "pulse", "database": kind, "submissions": count, "goal": GOAL} | found))


if __name__ == "__main__":
    main()
