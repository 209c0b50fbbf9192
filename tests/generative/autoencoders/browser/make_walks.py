"""Makes walks.json, what the library's decoders draw on some walks, for the tests of the browser's numerics.

Run: python -m tests.generative.autoencoders.browser.make_walks
"""

import json
from pathlib import Path

from lecturelib.generative.autoencoders.explorer import NEAREST, PlaneWalkExplorer

STORED = Path(__file__).with_name("walks.json")
PARTS = [0.0, 0.3, 1.0]
STATES = [{}, {"kind": "plain", "x": -1.5, "y": 3.0}, {"kind": "components", "u": 3.0, "v": -0.5}]


def case(state: dict) -> dict:
    """One setting of the explorer with what the library finds, of each picture every seventh pixel."""
    explorer = PlaneWalkExplorer(**state)
    plane = explorer.givens["planes"][explorer.state["kind"]]
    return {
        "kind": explorer.state["kind"],
        "start": [explorer.state[k] for k in "xy"], "end": [explorer.state[k] for k in "uv"],
        "layers": plane["layers"], "codes": plane["codes"], "names": explorer.givens["names"], "parts": PARTS,
        "places": explorer.codes(PARTS).tolist(), "pictures": explorer.pictures(PARTS)[:, ::7].tolist(),
        "nearest": [[list(pair) for pair in explorer.nearest(part).items()] for part in PARTS], "count": NEAREST,
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
