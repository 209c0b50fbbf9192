"""Shallow networks of two inputs that learn data with a gap, from a flat start, by plain gradient descent.

The explorer of the chapter takes the same steps (`browser/lines.js`).
Run: python -m lecturelib.splines.dimensions.gap
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Natural, Positive, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.dimensions.planes import BreakPlanes, Points
from lecturelib.splines.dimensions.radon import radon_norm

STORED = Path(__file__).parents[3] / "chapters" / "splines" / "data" / "planes_gap.json"
COUNT, GAP, WIDTH, STEPS = 40, 0.4, 30, 6000
ALPHAS, SEEDS = (0.1, 0.3, 1.0, 3.0), range(5)
LOST = 1e9
"""Weights of this size do not come back."""

TARGETS = {
    "twist": lambda x: torch.sign(x[:, 0]) * (1 - x[:, 1]) / 2,
    "valley": lambda x: x[:, 0].abs() + 0.5 * x[:, 1] - 0.5,
    "saddle": lambda x: 1.5 * x[:, 0] * x[:, 1],
    "bump": lambda x: torch.exp(-4 * x.square().sum(1)),
}


class Weights(NamedTuple):
    """w (H, D), b (H,), v (H,), b0 ()."""

    w: Tensor
    b: Tensor
    v: Tensor
    b0: Tensor

    @property
    def planes(self) -> BreakPlanes:
        """The same network by its planes."""
        return BreakPlanes.from_weights(*self)


def data_with_gap(count: int, gap: float, generator: Generator) -> Tensor:
    """Points (count, 2) in the square [−1, 1]², none with |x₁| < gap."""
    x = 2 * torch.rand(count, 2, generator=generator, dtype=torch.float64) - 1
    return torch.stack([torch.sign(x[:, 0]) * gap + (1 - gap) * x[:, 0], x[:, 1]], 1)


def flat_start(width: int, alpha: float, generator: Generator, inputs: int = 2) -> Weights:
    """‖w_i‖ = α, directions and offsets (in [−1.2, 1.2]) at random, v = 0: planes everywhere, and the function 0."""
    xi = torch.randn(width, inputs, generator=generator, dtype=torch.float64)
    xi = xi / xi.norm(dim=1, keepdim=True)
    offsets = 2.4 * torch.rand(width, generator=generator, dtype=torch.float64) - 1.2
    zero = torch.zeros(width, dtype=torch.float64)
    return Weights(alpha * xi, -alpha * offsets, zero, torch.zeros((), dtype=torch.float64))


def pulls(weights: Weights, x: Tensor, residuals: Tensor) -> tuple[Tensor, Tensor]:
    """Tilt T_i = Σ ε_n x_n (H, D) and pull P_i = Σ ε_n (H,) over the data that neuron i sees."""
    seen = (x @ weights.w.T + weights.b > 0).to(x.dtype)  # (N, H)
    return (seen * residuals[:, None]).T @ x, (seen * residuals[:, None]).sum(0)


def velocity(weights: Weights, x: Tensor, y: Tensor) -> Weights:
    """Minus the gradient of ½ Σ_n ε_n² / N."""
    hinges = torch.relu(x @ weights.w.T + weights.b)
    residuals = (hinges @ weights.v + weights.b0 - y) / len(x)
    tilt, pull = pulls(weights, x, residuals)
    return Weights(
        -weights.v[:, None] * tilt, -weights.v * pull, -(weights.w * tilt).sum(1) - weights.b * pull, -residuals.sum()
    )


def stable_rate(weights: Weights) -> float:
    """A rate at which the runs of this chapter are stable: 1 / (0.3 H ‖w‖² + 8)."""
    return 1 / (0.3 * float(weights.w.square().sum()) + 8)


@checked
def train_planes(
    x: Points, y: Vector, w: Annotated[Array, "H D"], b: Annotated[Array, "H"], v: Annotated[Array, "H"],
    b0: Annotated[Array, ""] = 0.0, *, steps: Count, rate: Positive, record: Natural = 0,
) -> list[Weights]:  # fmt: skip
    """Gradient descent on ½ Σ_n (f(x_n) − y_n)² / N: weights at the start, each `record` steps, and at the end.

    Raises ValueError where x and y do not fit, or the loss grows without bound.

    >>> run = train_planes([[1.0, 0.0]], [1.0], [[1.0, 0.0]], [0.0], [0.5], steps=10, rate=0.1)
    >>> len(run), run[0].v.tolist()
    (2, [0.5])
    """
    if len(y) != len(x):
        raise ValueError(f"y: expected {len(x)} numbers, as many as x has rows, got {len(y)}")
    now = Weights(w, b, v, b0)
    kept = [now]
    for step in range(1, steps + 1):
        now = Weights(*(one + rate * change for one, change in zip(now, velocity(now, x, y), strict=True)))
        if (record and step % record == 0) or step == steps:
            kept.append(now)
            if not all(float(one.abs().max()) < LOST for one in now):
                raise ValueError(f"rate: expected one at which the loss falls, it grew without bound at {rate:g}")
    return kept


def run(*, seed: int, alpha: float) -> dict:
    """Train one network on the valley |x₁| + x₂/2 − 1/2; what moved, its Radon norm, and for seed 0 its weights."""
    draw = generator_for(seed, "gap")
    x = data_with_gap(COUNT, GAP, draw)
    start = flat_start(WIDTH, alpha, draw)
    y = TARGETS["valley"](x)
    first, *_, last = train_planes(x, y, *start, steps=STEPS, rate=stable_rate(start))
    before, after = first.planes, last.planes
    told = {
        "loss": float((after(x) - y).square().mean() / 2),
        "turned": float((before.directions * after.directions).sum(1).clamp(-1, 1).acos().median()),
        "shifted": float((before.offsets - after.offsets).abs().median()),
        "norm": radon_norm(after),
    }
    if seed == 0:
        told |= {"x": x.tolist(), "before": [one.tolist() for one in first], "after": [one.tolist() for one in last]}
    return told


def main() -> None:
    results = sweep(run, settings(alpha=ALPHAS), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.splines.dimensions.gap", SEEDS))


if __name__ == "__main__":
    main()
