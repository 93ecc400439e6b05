"""The commands as an operator runs them: processes of their own, with nothing but the environment to go by."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST = 60  # seconds


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line on standard error of a command that did not do it."""
        assert self.code == 1, self
        (line,) = self.err.splitlines()
        assert line.startswith("engage: ")
        return line


@dataclass(frozen=True)
class Commands:
    """Runs `engage …` with these settings, which a call may change; None takes one away."""

    settings: dict[str, str]
    folder: Path

    def run(self, *arguments: str, **changed: str | None) -> Ran:
        process = self.start(*arguments, **changed)
        out, err = process.communicate(timeout=LONGEST)
        assert "Traceback" not in out + err
        return Ran(process.returncode, out, err)

    def start(self, *arguments: str, **changed: str | None) -> "subprocess.Popen[str]":
        given = {f"ENGAGE_{name}": value for name, value in (self.settings | changed).items() if value is not None}
        return subprocess.Popen(
            [sys.executable, "-m", "engage", *arguments],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "200"} | given,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
