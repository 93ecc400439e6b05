"""What a start does without: libraries that few need, and looking for garbage where there is none. Pure."""

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def library(name: str) -> ModuleType:
    """The module of that name; the first time takes a tenth of a second."""
    return importlib.import_module(name)


@contextmanager
def unswept() -> Iterator[None]:
    """Modules loaded meanwhile stay for ever, so nothing looks through them for garbage: neither now nor later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def without(name: str) -> Iterator[None]:
    """Modules loaded meanwhile do as where that library is not installed."""
    known = sys.modules.pop(name, None)
    sys.modules[name] = None  # type: ignore[assignment] # the import system's own way to say so
    try:
        yield
    finally:
        del sys.modules[name]
        if known is not None:
            sys.modules[name] = known
