"""Libraries that few need and that are large: loaded when they are first used, not when the service starts. Pure."""

import importlib
from types import ModuleType


def library(name: str) -> ModuleType:
    """The module of that name; the first time takes a tenth of a second."""
    return importlib.import_module(name)
