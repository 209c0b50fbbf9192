"""Makes slides.json, outputs and errors as the library has them, for the tests of the browser's numerics.

Run: python -m tests.equivariance.convolution.browser.make_slides
"""

import json
from pathlib import Path

from lecturelib.equivariance import SlidingExplorer
from lecturelib.equivariance.convolution.explorer import FILTERS, SIGNALS

STORED = Path(__file__).with_name("slides.json")
STATES = [
    {}, {"stride": 2}, {"stride": 2, "shift": 2, "filter": "edge"}, {"stride": 3, "shift": -4, "signal": "hill"},
    {"padding": "zeros", "shift": 3, "filter": "wide", "signal": "zigzag"}, {"stride": 4, "shift": 1, "filter": "blur"},
    {"stride": 2, "filter": "one", "signal": "zigzag"}, {"padding": "zeros", "stride": 2, "signal": "spike"},
]  # fmt: skip


def case(state: dict) -> dict:
    """One setting of the explorer with what the library finds."""
    explorer = SlidingExplorer(**state)
    now, found = explorer.state, explorer.outputs()
    told = {name: value if isinstance(value, (int, float)) else value.tolist() for name, value in found.items()}
    options = {"shift": now["shift"], "stride": now["stride"], "padding": now["padding"]}
    return {"x": SIGNALS[now["signal"]], "w": FILTERS[now["filter"]], "options": options, **told}


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
