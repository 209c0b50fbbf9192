"""Makes filters.json, filters as the library trains them, for the tests of the browser's numerics.

Run: python -m tests.equivariance.augmentation.browser.make_filters
"""

import json
from pathlib import Path

from lecturelib.equivariance import FiltersExplorer

STORED = Path(__file__).with_name("filters.json")
STATES = [
    ({}, 20), ({"augment": True, "group": "mirror", "start": "symmetric"}, 20),
    ({"augment": True, "model": "eight", "group": "D4", "start": "copies"}, 10),
    ({"augment": True, "model": "eight", "group": "C4", "start": "copies"}, 0),
    ({"augment": True, "model": "eight", "start": "random"}, 15), ({"model": "eight", "start": "symmetric"}, 10),
]  # fmt: skip


def case(state: dict, steps: int) -> dict:
    """One setting with what the library finds after some steps; of the filters, every seventh number."""
    explorer = FiltersExplorer(**state)
    found = explorer.train(steps)
    told = {"filters": found["filters"].flatten()[::7].tolist(), "outputs": found["outputs"].tolist()}
    return {"state": explorer.state, "steps": steps, **told, "each": float(found["each"]), "set": float(found["set"])}


def cases() -> list[dict]:
    """What the browser is given, then all cases, computed now."""
    return [{"givens": FiltersExplorer().givens}, *[case(*one) for one in STATES]]


if __name__ == "__main__":
    STORED.write_text(json.dumps(cases()) + "\n", encoding="utf-8")
