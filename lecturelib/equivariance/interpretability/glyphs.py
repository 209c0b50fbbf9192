"""Pictures with a known answer: a shape with a texture at a known place in noise, and networks that name it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Generator, Tensor
from torch.nn import functional

from lecturelib.core.experiments import generator_for
from lecturelib.equivariance.augmentation.filters import stacked

SIZE, GLYPH, NOISE = 24, 12, 0.5
"""Pixels of a picture, which is a ring, and of a glyph along each axis; standard deviation of the noise."""
SHAPES = ("ring", "plus", "times", "corner")
TEXTURES = {"upright": (6, 0), "level": (0, 6), "rising": (4, 4), "falling": (4, -4)}
"""Waves in a picture along both axes (columns, rows)."""
CHANNELS = (6, 12, 12, 12)
STRIDES, SPREAD = (1, 2, 1, 1), (1, 1, 1, 2)
"""Strides of the layers, and how far apart the places of a filter are."""
BATCH, RATE = 48, 0.01
STEPS = {"agree": 250, "shape": 500}


class Pictures(NamedTuple):
    """Pictures (B, 1, 24, 24), the shape and texture of each (B,), and where the glyph's square is (B, 24, 24)."""

    x: Tensor
    shape: Tensor
    texture: Tensor
    place: Tensor


def outlines() -> Tensor:
    """The four shapes with 1 where there is ink: (4, 12, 12)."""
    at = torch.arange(GLYPH) - (GLYPH - 1) / 2
    row, column = at[:, None], at
    far = torch.hypot(row, column)
    edge = torch.maximum(row.abs(), column.abs()) < 6
    plus = (row.abs() < 2) | (column.abs() < 2)
    times = ((row - column).abs() < 3) | ((row + column).abs() < 3)
    corner = (row > 2) | (column < -2)
    return torch.stack([(far < 6.1) & (far > 2.6), plus & edge, times & edge, corner & edge]).double()


def draw_pictures(count: int, generator: Generator, cues: Literal["agree", "shape", "conflict"] = "agree") -> Pictures:
    """Pictures in which shape and texture agree (the same number), or the texture is any, or any other."""
    draw = lambda high: torch.randint(high, (count,), generator=generator)  # noqa: E731
    shape = draw(4)
    texture = {"agree": shape, "shape": draw(4), "conflict": (shape + 1 + draw(3)) % 4}[cues]
    phase = 2 * math.pi * torch.rand(count, generator=generator, dtype=torch.float64)
    waves = torch.tensor(list(TEXTURES.values()), dtype=torch.float64)[texture] * 2 * math.pi / SIZE
    at = torch.arange(SIZE, dtype=torch.float64)
    angle = waves[:, 0, None, None] * at + waves[:, 1, None, None] * at[:, None] + phase[:, None, None]
    apart = SIZE - GLYPH
    ink = functional.pad(outlines()[shape], (0, apart, 0, apart)) * (1 + torch.cos(angle))
    place = functional.pad(torch.ones(count, GLYPH, GLYPH, dtype=torch.float64), (0, apart, 0, apart))
    row, column = draw(apart + 1), draw(apart + 1)
    rows = (torch.arange(SIZE) - row[:, None]) % SIZE
    columns = (torch.arange(SIZE) - column[:, None]) % SIZE
    each = torch.arange(count)[:, None, None]
    ink, place = (one[each, rows[:, :, None], columns[:, None]] for one in (ink, place))
    noise = NOISE * torch.randn(count, SIZE, SIZE, generator=generator, dtype=torch.float64)
    return Pictures((ink + noise)[:, None].float(), shape, texture, place)


def start(generator: Generator) -> list[Tensor]:
    """Weights with the variance 2/inputs and biases 0: [weights, biases, weights, …]."""
    found, before = [], 1
    for channels in CHANNELS:
        found += [torch.randn(channels, before, 3, 3, generator=generator) * math.sqrt(2 / (9 * before))]
        found += [torch.zeros(channels)]
        before = channels
    found += [torch.randn(4, before, generator=generator) / math.sqrt(before), torch.zeros(4)]
    return [one.requires_grad_() for one in found]


def features(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """The last maps of channels, (B, 1, 24, 24) → (B, 12, 12, 12)."""
    for layer, (stride, spread) in enumerate(zip(STRIDES, SPREAD, strict=True)):
        ring = functional.pad(x, (spread,) * 4, mode="circular")
        x = functional.conv2d(ring, *weights[2 * layer : 2 * layer + 2], stride=stride, dilation=spread).relu()
    return x


def scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """The mean of each channel, and a linear layer: (B, 1, 24, 24) → (B, 4)."""
    return functional.linear(features(weights, x).mean((2, 3)), weights[-2], weights[-1])


def all_scores(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    """Of networks whose weights are stacked, each on its own pictures: (S, B, 1, 24, 24) → (S, B, 4)."""
    return torch.func.vmap(scores)(list(weights), x)


def train(
    seeds: Sequence[int], cues: Literal["agree", "shape"] = "agree", steps: int | None = None, device: str = "cpu"
) -> list[Tensor]:
    """Networks that have learned to name the shape, from new pictures at every step, one per seed: stacked weights."""
    steps = steps or STEPS[cues]
    draws = [generator_for(seed, "glyphs", cues) for seed in seeds]
    weights = [one.requires_grad_() for one in stacked([start(draw) for draw in draws], device)]
    optimizer = torch.optim.Adam(weights, lr=RATE)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
        x, shape, *_ = stacked([draw_pictures(BATCH, draw, cues) for draw in draws], device)
        optimizer.zero_grad()
        loss = functional.cross_entropy(all_scores(weights, x).flatten(0, 1), shape.flatten())
        (len(draws) * loss).backward()  # the sum over seeds of the mean over pictures
        optimizer.step()
    return [one.detach() for one in weights]
