"""Networks that learn upright digits in the middle of a frame, and meet digits that are moved and rotated.

Run: python -m lecturelib.equivariance.convolution.digits
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional

from lecturelib.core.digits import all_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep

STORED = Path(__file__).parents[3] / "chapters" / "equivariance" / "data" / "digits.json"
MARGIN, SIZE = 5, 18
"""Empty pixels around a digit of 8 × 8 pixels, and the size of the frame."""
TRAIN, BATCH, STEPS, RATE = 1000, 100, 400, 0.01
SHIFTS = tuple(range(-5, 6))
ANGLES = tuple(range(0, 181, 15))
SEEDS = range(5)
KINDS = ("dense", "flattened", "pooled", "blurred")
SHAPES = {
    "dense": ((48, SIZE * SIZE), (10, 48)),
    "flattened": ((8, 1, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (10, 16 * (SIZE // 2) ** 2)),
    "pooled": ((8, 1, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (10, 16)),
    "blurred": ((8, 1, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (10, 16)),
}
"""Weights of each kind of network; each layer has biases as well."""


def framed_digits() -> tuple[Tensor, Tensor]:
    """The 1,797 digits of scikit-learn in a frame, from 0 to 1, and which they are: (B, 1, 18, 18), (B,)."""
    images, labels = all_digits()
    return functional.pad(images[:, None], (MARGIN,) * 4), labels


def start(kind: str, generator: torch.Generator) -> list[Tensor]:
    """Weights with the variance 2/inputs and biases 0: [weights, biases, weights, …]."""
    found = []
    for shape in SHAPES[kind]:
        scale = math.sqrt(2 / math.prod(shape[1:]))
        found += [scale * torch.randn(shape, generator=generator), torch.zeros(shape[0])]
    return [one.requires_grad_() for one in found]


def blurred(x: Tensor) -> Tensor:
    """Every second pixel of the mean with (1, 2, 1)/4 along both axes, on a ring: (B, C, 18, 18) → (B, C, 9, 9)."""
    for axis in (2, 3):
        x = (torch.roll(x, 1, axis) + 2 * x + torch.roll(x, -1, axis)) / 4
    return x[..., ::2, ::2]


def scores(kind: str, weights: list[Tensor], x: Tensor) -> Tensor:
    """What a network says of images: (B, 1, 18, 18) → (B, 10).

    The second convolution has the stride 2, or is taken everywhere and blurred before every second pixel is.
    """
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    if kind == "dense":
        x = x.flatten(1)
    for layer, (w, b) in enumerate(hidden):
        if kind == "dense":
            x = functional.linear(x, w, b)
        else:
            ring = functional.pad(x, (1, 1, 1, 1), mode="circular")
            x = functional.conv2d(ring, w, b, stride=2 if layer == 1 and kind != "blurred" else 1)
        x = torch.relu(x)
        if layer == 1 and kind == "blurred":
            x = blurred(x)
    x = x.mean((2, 3)) if kind in ("pooled", "blurred") else x.flatten(1)
    return functional.linear(x, *last)


def rotated(x: Tensor, angle: float) -> Tensor:
    """Images turned about their middle, by linear interpolation: exact for multiples of 90 degrees."""
    if angle % 90 == 0:
        return torch.rot90(x, int(angle // 90), (2, 3))
    turned = ndimage.rotate(x.numpy(), angle, axes=(3, 2), reshape=False, order=1)
    return torch.as_tensor(turned)


def run(*, seed: int, kind: str) -> dict:
    """Train one network; the share of 797 other digits that it names rightly, by shift and by angle."""
    draw = generator_for(seed, "digits", kind)
    x, labels = framed_digits()
    x = x.float()
    order = torch.randperm(len(x), generator=generator_for(seed, "split"))
    seen, held = order[:TRAIN], order[TRAIN:]
    weights = start(kind, draw)
    optimizer = torch.optim.Adam(weights, lr=RATE)
    for _ in range(STEPS):
        batch = seen[torch.randint(TRAIN, (BATCH,), generator=draw)]
        optimizer.zero_grad()
        functional.cross_entropy(scores(kind, weights, x[batch]), labels[batch]).backward()
        optimizer.step()

    def share(images: Tensor) -> float:
        with torch.no_grad():
            return float((scores(kind, weights, images).argmax(1) == labels[held]).double().mean())

    return {
        "trained": float((scores(kind, weights, x[seen]).argmax(1) == labels[seen]).double().mean()),
        "shifted": [share(torch.roll(x[held], shift, -1)) for shift in SHIFTS],
        "rotated": [share(rotated(x[held], angle)) for angle in ANGLES],
        "parameters": sum(one.numel() for one in weights),
    }


def main() -> None:
    results = sweep(run, settings(kind=KINDS), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.equivariance.convolution.digits", SEEDS))


if __name__ == "__main__":
    main()
