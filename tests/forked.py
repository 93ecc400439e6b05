"""Processes forked from one that has loaded the application, as each of those that tests start would have to.

A server loads all of it before it serves, so nothing that somebody forgets to load goes unnoticed here.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.loaded"])


class Forked:
    """What runs as ``python -m module arguments`` would, and logs to that file; spoken to as `subprocess.Popen` is."""

    is_used = False  # by servers; in tests alone, never where a start is measured

    def __init__(self, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.args = (module, *arguments)
        self._process = _CONTEXT.Process(target=_run, args=(module, tuple(arguments), dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """How it ended, where it did."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """How it ends. Raises TimeoutExpired where it does not within so many seconds."""
        self._process.join(timeout)
        if (code := self._process.exitcode) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _run(module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
