"""Breakpoints where the data are: the experiments of the chapter `splines/initialization` (Sahs et al. 2022, table 1).

Both starts of a pair share input and output weights; only the biases differ, which put the breakpoints elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, Positive, Reals, Seed, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.splines.breakpoints.network import Network, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend

Target = Literal["sine", "quadratic"]
TARGETS: dict[str, Callable[[Tensor], Tensor]] = {"sine": torch.sin, "quadratic": lambda x: x**2 / 2}
STARTS = ("standard", "uniform")
# The settings of table 1 that survive; the data are a choice made here.
WIDTH, STEPS, RATE, DATA, TEST = 40, 50_000, 3e-5, 100, 1001
STORED = settings(target=TARGETS, half_width=[float(end) for end in range(1, 13)], ensemble=[64])


@checked
def place_breakpoints(network: Annotated[Network, "... H"], breakpoints: Annotated[Array, "... H"]) -> Network:
    """The network with the same w, v and b₀ whose neurons bend at `breakpoints`, shape (..., H): b = −w β.

    >>> place_breakpoints(Network([2.0, -1.0], [0.0, 5.0], [1.0, 3.0], 0.5), [4.0, -2.0]).b
    tensor([-8., -2.], dtype=torch.float64)
    """
    return Network(network.w, -network.w * breakpoints, network.v, network.b0)


@checked
def pair(half_width: Positive, *, ensemble: Ensemble, width: Count = WIDTH, generator: torch.Generator) -> Network:
    """PyTorch's default start, and the same networks with breakpoints uniform on [−half_width, half_width].

    Shape (2, *ensemble, H).
    """
    standard = initialize(width, "pytorch", generator=generator, ensemble=ensemble)
    draws = torch.rand(standard.w.shape, generator=generator, dtype=torch.float64)
    two = (standard, place_breakpoints(standard, half_width * (2 * draws - 1)))
    return Network(*(torch.stack([getattr(one, name) for one in two]) for name in ("w", "b", "v", "b0")))


def learn(start: Network, target: Callable, half_width: float, steps: int) -> tuple[Network, Tensor]:
    """Networks after gradient descent on evenly spaced data in ±half_width at the rate of table 1, and their errors.

    Errors are means of (f − target)² over a fine grid: shape (...).
    """
    x, fine = (torch.linspace(-half_width, half_width, points, dtype=torch.float64) for points in (DATA, TEST))
    run = descend(start, x, target(x), steps=steps, learning_rate=RATE)
    if run.diverged:
        raise ValueError(f"half_width: expected data at which the rate {RATE:g} is stable, but training {run.reason}")
    return run.final, (run.final(fine) - target(fine)).square().mean(-1)


@checked
def compare_starts(
    *, seed: Seed, target: Target, half_width: Positive, ensemble: Count = 16, steps: Count = STEPS
) -> dict[str, Any]:
    """Experiment: test error after training from either start of `pair`, on evenly spaced data in ±half_width.

    Returns the errors of the `ensemble` for each start, the median distance that those breakpoints of the standard
    start moved that lay inside the data, and their share. Raises ValueError where training diverges.

    >>> found = compare_starts(seed=0, target="sine", half_width=3.0, ensemble=2, steps=10)
    >>> len(found["standard"]), found["inside"]
    (2, 0.8)
    """
    start = pair(half_width, ensemble=ensemble, generator=generator_for(seed, "placement", target, half_width))
    final, errors = learn(start, TARGETS[target], half_width, steps)
    before, after = (to_spline(one).breakpoints[0] for one in (start, final))
    inside = before.abs() < half_width
    moved = float((after - before)[inside].abs().median())
    return dict(zip(STARTS, errors.tolist(), strict=True)) | {"moved": moved, "inside": float(inside.double().mean())}


@checked
def move_the_bump(
    *, seed: Seed, centers: Reals, half_width: Positive = 10.0, ensemble: Count = 12, steps: Count = STEPS
) -> dict[str, Any]:
    """Experiment: the same data range, a target exp(−(x − c)²/2) that curves at different places in it.

    Returns test errors of shape (centers, ensemble) for each start of `pair`. Raises ValueError where training
    diverges.

    >>> found = move_the_bump(seed=0, centers=[0.0, 5.0, 8.0], ensemble=2, steps=10)
    >>> len(found["uniform"]), len(found["uniform"][0])
    (3, 2)
    """
    start = pair(half_width, ensemble=ensemble, generator=generator_for(seed, "bump", half_width))
    c = torch.tensor(centers, dtype=torch.float64)[:, None, None, None].expand(-1, *start.shape, 1)
    many = start.map(lambda part: part.expand(len(centers), *part.shape).contiguous())  # (centers, 2, ensemble)
    _, errors = learn(many, lambda x: torch.exp(-((x - c) ** 2) / 2), half_width, steps)
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


def compare(result: Mapping[str, Any]) -> Comparison:
    """Sum up one result of `compare_starts`."""
    standard, uniform = (torch.tensor(result[name], dtype=torch.float64) for name in STARTS)
    one, other = standard.mean(), uniform.mean()
    relative = (standard / one - uniform / other).std() / math.sqrt(standard.numel())
    return Comparison(*map(float, (one, standard.std(), other, uniform.std(), one / other, one / other * relative)))


if __name__ == "__main__":  # table 1 over the range of the data, stored
    torch.set_num_threads(1)
    here = Provenance.here("python -m lecturelib.splines.initialization.placement", [0])
    save("chapters/splines/data/initialization.json", sweep(compare_starts, STORED, seeds=[0]), here)
