"""Makes pushes.json, points carried by flows as the library has them, for the tests of the browser's numerics.

Run: python -m tests.generative.flows.browser.make_pushes
"""

import itertools
import json
from pathlib import Path

import torch

from lecturelib.generative import ContinuousFlow, log_density, push
from lecturelib.generative.flows.continuous import log_normal

STORED = Path(__file__).with_name("pushes.json")
STEPS = 12
POINTS = [[0.3, -0.4], [1.5, 2.0], [-0.7, 0.1]]


def flow(hidden: list[int], seed: int) -> ContinuousFlow:
    """A flow with numbers of three digits."""
    draw = torch.Generator().manual_seed(seed)
    sizes = [2, *hidden, 2]

    def numbers(*shape):
        return (torch.randn(shape, generator=draw, dtype=torch.float64) * 500).round() / 1000

    weights = tuple(numbers(after, before) for before, after in itertools.pairwise(sizes))
    return ContinuousFlow(weights, *(tuple(numbers(size) for size in sizes[1:]) for _ in range(2)), 0.8)


def case(hidden: list[int], seed: int) -> dict:
    """One flow with what the library finds."""
    one = flow(hidden, seed)
    points = torch.tensor(POINTS, dtype=torch.float64)
    found = push(one, points, steps=STEPS)
    groups = [[part.tolist() for part in group] for group in (one.weights, one.biases, one.rates)]
    return {
        "numbers": groups, "time": one.time, "steps": STEPS, "starts": POINTS, "field": one(points, 0.3).tolist(),
        "points": found.points.tolist(), "logDets": found.log_det.tolist(), "logNormals": log_normal(points).tolist(),
        "density": log_density(one, found.points, steps=200).tolist(),
    }  # fmt: skip


def cases() -> list[dict]:
    """All cases, computed now."""
    return [case([4], 0), case([5, 3], 1)]


if __name__ == "__main__":
    STORED.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases()) + "\n]\n", encoding="utf-8")
