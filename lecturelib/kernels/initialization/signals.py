"""Random networks by the thousand: what passes forward through their layers, and back."""

from __future__ import annotations

from math import prod
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Ensemble, Vector, checked
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.core.records import Record
from lecturelib.kernels.initialization.variances import Variances, check_input, equal_variances

CHUNK = 4_000_000
"""How many weights are held at once."""

LAWS = {
    "normal": torch.Tensor.normal_,
    "uniform": lambda empty, generator: empty.uniform_(-(3**0.5), 3**0.5, generator=generator),
    "signs": lambda empty, generator: empty.random_(2, generator=generator).mul_(2).sub_(1),
}
"""Name → what fills a tensor with independent entries of mean 0 and variance 1."""


class Signals(Record):
    """‖h_ℓ‖² and ‖∂f/∂h_ℓ‖² of many networks for ℓ = 0, …, L: two tensors of shape (..., L + 1).

    >>> Signals([[1.0, 0.5], [1.0, 2.0]], [[3.0, 1.0], [0.0, 1.0]])[1].forward
    tensor([1., 2.], dtype=torch.float64)
    """

    forward: Annotated[Array, "... depth"]
    backward: Annotated[Array, "... depth"]


@checked
def simulate(
    variances: Variances, x: Vector, *, ensemble: Ensemble, generator: Generator,
    law: Literal["normal", "uniform", "signs"] = "normal",
) -> Signals:  # fmt: skip
    """Draw networks and send x (d,) forward and the derivative of f = vᵀh_L back through each.

    law: of the entries, which are scaled to their variances. Weights are drawn in parts, so that memory does not grow
    with `ensemble`.

    >>> plan = equal_variances((2, 3, 3), 0.5)
    >>> simulate(plan, [1.0, 2.0], ensemble=5, generator=torch.Generator().manual_seed(0)).forward.shape
    torch.Size([5, 3])
    """
    check_input(variances, x)
    count, largest = prod(ensemble), max(1, CHUNK // sum(matrix.numel() for matrix in variances.weights))
    sizes = [min(largest, count - done) for done in range(0, count, largest)]
    parts = [_one_part(variances, x, size, generator, LAWS[law]) for size in sizes]
    return Signals(*(torch.cat(one).reshape(*ensemble, -1) for one in zip(*parts, strict=True)))


def _one_part(variances: Variances, x: Tensor, size: int, generator: Generator, law) -> tuple[Tensor, Tensor]:
    def draw(part: Tensor) -> Tensor:
        return law(part.new_empty(size, *part.shape), generator=generator) * part.sqrt()

    h, matrices = [x.expand(size, -1)], []
    for weights, biases in zip(variances.weights, variances.biases, strict=True):
        matrices.append(draw(weights))
        h.append(torch.relu(torch.einsum("si,sij->sj", h[-1], matrices[-1]) + draw(biases)))
    signals = [draw(variances.output)]
    for matrix, after in zip(reversed(matrices), reversed(h), strict=False):
        signals.append(torch.einsum("sij,sj->si", matrix, signals[-1] * (after > 0)))
    return tuple(torch.stack([one.square().sum(1) for one in part], 1) for part in (h, signals[::-1]))


def _of_equal_width(width: int, depth: int, weight: float, bias: float = 0.0, **options) -> Signals:
    """From an input of ones through layers of one width."""
    return simulate(equal_variances((width,) * (depth + 1), weight, bias), torch.ones(width).double(), **options)


def sizes_by_depth(
    *, seed: int, width: int, depth: int, growth: float, bias: float = 0.0, ensemble: int = 50, law: str = "normal"
) -> dict[str, list[float]]:
    """Experiment: mean over networks of ‖h_ℓ‖²/k and of ‖∂f/∂h_ℓ‖², ℓ = 0, …, depth, from x with ‖x‖²/k = 1.

    growth: k σ_w² / 2, the factor of one layer; bias: variance of the biases. All layers, the input too, have `width`.
    """
    generator = generator_for(seed, "signals", width, depth, growth, bias, law)
    found = _of_equal_width(width, depth, 2 * growth / width, bias, ensemble=ensemble, generator=generator, law=law)
    return {"forward": (found.forward.mean(0) / width).tolist(), "backward": found.backward.mean(0).tolist()}


def log_sizes(*, seed: int, width: int, depth: int, ensemble: int = 200) -> dict[str, list[float]]:
    """Experiment: ‖h_ℓ‖²/k for each network of He's start with normal weights, at the last layer and on the way there.

    last: of every network, 0 where it died. middle: the median over networks, for ℓ = 0, …, depth.
    """
    generator = generator_for(seed, "logarithms", width, depth)
    sizes = _of_equal_width(width, depth, 2 / width, ensemble=ensemble, generator=generator).forward / width
    return {"last": sizes[:, -1].tolist(), "middle": sizes.median(0).values.tolist()}


def erf_sizes(*, seed: int, width: int, depth: int, weight: float) -> dict[str, list[float]]:
    """Experiment: mean square of h_ℓ, ℓ = 1, …, depth, in one erf network with normal weights of variance weight²/k."""
    generator = generator_for(seed, "erf", width, depth, weight)
    h, found = torch.ones(width, dtype=torch.float64), []
    for _ in range(depth):
        h = torch.erf(h.new_empty(width, width).normal_(generator=generator) @ h * (weight / width**0.5))
        found.append(float(h.square().mean()))
    return {"sizes": found}


def store(path: str = "chapters/kernels/data/initialization.json") -> None:
    """The long run of the chapter: 1,000 networks of width 100 and depth 50 for each of three scales."""
    over = settings(width=[100], depth=[50], growth=[0.8, 1.0, 1.25], bias=[0.1], ensemble=[100])
    results = sweep(sizes_by_depth, over, seeds=range(10))
    for result in results:
        result.update({name: [float(f"{value:.6g}") for value in result[name]] for name in ("forward", "backward")})
    save(path, results, Provenance.here("python -m lecturelib.kernels.initialization.signals", range(10)))


if __name__ == "__main__":
    store()
