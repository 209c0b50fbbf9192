"""Networks that learn a function which is a tree: built like the tree, like another tree, flat, and deep.

Run, and store: python -m lecturelib.equivariance.composition.learning
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import torch
from torch import Generator, Tensor

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

STORED = Path("chapters/equivariance/data/composition_trees.json")
LEAVES, UNITS = 8, 8
"""Inputs, and hidden units of each node of a tree network."""
SHAPES = {"flat": (23,), "deep": (10, 10), "flat, ten times": (231,)}
"""Hidden layers of the dense networks; the first two have as many parameters as the tree, the last ten times more."""
KINDS = ("tree", "other tree", *SHAPES)
COUNTS = (100, 300, 1000, 3000)
OTHER = (0, 4, 1, 5, 2, 6, 3, 7)
"""Where the leaves of the other tree come from: no pair of the true tree stays together."""
TARGETS = ("tree", "sum", "pairs")
"""Of the three only the products of all pairs are no tree."""
MEMBERS, STEPS, BATCH, RATE, TESTED = 8, 2000, 100, 0.02, 2000

Layer = tuple[Tensor, Tensor]


def random_tree(members: int, generator: Generator) -> Tensor:
    """Coefficients (members, LEAVES − 1, 3) of nodes sin(a p + b q + c p q), from the leaves to the root."""
    draws = 0.5 + 0.5 * torch.rand(members, LEAVES - 1, 3, generator=generator)
    draws[..., 2] += 0.5
    return draws * (2.0 * torch.randint(0, 2, draws.shape, generator=generator) - 1)


def tree_values(coefficients: Tensor, x: Tensor) -> Tensor:
    """The root of each tree: coefficients (M, 7, 3), x (M, N, 8) → (M, N)."""
    at = 0
    while x.shape[-1] > 1:
        p, q = x[..., ::2], x[..., 1::2]
        a, b, c = coefficients[:, None, at : at + p.shape[-1]].unbind(-1)
        at += p.shape[-1]
        x = torch.sin(a * p + b * q + c * p * q)
    return x[..., 0]


def sum_values(directions: Tensor, x: Tensor) -> Tensor:
    """sin of a weighted sum of all inputs: directions (M, 8), x (M, N, 8) → (M, N)."""
    return torch.sin(2 * (x * directions[:, None]).sum(-1))


def pair_values(coefficients: Tensor, x: Tensor) -> Tensor:
    """The products of all pairs of inputs with coefficients: (M, 28), x (M, N, 8) → (M, N)."""
    one, other = torch.triu_indices(LEAVES, LEAVES, 1)
    return (coefficients[:, None] * x[..., one] * x[..., other]).sum(-1)


def start(kind: str, members: int, generator: Generator) -> list[Layer]:
    """Layers with weights of variance 1/inputs and biases 0; those of a tree have one more dimension, for its nodes."""
    if kind in SHAPES:
        shapes = [((members, fan, width), (members, 1, width)) for fan, width in pairwise((LEAVES, *SHAPES[kind], 1))]
    else:
        nodes = [LEAVES // 2**level for level in range(1, round(math.log2(LEAVES)) + 1)]
        sizes = [(count, fan, width) for count in nodes for fan, width in ((2, UNITS), (UNITS, 1))]
        shapes = [((members, *size), (members, size[0], 1, size[2])) for size in sizes]
    return [
        ((torch.randn(w, generator=generator) / math.sqrt(w[-2])).requires_grad_(), torch.zeros(b).requires_grad_())
        for w, b in shapes
    ]


def values(kind: str, layers: list[Layer], x: Tensor) -> Tensor:
    """What the networks say: x (M, N, 8) → (M, N)."""
    if kind in SHAPES:
        for number, (w, b) in enumerate(layers):
            x = x @ w + b
            x = x if number == len(layers) - 1 else torch.tanh(x)
        return x[..., 0]
    x = x[..., OTHER] if kind == "other tree" else x
    for hidden, last in zip(layers[::2], layers[1::2], strict=True):
        pairs = x.unflatten(-1, (-1, 2)).movedim(-2, 1)  # (M, nodes, N, 2)
        inside = torch.tanh(pairs @ hidden[0] + hidden[1])
        x = (inside @ last[0] + last[1])[..., 0].mT
    return x[..., 0]


def parameters(kind: str) -> int:
    """How many numbers one network of a kind has."""
    return sum(w.numel() + b.numel() for w, b in start(kind, 1, Generator()))


def run(*, seed: int, kind: str, count: int, target: str, steps: int = STEPS) -> dict:
    """Train MEMBERS networks by Adam, each on `count` points of a target of its own.

    The mean squares of their errors on other points, relative to the variance of the target.
    """
    draw = generator_for(seed, "targets", target)
    if target == "tree":
        function, numbers = tree_values, random_tree(MEMBERS, draw)
    elif target == "pairs":
        function, numbers = pair_values, torch.randn(MEMBERS, LEAVES * (LEAVES - 1) // 2, generator=draw)
    else:
        directions = torch.randn(MEMBERS, LEAVES, generator=draw)
        function, numbers = sum_values, directions / directions.norm(dim=1, keepdim=True)
    x = 2 * torch.rand(MEMBERS, TESTED + max(COUNTS), LEAVES, generator=generator_for(seed, "points")) - 1
    y, seen = function(numbers, x), slice(TESTED, TESTED + count)
    layers = start(kind, MEMBERS, generator_for(seed, "start", kind))
    optimizer = torch.optim.Adam([one for pair in layers for one in pair], lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1))
    order = generator_for(seed, "batches")
    for _ in range(steps):
        chosen = TESTED + torch.randint(count, (BATCH,), generator=order)
        optimizer.zero_grad()
        (values(kind, layers, x[:, chosen]) - y[:, chosen]).square().mean(-1).sum().backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        found = [(values(kind, layers, x[:, part]) - y[:, part]).square().mean(-1) / y[:, :TESTED].var(-1)
                 for part in (slice(TESTED), seen)]  # fmt: skip
    return {"test": found[0].tolist(), "train": found[1].tolist(), "parameters": parameters(kind)}


def main() -> None:
    """Run the experiment and store its results."""
    over = settings(kind=KINDS, count=COUNTS, target=TARGETS[:1]) + settings(
        kind=("tree", "flat", "deep"), count=(1000,), target=TARGETS[1:]
    )
    results = sweep(run, over, seeds=[0])
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.composition.learning", [0]))


if __name__ == "__main__":
    main()
