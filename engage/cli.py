"""The commands of the contract. Wiring only: each command's own module is imported when it is called."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType

from engage.late import library, unswept, without

COMMANDS = {
    "demo": "the whole product with made-up people on a database of its own",
    "migrate": "bring the database to the newest schema",
    "serve": "the web application with a worker inside",
    "work": "the worker alone: messages, offers that lapse, reminders",
    "load": "load open evenings and pulse surveys from TOML files",
    "staff": "keep the staff directory",
    "wave": "open, close, extend, tally, publish or void a pulse wave",
    "grant": "give roles to a mail address",
    "revoke": "take roles away from a mail address",
    "sign-in-link": "print a one-time sign-in address",
    "report": "write what an audience may see of a published wave into a file",
    "verify": "check published files, or a stored wave: seal, chain and arithmetic",
    "mail": "list, show and retry messages that wait or were refused",
    "purge": "forget what its retention time is over for",
    "check": "what a deployment gets wrong, one line each",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Exit 0 on success, 2 on wrong usage, 1 with one clear line for anything else."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="engage", description="Open evenings and pulse surveys of a public body.")
    parser.add_argument("--version", action="version", version="engage 0.1.0")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    called = next((each for each in given if not each.startswith("-")), None)
    for name, purpose in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.")
        if name == called:
            _command(name).define(subparser)
    options = parser.parse_args(given)
    library("engage.commands.running").run(options)


def _command(name: str) -> ModuleType:
    with unswept():
        with without("rich"):  # which draws tracebacks in colour, of which we log none
            library("structlog")
        return importlib.import_module(f"engage.commands.{name.replace('-', '_')}")


if __name__ == "__main__":
    main()
