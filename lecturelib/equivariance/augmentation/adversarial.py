r"""The worst case of augmentation: inputs moved within |δ_i| ≤ ε so that the loss grows (Madry et al. 2018).

Each step follows the signs of the gradient by the inputs, then goes back into the box. One step from the datum is the
fast gradient sign method. For a linear model one step is the worst case, which costs the margin ε ‖w‖₁.

Run, and store: python -m lecturelib.equivariance.augmentation.adversarial
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from lecturelib.core.arguments import Array, Count, NonNegative, checked
from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

STORED = Path(__file__).parents[3] / "chapters" / "equivariance" / "data" / "adversarial.json"
TRAIN, BATCH, STEPS, RATE, WIDTH = 1000, 100, 600, 0.005, 64
SIZE = 0.1
"""How far a pixel, from 0 to 1, is moved in training."""
TESTED = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
KINDS = ("plain", "noise", "one step", "many steps")
SEEDS = range(5)


@checked
def attack(losses: Callable, x: Array, *, size: NonNegative, steps: Count = 10) -> Tensor:
    """x + δ with |δ_i| ≤ size, where the losses are large, found in `steps` steps of the gradient's sign.

    x: (N, …); losses(x) gives the loss of each of the N, or their mean. One step has the length `size`, several have
    2.5 size/steps. Raises ValueError where x or the losses have another shape.

    >>> attack(lambda x: (x - 1).square().mean(), [[0.0, 2.0]], size=0.5, steps=1)
    tensor([[-0.5000,  2.5000]], dtype=torch.float64)
    """
    if not x.ndim or not len(x):
        raise ValueError(f"x: expected shape (N, …) with one datum or more, got {tuple(x.shape)}")
    step = size if steps == 1 else 2.5 * size / steps
    moved = x.detach().clone()
    for _ in range(steps):
        moved.requires_grad_()
        found = losses(moved)
        if not isinstance(found, Tensor) or found.shape not in ((), (len(x),)) or not found.requires_grad:
            raise ValueError(f"losses: expected the loss of each of {len(x)} data, or their mean")
        slope = torch.autograd.grad(found.sum(), moved)[0]
        moved = (moved.detach() + step * slope.sign()).clamp(min=x - size, max=x + size)
    return moved.detach()


def digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Digits of 64 pixels from 0 to 1 and what they are: 1,000 to learn from and 797 others."""
    images, y = shuffled_digits(generator_for(seed, "split"))
    x = images.flatten(1).float()
    return x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]


def network(weights: list[Tensor], x: Tensor) -> Tensor:
    """Ten scores of a network with one hidden layer of tanh."""
    return functional.linear(torch.tanh(functional.linear(x, *weights[:2])), *weights[2:])


def moved(kind: str, model: Callable, x: Tensor, y: Tensor, draw: torch.Generator) -> Tensor:
    """What a network of this kind is shown in place of x."""
    if kind == "plain":
        return x
    if kind == "noise":
        return x + SIZE * (2.0 * torch.randint(2, x.shape, generator=draw) - 1)
    return attack(lambda z: functional.cross_entropy(model(z), y), x, size=SIZE, steps=1 if kind == "one step" else 10)


def run(*, seed: int, kind: str, steps: int = STEPS) -> dict:
    """Train a network of digits with Adam; errors on others under attacks of 20 steps, and gradients by inputs."""
    x, y, others, known = digits(seed)
    draw = generator_for(seed, kind)
    start = generator_for(seed, "start")
    weights = [torch.randn(WIDTH, 64, generator=start) / 8, torch.zeros(WIDTH)]
    weights += [torch.randn(10, WIDTH, generator=start) / WIDTH**0.5, torch.zeros(10)]
    weights = [one.requires_grad_() for one in weights]
    model = lambda z: network(weights, z)  # noqa: E731
    optimizer = torch.optim.Adam(weights, lr=RATE)
    for _ in range(steps):
        chosen = torch.randint(TRAIN, (BATCH,), generator=draw)
        shown = moved(kind, model, x[chosen], y[chosen], draw)
        optimizer.zero_grad()
        functional.cross_entropy(model(shown), y[chosen]).backward()
        optimizer.step()

    def wrong(z: Tensor, labels: Tensor) -> float:
        return round(float((model(z).argmax(1) != labels).double().mean()), 5)

    losses = lambda z: functional.cross_entropy(model(z), known)  # noqa: E731
    attacked = [attack(losses, others, size=one, steps=20) for one in TESTED]
    one_step = attack(losses, others, size=SIZE, steps=1)
    return {
        "trained": wrong(x, y), "wrong": [wrong(one, known) for one in attacked], "one_step": wrong(one_step, known),
        "gradients": {"one step": 2, "many steps": 11}.get(kind, 1),
    }  # fmt: skip


def main() -> None:
    results = sweep(run, settings(kind=KINDS), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.augmentation.adversarial", SEEDS))


if __name__ == "__main__":
    main()
