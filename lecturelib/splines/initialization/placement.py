"""Breakpoints where the data are: the experiments of the chapter `splines/initialization` (Sahs et al. 2022, table 1).

Both starts of a pair share input and output weights; only the biases differ, which put the breakpoints elsewhere.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, same_shape
from lecturelib.core.display import Shown
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import Trajectory, descend

TARGETS = {"sine": torch.sin, "quadratic": lambda x: x**2 / 2}
STARTS = ("standard", "uniform")
# The settings of table 1 that survive; the data are a choice made here.
WIDTH, STEPS, RATE, DATA, TEST = 40, 50_000, 3e-5, 100, 1001
RADII = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]


def place_breakpoints(network: Network, breakpoints) -> Network:
    """The network with the same w, v and b₀ whose neurons bend at `breakpoints`, shape (..., H): b = −w β.

    Raises ValueError where shapes differ.
    """
    beta = as_tensor("breakpoints", breakpoints, dtype=network.w.dtype)
    same_shape(tuple(network.w.shape), "network.w", breakpoints=beta)
    return Network(network.w, -network.w * beta, network.v, network.b0)


def pair(radius: float, *, networks: int, width: int = WIDTH, generator: torch.Generator) -> Network:
    """PyTorch's default start, and the same networks with breakpoints uniform on [−radius, radius].

    Shape (2, networks, H). Raises ValueError where the radius is not positive.
    """
    if not (math.isfinite(radius) and radius > 0):
        raise ValueError(f"radius: expected a positive number, got {radius}")
    standard = initialize(width, "pytorch", generator=generator, ensemble=(networks,))
    draws = torch.rand(networks, width, generator=generator, dtype=torch.float64)
    uniform = place_breakpoints(standard, radius * (2 * draws - 1))
    parts = ((getattr(standard, name), getattr(uniform, name)) for name in ("w", "b", "v", "b0"))
    return Network(*(torch.stack(two) for two in parts))


def grid_error(network: Network, target, radius: float) -> Tensor:
    """Mean of (f − target)² over a fine grid on [−radius, radius]: shape (...)."""
    x = torch.linspace(-radius, radius, TEST, dtype=torch.float64)
    return (network(x) - target(x)).square().mean(-1)


def compare_starts(
    *, seed: int, target: str, radius: float, networks: int = 16, steps: int = STEPS, points: int = DATA
) -> dict:
    """Experiment: test error after training from either start of `pair`, on evenly spaced data in [−radius, radius].

    target: "sine" or "quadratic". Returns a list of `networks` numbers for each start, and the median distance that the
    breakpoints of the standard start inside the data moved.
    """
    if target not in TARGETS:
        raise ValueError(f"target: expected one of {', '.join(TARGETS)}, got {target!r}")
    function = TARGETS[target]
    start = pair(radius, networks=networks, generator=generator_for(seed, "placement", target, radius))
    x = torch.linspace(-radius, radius, points, dtype=torch.float64)
    run = _train(start, x, function(x), steps)
    errors = grid_error(run.final, function, radius)
    before, after = to_spline(start).breakpoints[0], to_spline(run.final).breakpoints[0]
    inside = before.abs() < radius
    return {
        **dict(zip(STARTS, errors.tolist(), strict=True)),
        "moved": float((after - before)[inside].abs().median()),
        "inside": float(inside.double().mean()),
    }


def _train(start: Network, x: Tensor, y: Tensor, steps: int) -> Trajectory:
    """Gradient descent at the rate of table 1. Raises ValueError where that rate is too large for these data."""
    run = descend(start, x, y, steps=steps, learning_rate=RATE)
    if run.diverged:
        raise ValueError(f"radius: expected data at which the rate {RATE:g} is stable, but training {run.reason}")
    return run


def bump(x: Tensor, center: Tensor) -> Tensor:
    """exp(−(x − c)²/2), flat but for |x − c| of a few: shape (..., N) from centers of shape (...)."""
    return torch.exp(-((x - center[..., None]) ** 2) / 2)


def move_the_bump(
    *, seed: int, centers: list[float], radius: float = 10.0, networks: int = 12, steps: int = STEPS, points: int = DATA
) -> dict:
    """Experiment: the same data range, the curvature of the target at different places in it.

    Returns test errors of shape (centers, networks) for each start of `pair`.
    """
    center = as_tensor("centers", centers)
    start = pair(radius, networks=networks, generator=generator_for(seed, "bump", radius))
    shape = (center.numel(), *start.w.shape)
    many = Network(*(p.expand(*shape[: p.ndim + 1]).contiguous() for p in (start.w, start.b, start.v, start.b0)))
    x, fine = (torch.linspace(-radius, radius, n, dtype=torch.float64) for n in (points, TEST))
    y = bump(x, center)[:, None, None].expand(*shape[:-1], points).contiguous()
    final = _train(many, x, y, steps).final
    errors = (final(fine) - bump(fine, center)[:, None, None]).square().mean(-1)  # (centers, 2, networks)
    return {name: errors[:, i].tolist() for i, name in enumerate(STARTS)}


class Comparison(NamedTuple):
    """Test errors of both starts: means and standard deviations over networks, the ratio of means, its standard error.

    The error of the ratio knows that the two starts of a pair share their weights.
    """

    standard: float
    standard_deviation: float
    uniform: float
    uniform_deviation: float
    ratio: float
    ratio_error: float


def compare(result) -> Comparison:
    """Sum up one result of `compare_starts`."""
    standard, uniform = (torch.tensor(result[name], dtype=torch.float64) for name in STARTS)
    one, other = standard.mean(), uniform.mean()
    relative = (standard / one - uniform / other).std() / math.sqrt(standard.numel())
    numbers = (one, standard.std(), other, uniform.std(), one / other, one / other * relative)
    return Comparison(*(float(number) for number in numbers))


# Table 1 as printed: mean and deviation for the standard start, then for uniform breakpoints. In the second row the
# slides have "1.1118" against a deviation of .0248: almost surely .1118.
PUBLISHED = {"sine": (4.096, 2.25, 2.280, 0.457), "quadratic": (0.1032, 0.0404, 0.1118, 0.0248)}


def beside_published(results, radii) -> Shown:
    """Table 1 as published, and as measured on [−R, R] for the given R: mean squared errors and their ratios."""
    rows = ["| target | data | standard start | uniform breakpoints | ratio |", "|---" * 5 + "|"]
    for target, (one, spread, other, other_spread) in PUBLISHED.items():
        losses = f"{one:g} ± {spread:g} | {other:g} ± {other_spread:g} | {one / other:.2f}"
        rows.append(f"| {target} | published, range lost | {losses} |")
        for result in results:
            if result["target"] == target and result["radius"] in radii:
                c = compare(result)
                losses = f"{c.standard:.2g} ± {c.standard_deviation:.1g} | {c.uniform:.2g} ± {c.uniform_deviation:.1g}"
                rows.append(f"| | $R = {result['radius']:g}$ | {losses} | {c.ratio:.3g} ± {c.ratio_error:.1g} |")
    return Shown.markdown("\n".join(rows))


def main(path: str = "chapters/splines/data/initialization.json", networks: int = 64) -> None:
    """Table 1 over the range of the data, stored: `python -m lecturelib.splines.initialization.placement`."""
    torch.set_num_threads(1)
    over = settings(target=list(TARGETS), radius=RADII, networks=[networks])
    results = sweep(compare_starts, over, seeds=[0])
    save(Path(path), results, Provenance.here("python -m lecturelib.splines.initialization.placement", [0]))


if __name__ == "__main__":
    main()
