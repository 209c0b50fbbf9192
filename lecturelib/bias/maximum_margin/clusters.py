"""Both layers or the last one alone: a wide network on labelled clusters, after Chizat and Bach 2020.

Run: python -m lecturelib.bias.maximum_margin.clusters   (minutes; stores chapters/bias/data/clusters.json)

In the first two of 15 dimensions there are nine squares, each with a random label; the other coordinates are noise.
Networks (1/H) Σ a_j (w_j·x)₊ go up the soft margin −ln Σ e^{−m_i} with all weights. With a_j alone they are linear
classifiers, and the limit of that is the widest margin, which is computed as such.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.bias.maximum_margin.margins import hard_margin
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.statements import CHAPTERS

STORED = CHAPTERS / "bias/data/clusters.json"
SIDE, DIMENSION = 3, 15
SIZES, SEEDS = (32, 64, 128, 256), range(5)
WIDTH, STEPS = 300, 3000
COMMAND = "python -m lecturelib.bias.maximum_margin.clusters"


def drawn(labels: Tensor, n: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """n points (n, 16), the last coordinate 1, with the labels of their squares: squares are twice as wide as gaps."""
    gap = 1 / (3 * SIDE - 1)
    square = torch.randint(0, SIDE, (n, 2), generator=generator)
    x = torch.rand(n, DIMENSION, generator=generator, dtype=torch.float64) - 0.5
    x[:, :2] = gap * (3 * square + 2 * (x[:, :2] + 0.5)) - 0.5
    return torch.cat([x, torch.ones(n, 1, dtype=torch.float64)], 1), labels[square[:, 0], square[:, 1]]


def clusters_run(
    *, seed: int, size: int, trained: str, width: int = WIDTH, steps: int = STEPS, new: int = 4000
) -> dict[str, float]:
    """Test error and margin after training "both" layers, or in the limit of training the "output" alone."""
    generator = generator_for(seed, "clusters")
    labels = 2.0 * torch.randint(0, 2, (SIDE, SIDE), generator=generator).double() - 1
    test, wanted = drawn(labels, new, generator)
    x, y = drawn(labels, size, generator)
    w = torch.nn.functional.normalize(
        torch.randn(width, DIMENSION + 1, generator=generator, dtype=torch.float64), dim=1
    )
    a = 2.0 * torch.randint(0, 2, (width,), generator=generator).double() - 1
    if trained == "output":
        a = width * hard_margin(torch.relu(x @ w.T), y).weights
    for step in range(steps if trained == "both" else 0):
        rate = 0.5 / (step + 1) ** 0.5
        inside = x @ w.T
        hidden = inside.clamp(min=0)
        pull = y * torch.softmax(-y * (hidden @ a) / width, 0)
        moved = hidden.T @ pull
        w = w + rate * a[:, None] * (((inside > 0) * pull[:, None]).T @ x)
        a = a + rate * moved
    m = y * ((x @ w.T).clamp(min=0) @ a) / width
    norm = float((a.abs() * w.norm(dim=1)).mean()) if trained == "both" else float(a.square().mean().sqrt())
    wrong = (wanted * ((test @ w.T).clamp(min=0) @ a) <= 0).double().mean()
    return {"error": float(wrong), "margin": float(m.min()) / norm, "fitted": float((m > 0).double().mean())}


def main() -> None:
    results = sweep(clusters_run, settings(trained=("both", "output"), size=SIZES), seeds=SEEDS)
    save(STORED, results, Provenance.here(COMMAND, SEEDS))


if __name__ == "__main__":
    main()
