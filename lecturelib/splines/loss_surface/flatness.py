r"""How flat the loss is at the end of training, against the width; and the degenerate networks of the sources.

The counting is in `lecturelib.splines.loss_surface.hessian`; see section 2.4 of Sahs et al. 2022.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.expansion import sine
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface.hessian import flatten, hessian, jacobian, measured_zeros, unflatten, zero_count
from lecturelib.splines.loss_surface.slices import read_data, safe_rate
from lecturelib.splines.training.descend import descend


def settle(network: Network, x, y, *, iterations: int = 30) -> Network:
    """Finish a training run: shortest Gauss-Newton steps, of which as much is taken as lowers the loss.

    Converges quadratically to a fit without error where one is near, and stops where no step helps. One network, (H,).
    """
    x, y = read_data(x, y)
    for _ in range(iterations):
        r = network(x) - y
        step = torch.linalg.lstsq(jacobian(network, x), -r, driver="gelsd").solution
        length = 1.0
        while length > 1e-3:
            other = unflatten(flatten(network) + length * step)
            if (other(x) - y).square().sum() < r.square().sum():
                break
            length /= 2
        else:
            return network
        network = other
    return network


def spectra(
    *, seed: int, width: int, points: int = 10, steps: int = 3000, scheme: str = "he"
) -> tuple[Network, Network, Tensor, Tensor]:
    """A start and where training takes it, with the data (x, y): sin 3x at points spread over [−1, 1]."""
    generator = generator_for(seed, "flatness", width, points)
    jitter = 0.5 * (torch.rand(points, generator=generator, dtype=torch.float64) - 0.5)
    x = 2 * (torch.arange(points) + 0.5 + jitter) / points - 1
    y = sine(3.0).value(x)
    start = initialize(width, scheme, generator=generator)
    end = descend(start, x, y, steps=steps, learning_rate=safe_rate(start, x)).final
    return start, settle(end, x, y), x, y


def flat_share(*, seed: int, width: int, points: int = 10) -> dict[str, float]:
    """Experiment: share of zero eigenvalues of the Hessian where training ends.

    measured: of the Hessian; predicted: by `zero_count`; corollary: 1 − N / (3 H + 1), as if the rank were N;
    start: of the Hessian at the start; fitted: 1 where the data are fitted without error.
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


def degenerate_cases() -> list[Case]:
    """Three neurons facing right, then the same with one of them changed, on the twelve points of `DATA`."""
    w, b, v = [1.0, 0.8, 1.5], [0.75, 0.32, -0.61], [0.7, -1.2, 0.9]

    def case(name: str, extra: int, *, third=None, **change) -> Case:
        parts = {"w": list(w), "b": list(b), "v": list(v)}
        for key, value in change.items():
            parts[key][2] = value
        return Case(name, Network(parts["w"], parts["b"], parts["v"], 0.4), extra)

    return [
        case("nothing special", 0),
        case("same active data as another", 2, w=0.9, b=0.3),
        case("same gap as another, facing the other way", 1, w=-0.9, b=-0.3),
        case("active on all data", 1, w=1.0, b=1.3),
        case("active on no datum", 2, w=1.0, b=-1.3),
        case("active on one datum", 1, w=1.0, b=-0.9),
        case("output weight 0, active", 1, v=0.0),
        case("output weight 0, active on no datum", 2, w=1.0, b=-1.3, v=0.0),
        case("input weight 0, bias positive", 1, w=0.0, b=0.7),
        case("input weight 0, bias negative", 2, w=0.0, b=-0.7),
        case("bias 0", 0, b=0.0, w=1.5),
    ]
