"""Makes stops.json, places of the flow and of ridge as the library has them, for the tests of the browser's numerics.

Run: python -m tests.bias.early_stopping.browser.make_stops
"""

import json
from pathlib import Path

from lecturelib.bias import flow_penalties
from lecturelib.bias.early_stopping.explorer import ANGLE, StoppingExplorer

STORED = Path(__file__).with_name("stops.json")
TIMES = [0.01, 0.3, 1.0, 7.0]
STATES = [{}, {"steep": 20.0, "flat": 0.05, "x": -1.0, "y": 3.0}, {"steep": 1.0, "flat": 1.0, "mx": 4.0, "my": -1.0}]


def case(state: dict) -> dict:
    """One setting of the explorer with what the library finds."""
    explorer = StoppingExplorer(**state)
    now, (flow, ridge) = explorer.state, explorer.places(TIMES)
    return {
        "start": [now["x"], now["y"]], "goal": [now["mx"], now["my"]], "angle": ANGLE,
        "curvatures": [now["steep"], now["flat"]], "times": TIMES, "flow": flow.tolist(), "ridge": ridge.tolist(),
        "penalties": flow_penalties([now["steep"], now["flat"]], times=TIMES).tolist(),
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
