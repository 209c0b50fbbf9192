"""Small classifiers of digits, met along random directions and along those that change their answer soonest.

Run: python -m lecturelib.splines.dimensions.digits
"""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from lecturelib.core.digits import shuffled_digits
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.depth.digits import nearest, rings, rings_together

STORED = Path(__file__).parents[3] / "chapters" / "splines" / "data" / "digit_directions.json"
SIDE, WIDTH, TRAIN, BATCH, STEPS, RATE, TESTED = 8, 64, 1000, 100, 600, 0.005, 200
SLOW = 2
"""Waves of at most this many periods along both sides count as slow; white noise has 39/64 in the others."""
SEEDS = range(5)
ARMS = {
    "plain": {"scale": 1.0},
    "slow start": {"scale": 1.0, "slow": True},
    "small start": {"scale": 0.1},
    "weight decay": {"scale": 1.0, "decay": 3e-3},
}
REACH = tuple(round(0.1 * k, 1) for k in range(31))
"""Distances at which the share of images that are still named rightly is noted."""


def slow_part(x: Tensor) -> Tensor:
    """Images (B, 64) with their slow waves only, round the ring in both directions."""
    wave = torch.fft.fft2(x.reshape(-1, SIDE, SIDE))
    k = torch.minimum(torch.arange(SIDE), SIDE - torch.arange(SIDE))
    keep = (torch.maximum(k[:, None], k) <= SLOW).to(x.dtype)
    return torch.fft.ifft2(wave * keep).real.reshape(x.shape)


def scores(weights: list[Tensor], x: Tensor) -> Tensor:
    """What the network says of images: (B, 64) → (B, 10)."""
    w, b, v, c = weights
    return torch.relu(x @ w.T + b) @ v.T + c


def crossed(weights: list[Tensor], x: Tensor, way: Tensor) -> Tensor:
    """How many break planes lie between each image and x + way: (B,)."""
    w, b, _, _ = weights
    return (((x @ w.T + b) > 0) != (((x + way) @ w.T + b) > 0)).double().sum(1)


def run(*, seed: int, arm: str) -> dict:
    """Train one network on 1,000 digits; what it does around 200 others that it names rightly."""
    chosen, draw = ARMS[arm], generator_for(seed, "digits")
    images, labels = shuffled_digits(generator_for(seed, "split"))
    x = images.flatten(1).float()
    w = chosen["scale"] * math.sqrt(2 / 64) * torch.randn(WIDTH, 64, generator=draw)
    v = chosen["scale"] * math.sqrt(1 / WIDTH) * torch.randn(10, WIDTH, generator=draw)
    if chosen.get("slow"):
        w = slow_part(w) * (64 / 25) ** 0.5
    weights, began = [w, torch.zeros(WIDTH), v, torch.zeros(10)], w.clone()
    weights = [one.requires_grad_() for one in weights]
    optimizer = torch.optim.AdamW(weights, lr=RATE, weight_decay=chosen.get("decay", 0.0) / RATE)
    for _ in range(STEPS):
        batch = torch.randint(TRAIN, (BATCH,), generator=draw)
        optimizer.zero_grad()
        functional.cross_entropy(scores(weights, x[batch]), labels[batch]).backward()
        optimizer.step()
    weights = [one.detach() for one in weights]
    right = scores(weights, x[TRAIN:]).argmax(1) == labels[TRAIN:]
    z, name = (part[TRAIN:][right][:TESTED] for part in (x, labels))
    way = nearest(lambda at: scores(weights, at), z)
    aside = torch.randn(z.shape, generator=generator_for(seed, "aside"))
    aside = aside / aside.norm(dim=1, keepdim=True)
    unit = way / way.norm(dim=1, keepdim=True)

    def kept(direction: Tensor) -> list[float]:
        return [float((scores(weights, z + far * direction).argmax(1) == name).double().mean()) for far in REACH]

    return {
        "right": float(right.double().mean()),
        "distance": float(way.norm(dim=1).median()),
        "fast_way": float(rings(way)[:, SLOW + 1 :].sum(1).median()),
        "fast_start": float(rings_together(began)[SLOW + 1 :].sum()),
        "fast_weights": float(rings_together(weights[0])[SLOW + 1 :].sum()),
        "fast_moved": float(rings_together(weights[0] - began)[SLOW + 1 :].sum()),
        "fast_data": float(rings_together(x - x.mean(0))[SLOW + 1 :].sum()),
        "crossed_way": float(crossed(weights, z, way).mean()),
        "crossed_aside": float(crossed(weights, z, aside * way.norm(dim=1, keepdim=True)).mean()),
        "kept_way": kept(unit),
        "kept_aside": kept(aside),
    }


def main() -> None:
    results = sweep(run, settings(arm=tuple(ARMS)), seeds=SEEDS)
    save(STORED, results, Provenance.here("python -m lecturelib.splines.dimensions.digits", SEEDS))


if __name__ == "__main__":
    main()
