"""`engage migrate`."""

import argparse

from engage.commands.running import settings
from engage.storage.migrating import migrate


def define(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(act=act)


def act(options: argparse.Namespace) -> None:
    print(f"The database is at schema {migrate(settings().database_url)}, the newest.")
