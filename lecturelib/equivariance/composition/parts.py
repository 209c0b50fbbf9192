"""What the layers of a small network for digits see: the images that excite a unit most, and the dimension by layer.

Run, and store, with the classifiers of two inputs: python -m lecturelib.equivariance.composition.parts
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.arguments import Array, Count, Natural, Positive, checked
from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.manifold import intrinsic_dimension
from lecturelib.equivariance.composition.classifier import Points, draw_points, start_classifier, train_classifier

STORED = Path("chapters/equivariance/data/composition_digits.json")
CLASSIFIERS = Path("chapters/equivariance/data/composition_classifiers.json")
CHANNELS, TRAINED, BATCH, STEPS, RATE = (1, 8, 12, 16), 1000, 100, 300, 0.01
SEEDS = range(3)
MEMBERS, POINTS, EPOCHS, SOLVED = 20, 500, 200, 0.02
"""Networks in the plane: starts, points (half of them for training), epochs, and the share of errors allowed."""
PLAIN, SQUARES = ("x1", "x2"), ("x1²", "x2²")
TASKS = [
    *(("circle", PLAIN, hidden) for hidden in ((1,), (2,), (2, 2), (2, 2, 2), (3,), (4,), (4, 2))),
    ("circle", SQUARES, ()), ("xor", PLAIN, (2,)), ("xor", PLAIN, (4,)), ("xor", PLAIN, (4, 2)), ("xor", ("x1x2",), ()),
]  # fmt: skip


def start(generator: Generator) -> list[Tensor]:
    """Three layers of filters 3 × 3 and a linear one, with weights of variance 2/inputs and biases 0."""
    shapes = [(after, before, 3, 3) for before, after in pairwise(CHANNELS)]
    found = []
    for shape in [*shapes, (10, 4 * CHANNELS[-1])]:
        found += [torch.randn(shape, generator=generator) * math.sqrt(2 / math.prod(shape[1:])), torch.zeros(shape[0])]
    return found


def layers(weights: Sequence[Tensor], x: Tensor, count: int = 4) -> list[Tensor]:
    """Values of the first `count` layers on images (B, 1, N, N); the last of the four gives ten scores."""
    found = []
    for number in range(count):
        w, b = weights[2 * number : 2 * number + 2]
        x = functional.conv2d(x, w, b) if number < 3 else functional.linear(x.flatten(1), w, b)
        found.append(x)  # before the ReLU
        x = torch.relu(x)
    return found


def train(weights: list[Tensor], x: Tensor, labels: Tensor, generator: Generator, steps: int = STEPS) -> list[Tensor]:
    """Adam on the cross entropy of mini-batches."""
    weights = [one.clone().requires_grad_() for one in weights]
    optimizer = torch.optim.Adam(weights, lr=RATE)
    for _ in range(steps):
        chosen = torch.randint(len(x), (BATCH,), generator=generator)
        optimizer.zero_grad()
        functional.cross_entropy(layers(weights, x[chosen])[-1], labels[chosen]).backward()
        optimizer.step()
    return [one.detach() for one in weights]


@checked
def exciting_images(
    weights: Sequence[Array], layer: Natural, size: Count, *, generator: Generator,
    steps: Count = 60, starts: Count = 6, rate: Positive = 0.2,
) -> Tensor:  # fmt: skip
    """Images of ink, all numbers at least 0 and their squares adding up to 1, that excite each unit of a layer most.

    weights: those of three layers of filters and a linear one, each followed by its biases. size: N, so many pixels
    that the layer has one place: 3, 5, 7 for the filters, 8 for the scores. (units, N, N), by projected ascent, the
    best of several starts. Raises ValueError where there is no such layer, or it has more places.

    >>> generator = torch.Generator().manual_seed(0)
    >>> shapes = [(8, 1, 3, 3), (8,), (12, 8, 3, 3), (12,), (16, 12, 3, 3), (16,), (10, 64), (10,)]
    >>> weights = [torch.randn(shape, generator=generator) for shape in shapes]
    >>> exciting_images(weights, 1, 5, generator=generator).shape
    torch.Size([12, 5, 5])
    """
    if layer > 3 or len(weights) != 8:
        raise ValueError(f"layer: expected 0 to 3, and eight tensors of weights, got {layer} and {len(weights)}")
    if size != (3, 5, 7, 8)[layer]:
        raise ValueError(f"size: expected {(3, 5, 7, 8)[layer]} for this layer, got {size}")
    units = len(weights[2 * layer])
    dtype = weights[0].dtype
    x = torch.rand(units * starts, 1, size, size, generator=generator, dtype=torch.float64).to(dtype)
    which = torch.arange(units).repeat_interleave(starts)[:, None]

    def onto(x: Tensor) -> Tensor:
        return functional.normalize(x.clamp(min=0).flatten(1), dim=1).reshape(x.shape)

    x = onto(x)
    for step in range(steps + 1):
        x.requires_grad_()
        values = layers(weights, x, layer + 1)[-1].reshape(len(x), units).gather(1, which)[:, 0]
        if step < steps:
            (up,) = torch.autograd.grad(values.sum(), x)
            up = functional.normalize(up.flatten(1), dim=1).reshape(x.shape)
            x = onto(x.detach() + rate * (1 - step / steps) * up)
    best = values.detach().reshape(units, starts).argmax(1)
    return x.detach().reshape(units, starts, size, size)[torch.arange(units), best]


def run_digits(*, seed: int) -> dict:
    """Dimensions by layer at the start and after training, errors, and images that excite units, of one network."""
    images, labels = shuffled_digits(generator_for(seed, "digits"))
    x = images[:, None].float()
    first = start(generator_for(seed, "start"))
    last = train(first, x[:TRAINED], labels[:TRAINED], generator_for(seed, "batches"))
    held = x[TRAINED:]

    def dimensions(weights: list[Tensor]) -> list[float]:
        found = layers(weights, held)
        seen = [held, *(torch.relu(one) for one in found[:-1]), found[-1]]
        return [float(intrinsic_dimension(one.flatten(1).double())) for one in seen]

    draws = generator_for(seed, "ascent")
    images = [exciting_images(last, layer, size, generator=draws) for layer, size in enumerate((3, 5, 7, 8))]
    wrong = float((layers(last, held)[-1].argmax(1) != labels[TRAINED:]).double().mean())
    return {
        "start": dimensions(first), "trained": dimensions(last), "wrong": wrong,
        "images": [[[round(v, 3) for v in one.flatten().tolist()] for one in layer[:10]] for layer in images],
    }  # fmt: skip


def run_classifiers(*, seed: int, task: int) -> dict:
    """The shares of test points on the wrong side after training, for all starts of one task."""
    cloud, names, hidden = TASKS[task]
    drawn = draw_points(cloud, POINTS, generator=generator_for(seed, "points", cloud), members=MEMBERS)
    seen, held = (Points(drawn.x[:, part], drawn.y[:, part]) for part in (slice(POINTS // 2), slice(POINTS // 2, None)))
    theta = start_classifier(len(names), hidden, members=MEMBERS, generator=generator_for(seed, "start", task))
    run = train_classifier(theta, seen, held, hidden=hidden, names=names, epochs=EPOCHS)
    return {"cloud": cloud, "names": list(names), "hidden": list(hidden), "wrong": run.wrong[:, -1].tolist()}


def main() -> None:
    """Run both experiments and store their results."""
    command = "python -m lecturelib.equivariance.composition.parts"
    save(STORED, sweep(run_digits, [{}], seeds=SEEDS), Provenance.here(command, SEEDS))
    tasks = sweep(run_classifiers, settings(task=range(len(TASKS))), seeds=[0])
    save(CLASSIFIERS, tasks, Provenance.here(command, [0]))


if __name__ == "__main__":
    main()
