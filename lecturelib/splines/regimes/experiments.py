"""Experiments of the chapter `splines/regimes`: the scale α of the start, gaps in the data, spiky starts.

`python -m lecturelib.splines.regimes.experiments` repeats the long runs and stores them in data/, beside this file.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, rescale, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.flows import evenly_spread, kernel_flow, roughness_between, stable_rate
from lecturelib.splines.regimes.interpolants import cubic_limit, first_gap, linear_interpolant, natural_cubic
from lecturelib.splines.training.descend import Trajectory, descend

COMMAND = "python -m lecturelib.splines.regimes.experiments"
DATA = Path(__file__).with_name("data")
ALPHAS = tuple(10 ** (k / 2) for k in range(-4, 7))
STARTS = ("uniform, flat", "He, flat", "He")


def scattered(generator: torch.Generator, size: int = 8, zigzag: bool = False) -> tuple[Tensor, Tensor]:
    """Random data: x_n near a grid on [−1, 1], moved by up to a fifth of its spacing, y_n standard normal: shape (N,).

    The shift keeps points apart, since two that nearly coincide take for ever to fit. zigzag: the y_n take turns in
    sign, so that neighbouring corners of the polygon bend to opposite sides.
    """
    shift = 2 * torch.rand(size, generator=generator, dtype=torch.float64) - 1
    x = torch.linspace(-1, 1, size, dtype=torch.float64) + 0.4 / (size - 1) * shift
    y = torch.randn(size, generator=generator, dtype=torch.float64)
    turns = (-1.0) ** torch.arange(size, dtype=torch.float64)
    return x.clamp(-1, 1), turns * y.abs() if zigzag else y


def train(network: Network, x: Tensor, y: Tensor, steps: int, **options) -> Trajectory:
    """Momentum at a rate scaled to each network's sharpness; in the kernel limit it ends where gradient flow does."""
    rate = stable_rate(network, x, y)
    return descend(network, x, y, steps=steps, learning_rate=rate, optimizer="momentum", **options)


def at_scales(start: str, alphas, width: int, generator: torch.Generator) -> Network:
    """One network moved to every α along its orbit: shape (A, H). start: one of `STARTS`; flat means v = 0."""
    if start not in STARTS:
        raise ValueError(f"start: expected one of {', '.join(STARTS)}, got {start!r}")
    one = initialize(width, "flat" if start.startswith("uniform") else "he", generator=generator)
    v = torch.zeros_like(one.v) if start.endswith("flat") else one.v
    alpha = torch.as_tensor(alphas, dtype=torch.float64)[:, None]
    return Network(alpha * one.w, alpha * one.b, v / alpha, torch.zeros(len(alphas)))


def between(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor, Callable[[Tensor, Tensor], list[float]]]:
    """401 places from end to end of the data, the polygon and the natural cubic spline there, and a measure of curves.

    It gives the root of the mean over the places of the squared distance of two curves, (..., 401), relative to that of
    polygon and spline: a list for shape (...).
    """
    z = torch.linspace(float(x.min()), float(x.max()), 401, dtype=torch.float64)
    polygon, cubic = linear_interpolant(x, y)(z), natural_cubic(x, y)(z)
    unit = (polygon - cubic).square().mean().sqrt()
    return z, polygon, cubic, lambda one, other: ((one - other).square().mean(-1).sqrt() / unit).tolist()


def scale_sweep(*, seed: int, start: str, width: int, steps: int, alphas=ALPHAS, zigzag=False) -> dict[str, list]:
    """Experiment: one start, moved to every α and trained on random data; how far from three functions it ends.

    to_linear, to_cubic, to_kernel: distance to the polygon, to the natural cubic spline and to the kernel limit of the
    same start, as `between` measures it; loss: at the end, relative to ½ Σ y²; one number for each α.
    """
    x, y = scattered(generator_for(seed, "scattered"), zigzag=zigzag)
    begun = at_scales(start, alphas, width, generator_for(seed, "start", start, width))
    run = train(begun, x, y, steps)
    z, polygon, cubic, apart = between(x, y)
    others = {"to_linear": polygon, "to_cubic": cubic, "to_kernel": kernel_flow(begun, x, y)(z)[-1]}
    found = {name: apart(run.final(z), other) for name, other in others.items()}
    return found | {"loss": (run.losses[-1] / (0.5 * y.square().sum())).tolist()}


def moved(*, seed: int, alpha: float, width: int = 40, steps: int = 20_000) -> dict[str, float]:
    """Experiment: how far training at scale α moves breakpoints, delta-slopes, v and b₀, from breakpoints on [−1, 1].

    Medians over the neurons of the absolute change; that of v relative to the start's root mean square.
    """
    x, y = scattered(generator_for(seed, "scattered"), 5)
    start = rescale(initialize(width, "uniform_breakpoints", generator=generator_for(seed, "moved")), alpha)
    end = train(start, x, y, steps).final
    before, after = to_spline(start), to_spline(end)
    change = {name: getattr(after, name) - getattr(before, name) for name in ("breakpoints", "delta_slopes")}
    change |= {"v": (end.v - start.v) / start.v.square().mean().sqrt(), "b0": end.b0[None]}
    return {name: float(part.abs().median()) for name, part in change.items()}


def natural_gap(*, seed: int, half_width: float, width: int) -> dict[str, float]:
    """Experiment: how far the kernel limit is from the natural cubic spline, as `between` measures it.

    limit: at infinite width with breakpoints even over [−B, B]; first: its first term in 1/B; grid: at this width,
    breakpoints on a grid; random: drawn at random, Gaussian input weights.
    """
    x, y = scattered(generator_for(seed, "scattered"))
    z, _, cubic, apart = between(x, y)
    interval = (-half_width, half_width)
    drawn = initialize(width, "flat", interval=interval, generator=generator_for(seed, "drawn", width, half_width))
    found = {
        "limit": cubic_limit(x, y, half_width)(z),
        "first": cubic + first_gap(x, y)(z) / half_width,
        "grid": kernel_flow(evenly_spread(width // 2, half_width), x, y)(z),
        "random": kernel_flow(drawn, x, y)(z),
    }
    return {name: apart(curve, cubic) for name, curve in found.items()}


def adam_run(
    *, seed: int, alpha: float, width: int = 1000, steps: int = 20_000
) -> tuple[Tensor, Tensor, Network, dict[str, Trajectory]]:
    """Random data, one network (1, H) with flat output at scale α, and its training by momentum and by Adam."""
    x, y = scattered(generator_for(seed, "scattered"))
    start = at_scales("uniform, flat", (alpha,), width, generator_for(seed, "start", "uniform, flat", width))
    # Adam moves each weight by about its rate a step, and output weights have to become of order 1 / (α H).
    rate = 0.1 / (max(alpha, 1.0) * width)
    adam = descend(start, x, y, steps=steps, learning_rate=rate, optimizer="adam")
    return x, y, start, {"momentum": train(start, x, y, steps), "adam": adam}


def by_adam(*, seed: int, alpha: float, width: int = 1000, steps: int = 20_000) -> dict[str, float]:
    """Experiment: how far both runs of `adam_run` end from the kernel limit, as `between` measures; their losses."""
    x, y, start, runs = adam_run(seed=seed, alpha=alpha, width=width, steps=steps)
    z, _, _, apart = between(x, y)
    far = {name: apart(run.final(z), kernel_flow(start, x, y)(z))[0] for name, run in runs.items()}
    return far | {f"{name}_loss": float(run.losses[-1] / (0.5 * y.square().sum())) for name, run in runs.items()}


GAP = (-0.5, 0.5)
GAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "smooth": lambda x: x + 0.25 * torch.sign(x),
    "sharp": lambda x: -x + 1.5 * torch.sign(x),
}


def gap_data(kind: str, size: int = 10) -> tuple[Tensor, Tensor]:
    """Twenty points on two lines, none between −½ and ½. kind: "smooth" needs two turns of ½, "sharp" two of 3."""
    if kind not in GAPS:
        raise ValueError(f"kind: expected one of {', '.join(GAPS)}, got {kind!r}")
    side = torch.linspace(GAP[1], 1, size, dtype=torch.float64)
    x = torch.cat([-side.flip(0), side])
    return x, GAPS[kind](x)


def gap_run(*, seed: int, kind: str, width: int, scale: float, steps: int) -> tuple[Network, Trajectory]:
    """He's start with all weights multiplied by `scale`, and its training on `gap_data`."""
    x, y = gap_data(kind)
    one = initialize(width, "he", generator=generator_for(seed, "gap", width))
    one = one.map(lambda part: scale * part)  # b₀ is 0
    return one, train(one, x, y, steps)


def gap_roughness(*, seed: int, kind: str, width: int, scale: float, steps: int) -> dict[str, float]:
    """Experiment: roughness Σ μ_i² in the gap after training from He's start with all weights multiplied by `scale`.

    start, measured, predicted: before, after, and after training the output weights alone to the end. loss: final.
    """
    x, y = gap_data(kind)
    one, run = gap_run(seed=seed, kind=kind, width=width, scale=scale, steps=steps)
    after = {"start": one, "measured": run.final, "predicted": kernel_flow(one, x, y)}
    return {**{name: float(roughness_between(net, *GAP)) for name, net in after.items()}, "loss": float(run.losses[-1])}


def default_gap(*, seed: int, kind: str, width: int, rate: float = 3e-5, steps: int = 50_000) -> dict[str, float]:
    """Experiment: `gap_data` from PyTorch's default start by plain descent, at the rate and for the steps of Patel.

    start, measured: roughness in the gap before and after; loss: at the end, relative to that of the start.
    """
    x, y = gap_data(kind)
    one = initialize(width, "pytorch", generator=generator_for(seed, "default gap", width))
    run = descend(one, x, y, steps=steps, learning_rate=rate)
    after = {"start": one, "measured": run.final}
    found = {name: float(roughness_between(net, *GAP)) for name, net in after.items()}
    return {**found, "loss": float(run.losses[-1] / run.losses[0])}


REACH = 3.0
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {
    "sine": lambda x: torch.sin(math.pi * x),
    "arctan": torch.atan,
    "sawtooth": lambda x: x - torch.round(x),
    "cubic": lambda x: x**3 / 3,
    "quadratic": lambda x: x**2 / 2,
    "exp": torch.exp,
}


def spiky_data(*, seed: int, target: str, size: int = 24) -> tuple[Tensor, Tensor]:
    """One random point in each of so many cells of [−3, 3], and the target there: shapes (size,).

    Raises ValueError for a target that is not one of `TARGETS`.
    """
    if target not in TARGETS:
        raise ValueError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
    data = generator_for(seed, "spiky data")
    cells = torch.linspace(-REACH, REACH, size + 1, dtype=torch.float64)
    x = cells[:-1] + (cells[1] - cells[0]) * (0.1 + 0.8 * torch.rand(size, generator=data, dtype=torch.float64))
    return x, TARGETS[target](x)


def spiky_run(*, seed: int, target: str, width: int, steps: int, size: int = 24) -> tuple[Tensor, Network, Trajectory]:
    """Random points of [−3, 3], an even and a spiky start, shape (2, H), and their training.

    Both have breakpoints uniform on [−3, 3] and the same weights but for the scale of v, which is √H times larger in
    the spiky one. Raises ValueError as `spiky_data` does.
    """
    x, y = spiky_data(seed=seed, target=target, size=size)
    even = initialize(width, "uniform_breakpoints", interval=(-REACH, REACH), generator=generator_for(seed, width))
    both = torch.tensor([[1.0], [math.sqrt(width)]], dtype=torch.float64)
    starts = Network(even.w.expand(2, -1), even.b.expand(2, -1), both * even.v, torch.zeros(2))
    return x, starts, train(starts, x, y, steps)


def spiky_test(*, seed: int, target: str, width: int, steps: int, size: int = 24) -> dict[str, float]:
    """Experiment: mean squared error of both runs of `spiky_run` at 601 places between its points, and on the points.

    standard, spiky: between; standard_fit, spiky_fit: on the points.
    """
    x, _, run = spiky_run(seed=seed, target=target, width=width, steps=steps, size=size)
    z = torch.linspace(float(x.min()), float(x.max()), 601, dtype=torch.float64)
    test, fit = (run.final(z) - TARGETS[target](z)).square().mean(-1), 2 * run.losses[-1] / size
    names = ("standard", "spiky", "standard_fit", "spiky_fit")
    return dict(zip(names, torch.cat([test, fit]).tolist(), strict=True))


WIDTHS, SCALES = [20, 30, 50, 80, 120, 200], [0.25, 0.5, 1.0, 1.5, 2.0, 3.0]
LONG = {
    "scale": (scale_sweep, settings(start=STARTS, width=[400], steps=[100_000]), range(10)),
    "width": (gap_roughness, settings(kind=GAPS, width=WIDTHS, scale=[1.0], steps=[100_000]), range(12)),
    "variance": (gap_roughness, settings(kind=GAPS, width=[100], scale=SCALES, steps=[100_000]), range(12)),
    "spiky": (spiky_test, settings(target=TARGETS, width=[100], steps=[100_000]), range(20)),
}
"""Name of a file in data/ → experiment, settings and seeds of what is stored there."""


if __name__ == "__main__":
    for name, (run, over, seeds) in LONG.items():
        save(DATA / f"{name}.json", sweep(run, over, seeds=seeds), Provenance.here(COMMAND, seeds))
