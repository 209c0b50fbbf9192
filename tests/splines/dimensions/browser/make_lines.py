"""Makes lines.json, steps of training by the library, for the tests of the browser's numerics.

Run: python -m tests.splines.dimensions.browser.make_lines
"""

import json
from pathlib import Path

import torch

from lecturelib.splines.dimensions.gap import TARGETS, data_with_gap, flat_start, stable_rate, train_planes

STORED = Path(__file__).with_name("lines.json")
STATES = [("valley", 0.4, 0.3, 60), ("saddle", 0.0, 2.0, 25), ("twist", 0.2, 0.1, 40), ("bump", 0.6, 1.0, 30)]


def case(target: str, gap: float, alpha: float, steps: int) -> dict:
    """A start, data, and the network after some steps; by its planes as well."""
    draw = torch.Generator().manual_seed(steps)
    x = data_with_gap(7, gap, draw)
    y = TARGETS[target](x)
    start = flat_start(5, alpha, draw)
    rate = stable_rate(start)
    last = train_planes(x, y, *start, steps=steps, rate=rate)[-1]
    planes = last.planes
    return {
        "target": target, "rate": rate, "steps": steps, "data": torch.cat([x, y[:, None]], 1).tolist(),
        "start": [one.tolist() for one in start], "end": [one.tolist() for one in last],
        "xi": planes.directions.tolist(), "gamma": planes.offsets.tolist(), "jump": planes.slope_jumps.tolist(),
        "values": planes(x).tolist(), "loss": float((planes(x) - y).square().mean() / 2),
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(*state) for state in STATES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
