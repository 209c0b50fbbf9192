"""Makes waves.json, masks, pictures and scores as the library has them, for the tests of the browser's numerics.

Run: python -m tests.equivariance.interpretability.browser.make_waves
"""

import json
from pathlib import Path

from lecturelib.equivariance import WaveExplorer
from lecturelib.equivariance.interpretability.explorer import classifier

STORED = Path(__file__).with_name("waves.json")
STATES = [
    {}, {"radius": 2, "digit": "8"}, {"radius": 0, "flipped": [[1, 0], [-2, 3]]},
    {"flipped": [[-4, 1], [-4, -4]], "digit": "5"},
    {"radius": 2.5, "flipped": [[0, 0], [2, -1], [-2, 1]], "digit": "0"},
]  # fmt: skip


def cases() -> list[dict]:
    """Settings with what the library finds, computed now; the first has the classifier."""
    found = []
    for state in STATES:
        explorer = WaveExplorer(**state)
        outputs = {name: value.tolist() for name, value in explorer.outputs().items()}
        found.append({"state": explorer.state, "x": classifier()[0][int(explorer.state["digit"])], **outputs})
    return found


if __name__ == "__main__":
    _, weights, biases = classifier()
    STORED.write_text(json.dumps({"weights": weights, "biases": biases, "cases": cases()}) + "\n", encoding="utf-8")
