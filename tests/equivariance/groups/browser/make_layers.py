"""Makes layers.json, maps that commute with a group as the library finds them, for the tests of the browser's numerics.

Run: python -m tests.equivariance.groups.browser.make_layers
"""

import json
from pathlib import Path

from lecturelib.equivariance import LayerExplorer
from lecturelib.equivariance.groups.explorer import GROUPS, KINDS

STORED = Path(__file__).with_name("layers.json")
STATES = [
    {"averaged": 0.3, "element": 4}, {"group": "C3", "inputs": "pairs", "outputs": "vectors", "element": 3},
    {"group": "S4", "inputs": "pairs", "outputs": "pairs", "averaged": 1, "element": 17},
    {"group": "D4", "inputs": "pixels", "outputs": "points", "averaged": 0.5, "element": 6},
    {"group": "C4", "inputs": "vectors", "outputs": "pixels", "changed": [[2, 1.5], [9, 0.5]], "averaged": 1},
    {"group": "S3", "inputs": "points", "outputs": "pixels", "element": 24},
    {"group": "S4", "inputs": "vectors", "outputs": "pairs", "alone": True, "chosen": 2, "element": 9},
]  # fmt: skip
PARTS = ("coefficients", "W", "x", "moved", "before", "after", "wanted")


def case(state: dict) -> dict:
    """One setting with what the library finds: of the basis and W every seventh number."""
    explorer = LayerExplorer(**state)
    found = explorer.outputs()
    told = {name: found[name].flatten()[:: 7 if name == "W" else 1].tolist() for name in PARTS}
    basis = found["basis"].flatten()[::7].tolist()
    return {"state": explorer.state, "kinds": list(explorer.kinds), "basis": basis, **told, "error": found["error"]}


def cases() -> list[dict]:
    """What the browser is given, the number of maps for every choice, then all cases, computed now."""
    counts = {}
    for group in GROUPS:
        for inputs in KINDS:
            for outputs in KINDS:
                found = LayerExplorer(group=group, inputs=inputs, outputs=outputs).outputs()["dimension"]
                counts[f"{group} {inputs} {outputs}"] = found
    return [{"givens": LayerExplorer().givens, "counts": counts}, *[case(one) for one in STATES]]


if __name__ == "__main__":
    STORED.write_text(json.dumps(cases()) + "\n", encoding="utf-8")
