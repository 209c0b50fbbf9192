"""What a package has to offer but does not import at once: explorers draw, and whoever only computes need not wait."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def later(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: names that are fetched from these of its modules when they are asked for.

    places: name → module below the package, such as "complexity.explorer". Other names are an AttributeError.
    """

    def fetch(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{package}.{places[name]}"), name)

    return fetch
