"""Makes valleys.json, descents in the valley as the library computes them, for the tests of the browser's numerics.

Run: python -m tests.bias.stability.browser.make_valleys
"""

import json
from pathlib import Path

import torch

from lecturelib.bias.stability.curvature import dense
from lecturelib.bias.stability.descent import descend
from lecturelib.bias.stability.valley import valley

STORED = Path(__file__).with_name("valleys.json")
SETTINGS = [((0.4, 3.2), 0.05, 0.0), ((0.4, 3.2), 0.3, 0.0), ((-1.0, 0.5), 0.1, 0.2), ((0.1, 0.05), 0.5, 0.0)]


def cases() -> list[dict]:
    """Start, rate and penalty, with the path of 30 steps, and loss and curvatures at the start."""
    found = []
    for start, rate, penalty in SETTINGS:
        loss, place = valley(penalty), torch.tensor(start, dtype=torch.float64)
        curved = torch.linalg.eigvalsh(dense(loss, place)).tolist()
        path = descend(loss, place, learning_rate=rate, steps=30).tolist()
        found.append({"start": start, "rate": rate, "penalty": penalty, "path": path, "loss": float(loss(place)),
                      "curvatures": curved})  # fmt: skip
    return found


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
