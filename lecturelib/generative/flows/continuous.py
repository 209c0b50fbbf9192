"""Continuous flows: a Gaussian carried along ż = f(z, t) from t = 0 to T, and the likelihood of data.

ln p(x) = ln N(z(0)) − ∫₀ᵀ tr ∂f/∂z dt, where z(T) = x (Chen et al. 2018; Grathwohl et al. 2019).
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, NonNegative, Positive, Widths, checked
from lecturelib.core.records import Record
from lecturelib.generative.flows.fields import CLOSED, Probes, exact_probes, random_probes
from lecturelib.generative.flows.integrate import by_adjoint, by_steps, integrate

Trace = Literal["auto", "exact", "hutchinson"]
CHUNK = 256
"""Points that travel together: what they need stays near the processor."""


class ContinuousFlow(Record):
    """The field f(z, t) of a tanh network, and the time T for which it acts; an ensemble of them where given.

    Layer ℓ computes W_ℓ h + b_ℓ + c_ℓ t: weights (..., out, in), biases and rates (..., out). The first takes points
    of R^d, the last gives them. Raises ValueError where sizes do not fit.

    >>> flow = ContinuousFlow([[[1.0]], [[2.0]]], [[0.0], [0.0]], [[0.0], [0.0]], time=1.0)  # ż = 2 tanh z
    >>> flow([[0.0], [1.0]], 0.0).tolist()
    [[0.0], [1.5231883119115297]]
    """

    weights: tuple[Annotated[Array, "... _out _in"], ...]
    biases: tuple[Annotated[Array, "... _out"], ...]
    rates: tuple[Annotated[Array, "... _out"], ...]
    time: Positive = 1.0

    def __post_init__(self) -> None:
        shapes = [tuple(one.shape[-2:]) for one in self.weights]
        chain = len(shapes) > 1 and shapes[0][1] == shapes[-1][0]
        if not chain or any(after[1] != before[0] for before, after in pairwise(shapes)) or 0 in shapes[0]:
            raise ValueError(f"weights: expected two or more matrices from R^d to R^d, got shapes {shapes}")
        leading = self.weights[0].shape[:-2]
        wanted = [(*leading, out) for out, _ in shapes]
        for name, found in (("biases", self.biases), ("rates", self.rates)):
            if [tuple(one.shape) for one in found] != wanted:
                raise ValueError(f"{name}: expected shapes {wanted}, got {[tuple(one.shape) for one in found]}")

    @property
    def dimension(self) -> int:
        """d."""
        return self.weights[0].shape[-1]

    @property
    def parameters(self) -> list[Tensor]:
        """All W_ℓ, then all b_ℓ, then all c_ℓ."""
        return [*self.weights, *self.biases, *self.rates]

    @checked
    def __call__(self, z: Annotated[Array, "... _N _d"], t: float) -> Tensor:
        """f(z, t) at points z (..., N, d), in the same shape. Raises ValueError for points of another dimension."""
        h = placed(self, "z", z)
        for place, (weight, b, c) in enumerate(zip(self.weights, self.biases, self.rates, strict=True)):
            h = h @ weight.mT + (b + c * t).unsqueeze(-2)
            h = torch.tanh(h) if place < len(self.weights) - 1 else h
        return h


class Pushed(NamedTuple):
    """Where points are carried (..., N, d), and ln |det| of the map there (..., N)."""

    points: Tensor
    log_det: Tensor


class LikelihoodGradient(NamedTuple):
    """The mean of −ln p over data (...), its derivative, in the form of the flow, and the bytes kept to find it."""

    loss: Tensor
    gradient: ContinuousFlow
    kept: int


@checked
def random_continuous_flow(
    sizes: Widths, *, generator: Generator, time: Positive = 1.0, scale: NonNegative = 1.0, ensemble: Ensemble = ()
) -> ContinuousFlow:
    """A flow through hidden layers: sizes are d, then the widths. Weights are normal with deviation scale/√in.

    The last layer starts at 0, so that the flow starts as the identity.

    >>> random_continuous_flow([2, 16, 16], generator=torch.Generator().manual_seed(0)).dimension
    2
    """
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    shapes = [(after, before) for before, after in pairwise(sizes)]
    weights = [scale / math.sqrt(size) * torch.randn(*ensemble, out, size, **options) for out, size in shapes]
    biases = [scale * torch.randn(*ensemble, out, **options) for out, _ in shapes]
    rates = [scale * torch.randn(*ensemble, out, **options) for out, _ in shapes]
    last = torch.zeros(*ensemble, sizes[0], sizes[-1], dtype=torch.float64, device=generator.device)
    ends = (*biases, last[..., 0]), (*rates, last[..., 0])
    return ContinuousFlow((*weights, last), *ends, time)


@checked
def likelihood_gradient(
    flow: ContinuousFlow, x: Annotated[Array, "... _N _d"], *, method: Literal["direct", "adjoint"] = "direct",
    steps: Count = 10, trace: Trace = "auto", probes: Count = 1, generator: Generator | None = None,
) -> LikelihoodGradient:  # fmt: skip
    """The mean of −ln p at data x, and its gradient, after `steps` steps of Runge–Kutta.

    "direct" keeps every evaluation and gives the exact derivative of the computed loss. "adjoint" keeps nothing, and
    solves ȧ = −(∂f/∂z)ᵀ a back in time together with z (Chen et al. 2018, appendix B). trace, probes, generator as in
    `log_density`. Raises ValueError for points of another dimension, and where a generator is missing.

    >>> flow = random_continuous_flow([2, 8], generator=torch.Generator().manual_seed(0))
    >>> round(float(likelihood_gradient(flow, [[1.0, 0.0], [0.0, 0.0]]).loss), 4)  # ln 2π + ¼
    2.0879
    """
    x = placed(flow, "x", x)
    x = x.expand(*torch.broadcast_shapes(x.shape[:-2], flow.shape), *x.shape[-2:])
    if x.shape[:-2] != flow.shape:
        raise ValueError(f"x: expected shape (N, {flow.dimension}) or that of the ensemble before it")
    into = [[torch.zeros_like(one) for one in ones] for ones in (flow.weights, flow.biases, flow.rates)]
    loss, size, count = torch.zeros(flow.shape, dtype=x.dtype, device=x.device), 0, x.shape[-2]
    for part in x.split(CHUNK, -2):
        chosen = choose(flow, part, trace, probes, generator)
        kept: list | None = [] if method == "direct" else None
        z, log_det = integrate(flow, part, flow.time, 0.0, steps, chosen, kept)
        a, s = z / count, torch.full_like(log_det, -1 / count)
        if kept is not None:
            by_steps(flow, kept, -flow.time / steps, a, s, into)
            size = max(size, sum(map(_size, kept)))
        else:
            by_adjoint(flow, z, a, s, flow.time, 0.0, steps, chosen, into)
        loss -= (log_normal(z) + log_det).sum(-1) / count
    return LikelihoodGradient(loss, ContinuousFlow(*map(tuple, into), flow.time), size)


def choose(flow: ContinuousFlow, z: Tensor, trace: str, probes: int, generator: Generator | None) -> Probes | str:
    """How the trace is computed. Raises ValueError where a generator is missing."""
    if trace == "hutchinson" or (trace == "auto" and flow.dimension > 2):
        if generator is None:
            raise ValueError("generator: expected a torch.Generator, Hutchinson's estimate draws signs")
        return random_probes(z, probes, generator)
    return CLOSED if len(flow.weights) == 2 else exact_probes(z)


def placed(flow: ContinuousFlow, name: str, z: Tensor) -> Tensor:
    """Points as they are. Raises ValueError where they do not fit the flow."""
    if z.ndim < 2 or z.shape[-1] != flow.dimension or z.shape[-2] < 1:
        raise ValueError(f"{name}: expected shape (..., N, {flow.dimension}) with N > 0, got {tuple(z.shape)}")
    try:
        torch.broadcast_shapes(z.shape[:-2], flow.shape)
    except RuntimeError:
        raise ValueError(f"{name}: expected an ensemble that fits {tuple(flow.shape)}, got {tuple(z.shape)}") from None
    return z


def log_normal(z: Tensor) -> Tensor:
    """ln of the density of a standard normal vector at z (..., d): shape (...)."""
    return -0.5 * (z.square().sum(-1) + z.shape[-1] * math.log(2 * math.pi))


def _size(cache: tuple) -> int:
    """Bytes of the tensors that an evaluation adds to what is kept."""
    layers = [one for layer in cache[2] for one in layer[2:]]
    found = [cache[2][0][0], *layers]
    return sum(one.numel() * one.element_size() for one in found if one is not None)
