"""Networks two units wide that go around a disk but for a keyhole: what unbounded regions do not rule out.

Their activation, a leaky ReLU, increases strictly, so no region of theirs is enclosed. They err little all the same.
Run, and store: python -m lecturelib.equivariance.composition.keyhole
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.small_networks import Layout
from lecturelib.equivariance.composition.classifier import RADIUS, draw_points, gradient, outputs

STORED = Path("chapters/equivariance/data/composition_keyhole.json")
WIDTH, DEPTHS, BEND = 2, (1, 4, 8), "leaky"
MEMBERS, POINTS, TESTED, STEPS, RATE = 40, 500, 4000, 3000, 0.02
SCALE = RADIUS / 2
"""Points are divided by it in training; the stored weights are for points as they are."""


def sizes(depth: int) -> tuple[int, ...]:
    """Inputs, hidden layers and the output."""
    return (2, *[WIDTH] * depth, 1)


def values(theta: Tensor, x: Tensor, depth: int) -> Tensor:
    """What networks (..., P) say of points (..., N, 2), from −1 to 1: (..., N)."""
    return outputs(theta, x, sizes(depth), BEND)[-1][..., 0]


def run(*, seed: int, depth: int, steps: int = STEPS) -> dict:
    """Train by Adam on all points at once, from normal weights. Shares of other points on the wrong side, of all starts
    and points of the ring alone for the best start, and its weights."""
    draw = generator_for(seed, "keyhole", depth)
    train, test = (draw_points("circle", count, generator=draw, members=MEMBERS) for count in (POINTS, TESTED))
    theta = torch.randn(MEMBERS, Layout(sizes(depth)).count, generator=draw, dtype=torch.float64)
    for _, biases in Layout(sizes(depth)).layers(theta):
        biases.mul_(0.1)
    theta.requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    for _ in range(steps):
        theta.grad = gradient(theta.detach(), train.x / SCALE, train.y, sizes(depth), BEND)
        optimizer.step()
        schedule.step()
    theta = theta.detach()
    next(iter(Layout(sizes(depth)).layers(theta)))[0].div_(SCALE)
    off = (values(theta, test.x, depth) >= 0) != (test.y > 0)
    wrong = off.double().mean(-1)
    best = int(wrong.argmin())
    return {
        "wrong": [round(one, 5) for one in wrong.tolist()], "ring": float(off[best][test.y[best] < 0].double().mean()),
        "theta": [float(f"{one:.12g}") for one in theta[best].tolist()],
    }  # fmt: skip


def main() -> None:
    """Run the experiment and store its results."""
    results = sweep(run, settings(depth=DEPTHS), seeds=[0])
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.composition.keyhole", [0]))


if __name__ == "__main__":
    main()
