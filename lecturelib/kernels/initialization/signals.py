"""Random networks by the thousand: what passes forward through their layers, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import one_dimensional, same_shape
from lecturelib.core.experiments import Provenance, generator_for, save, settings, sweep
from lecturelib.kernels.initialization.variances import Variances, equal_variances

CHUNK = 4_000_000
"""How many weights are held at once."""


def normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Standard normal numbers."""
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform numbers of mean 0 and variance 1."""
    return 12**0.5 * (torch.rand(shape, generator=generator, dtype=torch.float64) - 0.5)


def signs(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """−1 or 1, each with probability one half."""
    return 2.0 * torch.randint(0, 2, shape, generator=generator).double() - 1


LAWS = {"normal": normal, "uniform": uniform, "signs": signs}


@dataclass(frozen=True)
class Signals:
    """‖h_ℓ‖² and ‖∂f/∂h_ℓ‖² of S networks, ℓ = 0, …, L: two tensors of shape (L + 1, S)."""

    forward: Tensor
    backward: Tensor


def simulate(variances: Variances, x, *, members: int, generator: Generator, law: str = "normal") -> Signals:
    """Draw networks and send x (d,) forward and the derivative of f = vᵀh_L back through each.

    law: of the entries, which are scaled to their variances; one of `LAWS`. Weights are drawn in parts, so that memory
    does not grow with `members`.
    """
    x = one_dimensional("x", x, dtype=torch.float64)
    same_shape((variances.widths[0],), "the rows of the first weights", x=x)
    if law not in LAWS:
        raise ValueError(f"law: expected one of {', '.join(LAWS)}, got {law!r}")
    if not isinstance(members, int) or members < 1:
        raise ValueError(f"members: expected an integer, at least 1, got {members}")
    parts = [_one_part(variances, x, size, generator, LAWS[law]) for size in _sizes(variances, members)]
    return Signals(*(torch.cat(one, dim=1) for one in zip(*parts, strict=True)))


def _sizes(variances: Variances, members: int) -> Iterator[int]:
    weights = sum(matrix.numel() for matrix in variances.weights)
    largest = max(1, CHUNK // weights)
    for done in range(0, members, largest):
        yield min(largest, members - done)


def _one_part(variances: Variances, x: Tensor, size: int, generator: Generator, law: Callable) -> tuple[Tensor, Tensor]:
    h, forward, layers = x.expand(size, -1), [x.square().sum().expand(size)], []
    for weights, biases in zip(variances.weights, variances.biases, strict=True):
        matrix = law((size, *weights.shape), generator) * weights.sqrt()
        z = torch.einsum("si,sij->sj", h, matrix) + law((size, *biases.shape), generator) * biases.sqrt()
        h = torch.relu(z)
        layers.append((matrix, z > 0))
        forward.append(h.square().sum(1))
    signal = law((size, *variances.output.shape), generator) * variances.output.sqrt()
    backward = [signal.square().sum(1)]
    for matrix, active in reversed(layers):
        signal = torch.einsum("sij,sj->si", matrix, signal * active)
        backward.append(signal.square().sum(1))
    return torch.stack(forward), torch.stack(backward[::-1])


def sizes_by_depth(
    *, seed: int, width: int, depth: int, growth: float, bias: float = 0.0, members: int = 50, law: str = "normal"
) -> dict[str, list[float]]:
    """Experiment: mean over members of ‖h_ℓ‖²/k and of ‖∂f/∂h_ℓ‖², ℓ = 0, …, depth, from x with ‖x‖²/k = 1.

    growth: k σ_w² / 2, the factor of one layer; bias: variance of the biases. All layers, the input too, have `width`.
    """
    plan = equal_variances((width,) * (depth + 1), 2 * growth / width, bias)
    generator = generator_for(seed, "signals", width, depth, growth, bias, law)
    found = simulate(plan, torch.ones(width, dtype=torch.float64), members=members, generator=generator, law=law)
    return {"forward": (found.forward.mean(1) / width).tolist(), "backward": found.backward.mean(1).tolist()}


def log_sizes(*, seed: int, width: int, depth: int, members: int = 200) -> dict[str, list[float]]:
    """Experiment: ‖h_ℓ‖²/k for each member of He's start with normal weights, at the last layer and on the way there.

    last: of every member, 0 where it died. middle: the median over members, for ℓ = 0, …, depth.
    """
    plan = equal_variances((width,) * (depth + 1), 2 / width)
    generator = generator_for(seed, "logarithms", width, depth)
    found = simulate(plan, torch.ones(width, dtype=torch.float64), members=members, generator=generator).forward
    return {"last": (found[-1] / width).tolist(), "middle": (found.median(1).values / width).tolist()}


def erf_sizes(*, seed: int, width: int, depth: int, weight: float) -> dict[str, list[float]]:
    """Experiment: mean square of h_ℓ, ℓ = 1, …, depth, in one erf network with normal weights of variance weight²/k."""
    generator = generator_for(seed, "erf", width, depth, weight)
    h, found = torch.ones(width, dtype=torch.float64), []
    for _ in range(depth):
        h = torch.erf(normal((width, width), generator) @ h * (weight / width**0.5))
        found.append(float(h.square().mean()))
    return {"sizes": found}


def store(path: str = "chapters/kernels/data/initialization.json") -> None:
    """The long run of the chapter: 1,000 networks of width 100 and depth 50 for each of three scales."""
    seeds = range(10)
    over = settings(width=[100], depth=[50], growth=[0.8, 1.0, 1.25], bias=[0.1], members=[100])
    results = sweep(sizes_by_depth, over, seeds=seeds)
    for result in results:
        for name in ("forward", "backward"):
            result[name] = [float(f"{value:.6g}") for value in result[name]]
    save(path, results, Provenance.here("python -m lecturelib.kernels.initialization.signals", seeds))


if __name__ == "__main__":
    store()
