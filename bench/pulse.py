"""How many people can answer a wave in a second, against the same server that checks the same form and drops it.

    python -m bench.pulse [--short] [--databases sqlite postgresql]

One `engage serve` with its worker, real forms of the example's questionnaire with everything answered, 32 people at
once. Both ways take turns, and each ratio is of two neighbouring turns. The processor's time is that of the server.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from bench.databases import KINDS, fresh
from engage.database import Database
from engage.demo import example_files
from engage.documents import parse
from engage.surveys.questionnaire_file import read_questionnaire
from engage.tokens import Tokens
from tests.concurrency.stage import FAR_AHEAD
from tests.conftest import SECRET
from tests.pulses import Pulse, open_pulse
from tests.server import Server

GOAL = 0.4
AT_ONCE = 32
WORDS = "The lift has been broken since May, and nobody has said when it will be mended. " * 3
TICKS = os.sysconf("SC_CLK_TCK")  # of the processor's time, in a second


class Measured(Server):
    program = ("-m", "bench.bare_pulse")

    @property
    def cpu_seconds(self) -> float:
        """What the processor has spent on it so far."""
        after_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(after_name[11]) + int(after_name[12])) / TICKS


@dataclass(frozen=True, slots=True)
class Turn:
    """Submissions in a second, and microseconds of the processor for each."""

    per_second: float
    cpu: float


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
        head = f"POST /{room}/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
        found.append(f"{head}content-type: application/x-www-form-urlencoded\r\n\r\n{body}".encode())
    return found


async def answer_all(server: Measured, sent: Sequence[bytes]) -> Turn:
    """Everything is sent, so much at once, and answered with thanks."""
    left = deque(sent)
    spent, begun = server.cpu_seconds, perf_counter()
    await asyncio.gather(*(_answer(server, left) for _ in range(AT_ONCE)))
    lasted = perf_counter() - begun
    return Turn(len(sent) / lasted, (server.cpu_seconds - spent) / len(sent) * 1_000_000)


async def _answer(server: Measured, left: deque[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    while left:
        writer.write(left.popleft())
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 303 "):
            raise SystemExit(head.decode())
    writer.close()
    await writer.wait_closed()


async def measure(url: str, folder: Path, count: int, turns: int) -> dict[str, object]:
    """Both ways in turn; the first turn of each is not counted, for it makes what is made once."""
    database = Database(url)
    pulse = await open_pulse(database, people=count * (turns + 1), content=content(), closes_at=FAR_AHEAD)
    found: list[tuple[Turn, Turn]] = []
    async with Measured(folder, DATABASE_URL=url) as server:
        for turn in range(turns + 1):
            people = range(turn * count, (turn + 1) * count)
            bare = await answer_all(server, requests(pulse, people, "bare"))
            found.append((bare, await answer_all(server, requests(pulse, people, "pulse"))))
    progress = len((await pulse.stored(database)).sheets)
    await database.close()
    if progress != count * (turns + 1):
        raise SystemExit(f"{progress} sheets of {count * (turns + 1)} submissions")
    return summary(found[1:])


def summary(turns: Sequence[tuple[Turn, Turn]]) -> dict[str, object]:
    ratios = [sealed.per_second / bare.per_second for bare, sealed in turns]
    return {
        "bare_per_second": round(statistics.median(bare.per_second for bare, _ in turns)),
        "sealed_per_second": round(statistics.median(sealed.per_second for _, sealed in turns)),
        "ratio": round(statistics.median(ratios), 2),
        "ratio_from": round(min(ratios), 2),
        "ratio_to": round(max(ratios), 2),
        "bare_cpu_us": round(statistics.median(bare.cpu for bare, _ in turns)),
        "sealed_cpu_us": round(statistics.median(sealed.cpu for _, sealed in turns)),
    }


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
