r"""How flat the loss is at the end of training, against the width; and the degenerate networks of the sources.

The counting is in `lecturelib.splines.loss_surface.hessian`; see section 2.4 of Sahs et al. 2022.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Count, Natural, Seed, checked
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.expansion import sine
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.loss_surface.hessian import One, Places, hessian, jacobian, measured_zeros, zero_count
from lecturelib.splines.loss_surface.slices import from_he


@checked
def settle(network: One, x: Places, y: Places, *, steps: Natural = 30) -> Network:
    """Finish a training run: shortest Gauss-Newton steps, of which as much is taken as lowers the loss.

    Converges quadratically to a fit without error where one is near, and stops where no step helps.

    >>> settle(Network([1.0], [0.0], [1.0], 0.0), [1.0, 2.0], [3.0, 5.0])([1.0, 2.0]).round().tolist()
    [3.0, 5.0]
    """
    width = network.w.numel()
    for _ in range(steps):
        r = network(x) - y
        step = torch.linalg.lstsq(jacobian(network, x), -r, driver="gelsd").solution
        w, b, v, (b0,) = step.split([width, width, width, 1])
        shares = (0.5**halvings for halvings in range(10))
        tried = (Network(network.w + t * w, network.b + t * b, network.v + t * v, network.b0 + t * b0) for t in shares)
        better = next((one for one in tried if (one(x) - y).square().sum() < r.square().sum()), None)
        if better is None:
            break
        network = better
    return network


@checked
def spectra(*, seed: Seed, width: Count, points: Count = 10, steps: Count = 3000) -> tuple[Network | Tensor, ...]:
    """A He start and where training takes it, and the data: (start, end, x, y), sin 3x at points spread over [−1, 1].

    >>> start, end, x, y = spectra(seed=0, width=8, points=2, steps=10)
    >>> bool((end(x) - y).abs().max() < 1e-10)
    True
    """
    generator = generator_for(seed, "flatness", width, points)
    jitter = 0.5 * (torch.rand(points, generator=generator, dtype=torch.float64) - 0.5)
    x = 2 * (torch.arange(points) + 0.5 + jitter) / points - 1
    y = sine(3.0).value(x)
    start, end = from_he(width, x, y, steps=steps, generator=generator)
    return start, settle(end, x, y), x, y


@checked
def flat_share(*, seed: Seed, width: Count, points: Count = 10) -> dict[str, float]:
    """Experiment: share of zero eigenvalues of the Hessian where training ends.

    measured: of the Hessian, −1 where the data are not fitted; predicted: by `zero_count`; corollary:
    1 − N / (3 H + 1), as if the rank were N; start: of the Hessian at the start; fitted: 1 where the data are fitted
    without error.

    >>> flat_share(seed=0, width=8, points=2)["corollary"]  # 23 of 25
    0.92
    """
    start, end, x, y = spectra(seed=seed, width=width, points=points)
    size = 3 * width + 1
    fitted = float((end(x) - y).abs().max()) < 1e-10
    return {
        "measured": measured_zeros(hessian(end, x, y)) / size if fitted else -1.0,
        "predicted": zero_count(end, x).total / size,
        "corollary": 1 - points / size,
        "start": measured_zeros(hessian(start, x, y)) / size,
        "fitted": float(fitted),
    }


class Case(NamedTuple):
    """A network with one special feature, and how many zero eigenvalues that adds to those of the symmetry."""

    name: str
    network: Network
    extra: int


DATA = torch.linspace(-1.0, 1.0, 12, dtype=torch.float64)


@checked
def degenerate_cases() -> list[Case]:
    """Three neurons facing right, then the same with one of them changed, on the twelve points of `DATA`.

    >>> degenerate_cases()[3][::2]
    ('active on all data', 1)
    """
    third = [  # its w, b, v, and how many zeros it adds
        ("nothing special", 1.5, -0.61, 0.9, 0),
        ("same active data as another", 0.9, 0.3, 0.9, 2),
        ("same gap as another, facing the other way", -0.9, -0.3, 0.9, 1),
        ("active on all data", 1.0, 1.3, 0.9, 1),
        ("active on no datum", 1.0, -1.3, 0.9, 2),
        ("active on one datum", 1.0, -0.9, 0.9, 1),
        ("output weight 0, active", 1.5, -0.61, 0.0, 1),
        ("output weight 0, active on no datum", 1.0, -1.3, 0.0, 2),
        ("input weight 0, bias positive", 0.0, 0.7, 0.9, 1),
        ("input weight 0, bias negative", 0.0, -0.7, 0.9, 2),
        ("bias 0", 1.5, 0.0, 0.9, 0),
    ]
    return [
        Case(name, Network([1.0, 0.8, w], [0.75, 0.32, b], [0.7, -1.2, v], 0.4), extra)
        for name, w, b, v, extra in third
    ]
