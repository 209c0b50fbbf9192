"""Finding what the modules of the library declare, so that nothing has to be listed twice."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any


def modules(package: str = "lecturelib") -> Iterator[ModuleType]:
    """Every module below `package`, imported, in alphabetical order; programs (`__main__`) are left out."""
    root = importlib.import_module(package)
    for info in sorted(pkgutil.walk_packages(root.__path__, f"{package}."), key=lambda info: info.name):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


def declared(wanted: Callable[[Any], bool], package: str = "lecturelib") -> dict[str, list[Any]]:
    """Module name → the functions and classes it defines that `wanted` accepts, in the order of the file."""
    found = {}
    for module in modules(package):
        own = [value for value in vars(module).values() if getattr(value, "__module__", None) == module.__name__]
        if chosen := [value for value in own if wanted(value)]:
            found[module.__name__] = chosen
    return found
