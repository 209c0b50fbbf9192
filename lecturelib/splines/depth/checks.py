"""Checks of the chapter `splines/depth`."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, has_mean, is_at_most
from lecturelib.core.claims import claim
from lecturelib.splines.depth.checks_problems import drawn, flat, networks, pre_activations, zeros
from lecturelib.splines.depth.counting import breakpoints_of, expected_breakpoints, most_pieces, zigzag
from lecturelib.splines.depth.moving import breakpoint_speed

Layers = list[tuple[Tensor, Tensor]]


# Where the function bends


def jumps_by_sides(layers: Layers) -> Tensor:
    """Change of slope of the function across each breakpoint in (−4, 4), by its values a little to both sides."""
    found, places = [], torch.tensor([one[2] for one in zeros(layers)], dtype=torch.float64)
    for place in places:
        apart = (places - place).abs()
        step = float(apart[apart > 0].min().clamp(max=0.1)) / 4 if len(places) > 1 else 0.1
        x = place + step * torch.tensor([-2.0, -1.0, 1.0, 2.0], dtype=torch.float64)
        f = pre_activations(layers, x)[-1][:, 0]
        found.append((f[3] - f[2] - f[1] + f[0]) / step)
    return torch.stack(found) if found else torch.zeros(0, dtype=torch.float64)


def jumps_of_library(layers: Layers) -> Tensor:
    found = breakpoints_of(*flat(layers), low=-4.0, high=4.0)
    return torch.where(found.active, (found.slopes[1:] - found.slopes[:-1])[:, 0], 0.0)


def path_jumps(layers: Layers, *, factor: float = 1.0, size: bool = True) -> Tensor:
    """Slope of the unit, up to its sign, times the sum over open paths to the output of the products of weights."""
    found = []
    for number, unit, place in zeros(layers):
        z = pre_activations(layers, torch.tensor([place], dtype=torch.float64))
        slope = torch.ones(1, dtype=torch.float64)
        for k in range(number + 1):
            slope = layers[k][0] @ slope
            slope = slope * (z[k][0] > 0) if k < number else slope[unit]
        paths = layers[number + 1][0][:, unit]
        for k in range(number + 1, len(layers) - 1):
            paths = layers[k + 1][0] @ (paths * (z[k][0] > 0))
        found.append(factor * (slope.abs() if size else slope) * paths[0])
    return torch.stack(found) if found else torch.zeros(0, dtype=torch.float64)


@claim(
    "thm-depth-bends",
    source="patel: definition 1",
    check=equals(jumps_by_sides, on=networks, tolerance=1e-8, floor=1.0),
    also=(jumps_of_library,),
    wrong={"the slope with its sign": {"size": False}, "half of it": {"factor": 0.5}},
)
def bends(layers, *, factor=1.0, size=True):
    return path_jumps(layers, factor=factor, size=size)


# How many pieces


def counted(generator: Generator) -> Iterator[tuple[Layers, tuple[int, ...]]]:
    """Networks that have as many pieces as there can be, and random ones."""
    for widths in ((3,), (3, 3), (4, 3), (3, 5), (3, 3, 3)):
        layout, theta = zigzag(widths)
        yield list(layout.layers(theta)), widths
        yield drawn(generator, (1, *widths, 1)), widths


def pieces_by_samples(layers: Layers, widths: tuple[int, ...]) -> float:
    """1 + how often the second difference of samples is not 0, neighbours of one bend counted once."""
    x = torch.linspace(-3.0, 4.0, 140_001, dtype=torch.float64) + 1e-7
    f = pre_activations(layers, x)[-1][:, 0]
    bent = (f[2:] - 2 * f[1:-1] + f[:-2]).abs() > 1e-9 * f.diff().abs().max()
    return 1.0 + float((bent[1:] & ~bent[:-1]).sum()) + float(bent[0])


@claim(
    "thm-depth-most",
    source="own",
    check=is_at_most(pieces_by_samples, on=counted),
    also=(lambda layers, widths: float(most_pieces(widths)),),
    wrong={
        "as many as units": lambda layers, widths: 1.0 + sum(widths),
        "without 1": {"one": 0.0},
    },
)
def most(layers, widths, *, one=1.0):
    return math.prod(width + one for width in widths)


def lines_through(generator: Generator) -> Iterator[tuple[Tensor, Tensor, float]]:
    """(knots, values, standard deviation of the bias): paths that rise and fall, flat parts among them."""
    for count, scale in ((2, 1.0), (6, 0.5), (12, 2.0)):
        values = torch.randn(count, generator=generator, dtype=torch.float64)
        values[count // 2] = values[count // 2 - 1]
        yield torch.linspace(-1, 1, count, dtype=torch.float64), 2 * values, scale


def crossings_by_chance(generator: Generator, knots: Tensor, values: Tensor, scale: float) -> Tensor:
    """How often values + b changes its sign, for 60,000 biases b."""
    bias = scale * torch.randn(60_000, 1, generator=generator, dtype=torch.float64)
    return ((values[1:] + bias > 0) != (values[:-1] + bias > 0)).double().sum(-1)


@claim(
    "thm-depth-start",
    source="hanin2019: theorem 1",
    check=has_mean(crossings_by_chance, on=lines_through),
    also=(lambda knots, values, scale: expected_breakpoints(knots, values, bias_scale=scale),),
    wrong={
        "the rise alone": lambda knots, values, scale: (
            torch.special.ndtr(values[-1] / scale) - torch.special.ndtr(values[0] / scale)
        ).abs(),
        "the greatest density everywhere": lambda knots, values, scale: (
            values.diff().abs().sum() / (scale * math.sqrt(2 * math.pi))
        ),
    },
)
def at_the_start(knots, values, scale, *, factor=1.0):
    """∫ |g'(x)| p(−g(x)) dx, piece by piece: the integral of the density from one value to the next."""
    below = (1 + torch.erf(values / (scale * math.sqrt(2)))) / 2
    return factor * below.diff().abs().sum()


def narrow(generator: Generator) -> list[tuple[tuple[int, ...], float]]:
    """Hidden widths, and the place at which slopes are taken."""
    return [((3,), 0.3), ((4, 2), -1.0), ((3, 4, 2), 0.5)]


def squared_slopes(generator: Generator, widths: tuple[int, ...], place: float) -> Tensor:
    """z'(x)² of a unit in each hidden layer, of 150,000 random starts as PyTorch draws them: (S, L)."""
    draws, found = 150_000, []
    h, slope = torch.full((draws, 1), place, dtype=torch.float64), torch.ones(draws, 1, dtype=torch.float64)
    for fan, width in zip((1, *widths), widths, strict=False):
        weights, biases = (
            (2 * torch.rand(draws, width, size, generator=generator, dtype=torch.float64) - 1) / fan**0.5
            for size in (fan, 1)
        )
        z = (weights @ h[:, :, None] + biases)[:, :, 0]
        slope = (weights @ slope[:, :, None])[:, :, 0]
        found.append(slope[:, 0].square())
        h, slope = z.clamp(min=0), slope * (z > 0)
    return torch.stack(found, 1)


@claim(
    "prop-depth-slopes",
    source="own",
    check=has_mean(squared_slopes, on=narrow),
    wrong={
        "no layer takes anything": {"kept": 1.0},
        "a third is kept": {"kept": 1 / 3},
    },
)
def slopes(widths, place, *, first=1 / 3, kept=1 / 6):
    return torch.tensor([first * kept**layer for layer in range(len(widths))], dtype=torch.float64)


# How breakpoints move


def moving(generator: Generator) -> Iterator[tuple[Layers, Layers]]:
    """Networks and random velocities of all their numbers."""
    for sizes in ((1, 4, 1), (1, 3, 4, 1), (1, 4, 3, 3, 1)):
        yield drawn(generator, sizes), drawn(generator, sizes)


def speeds_by_difference(layers: Layers, velocity: Layers) -> Tensor:
    """(β after − β before) / 2τ, found in networks moved by ±τ."""
    step = 1e-6
    before, after = (
        zeros([(w + sign * step * dw, b + sign * step * db) for (w, b), (dw, db) in zip(layers, velocity, strict=True)])
        for sign in (-1, 1)
    )
    assert [one[:2] for one in before] == [one[:2] for one in after]
    return torch.tensor([(b[2] - a[2]) / (2 * step) for a, b in zip(before, after, strict=True)], dtype=torch.float64)


@claim(
    "thm-depth-speed",
    source="own",
    check=equals(speeds_by_difference, on=moving, tolerance=1e-7, floor=1.0),
    also=(
        lambda layers, velocity: breakpoint_speed(
            *flat(layers), flat(velocity)[1], breakpoints_of(*flat(layers), low=-4.0, high=4.0)
        ),
    ),
    wrong={"the floor held still": {"floor": 0.0}, "the other way": {"sign": 1.0}},
)
def speed(layers, velocity, *, sign=-1.0, own=1.0, floor=1.0):
    """− (ḃ + ẇ · h + w · ḣ) / (w · h'), layer by layer from below."""
    found = []
    for number, unit, place in zeros(layers):
        h, slope = torch.tensor([place], dtype=torch.float64), torch.ones(1, dtype=torch.float64)
        moved = torch.zeros(1, dtype=torch.float64)
        for k in range(number + 1):
            (w, b), (dw, db) = layers[k], velocity[k]
            z, slope = w @ h + b, w @ slope
            moved = own * (db + dw @ h) + floor * (w @ moved)
            on = (z > 0).double() if k < number else torch.ones_like(z)
            h, slope, moved = z.clamp(min=0), slope * on, moved * on
        found.append(sign * moved[unit] / slope[unit])
    return torch.stack(found) if found else torch.zeros(0, dtype=torch.float64)


def newborn(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor, float]]:
    """(w, b, v, place of a breakpoint β at which Σ v h is least nearby, by how much it is below 0 there)."""
    for dip in (1e-3, 1e-2):
        w = torch.tensor([1.3, -0.7, 0.9], dtype=torch.float64)
        beta = torch.tensor([0.0, 1.5, -2.0], dtype=torch.float64) + 0.2 * torch.rand(3, generator=generator)
        v = torch.tensor([2.0, 1.0, -0.5], dtype=torch.float64) * (1 + 0.2 * torch.rand(3, generator=generator))
        yield w, -w * beta, v, beta[0], dip


def born(w: Tensor, b: Tensor, v: Tensor, place: Tensor, dip: float) -> Tensor:
    """The zeros of z(x) − z(β) − dip next to β, by bisection on both sides."""

    def z(x: Tensor) -> Tensor:
        return v @ torch.relu(w * x + b)

    level, found = z(place) + dip, []
    for side in (-1.0, 1.0):
        near, far = place, place + side * 0.3
        for _ in range(60):
            middle = (near + far) / 2
            near, far = (middle, far) if z(middle) < level else (near, middle)
        found.append(near)
    return torch.stack(found)


@claim(
    "prop-depth-births",
    source="own",
    check=equals(born, on=newborn),
    wrong={
        "as at a smooth minimum, with a root": {"power": 0.5},
        "both with the slope to the right": lambda w, b, v, place, dip: (
            place + dip / (w @ (v * (w * place + b > 1e-9)) + w[0] * v[0]) * torch.tensor([-1.0, 1.0])
        ),
    },
)
def births(w, b, v, place, dip, *, size=1.0, power=1.0):
    """β + dip / m on both sides, with the slopes m of z there."""
    others = (w * v * (w * place + b > 0))[1:].sum()
    slopes = torch.stack([others, others + w[0] * v[0]])
    return place + size * dip**power / slopes
