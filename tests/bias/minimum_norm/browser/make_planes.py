"""Makes planes.json, paths of two weights as the library has them, for the tests of the numerics in the browser.

Run: python -m tests.bias.minimum_norm.browser.make_planes
"""

import json
from pathlib import Path

import torch

from lecturelib.bias import diagonal_flow, diagonal_limit, kicked_descent, least_norm
from lecturelib.bias.minimum_norm.explorer import STEPS, WHEN

STORED = Path(__file__).with_name("planes.json")
CASES = (  # a, b, start, kick, rate and decay in units of the curvature, α
    ([2.0, 1.0], 5.0, [3.0, -1.0], [0.0, 0.0], 0.5, 0.0, 0.1),
    ([2.0, 1.0], 5.0, [0.0, 0.0], [-2.0, 2.0], 1.9, 0.0, 2.0),
    ([-1.0, 3.0], -2.0, [1.5, 4.0], [1.0, 5.0], 0.3, 0.2, 0.01),
    ([1.0, 1.0], 2.0, [-3.0, 2.0], [0.0, 1.0], 2.1, 0.0, 0.5),
)


def case(a: list, b: float, start: list, kick: list, rate: float, decay: float, alpha: float) -> dict:
    """One problem with what the library finds."""
    curvature = sum(one**2 for one in a)
    kicks = torch.zeros(STEPS, 2, dtype=torch.float64)
    kicks[WHEN - 1] = torch.tensor(kick)
    path = kicked_descent([a], [b], start, kicks, learning_rate=rate / curvature, decay=decay * curvature)
    return {
        "a": a, "b": b, "start": start, "kick": kick, "rate": rate, "decay": decay, "alpha": alpha,
        "steps": STEPS, "when": WHEN,
        "path": path.tolist(),
        "nearest": least_norm([a], [b], start).tolist(),
        "diagonal": diagonal_limit([a], [b], scale=alpha).tolist(),
        "on the way": diagonal_flow([a], [b], scale=alpha, times=[0.01, 0.1, 0.3]).tolist(),
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case(*one) for one in CASES]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
