"""Makes hinges.json, networks as the library has them, for the tests of the browser's numerics.

Run: python -m tests.kernels.approximation.browser.make_hinges
"""

import json
from pathlib import Path

from lecturelib.kernels import HingesExplorer

STORED = Path(__file__).with_name("hinges.json")
STATES = [
    {"curve": curve, "known": known, "tolerance": tolerance}
    for curve, tolerance in (("parabola", 0.0625), ("exponential", 0.2), ("wave", 0.3), ("bump", 0.05), ("bump", 0.5))
    for known in ("slope", "curvature", "places")
]


def case(state: dict) -> dict:
    """One setting of the explorer with what the library finds."""
    network = HingesExplorer(**state).network()
    found = {"ends": network.ends, "jumps": network.jumps, "bounds": network.bounds}
    return {**state, **{name: value.tolist() for name, value in found.items()}}


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
