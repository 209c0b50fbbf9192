r"""Matrix completion by the gradient flow of a deep linear factorization.

The loss is ℓ(W) = ½ Σ (W_ij − b_ij)² over the observed entries (i, j), and W = W_N ⋯ W₁ is a product of N factors that
all follow Ẇ_j = −∂ℓ/∂W_j. The flow is integrated by `chebyshev`; there is no learning rate (Arora et al. 2019).
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Annotated, Any

import torch
from torch import Generator, Tensor

from lecturelib.bias.matrix_factorization.chebyshev import Follower, Reached, between
from lecturelib.bias.matrix_factorization.factors import (
    Factors,
    Size,
    descent,
    flatten,
    product_of,
    start_factors,
    views,
)
from lecturelib.core.arguments import Array, Count, Ensemble, Positive, PositiveOrInfinite, Vector, checked
from lecturelib.core.kinds import Numbers
from lecturelib.core.records import Record
from lecturelib.core.shapes import Shape

Places = Annotated[Any, Numbers("integers, at least 0", least=0, whole=True, shape=Shape("_K"))]


class Completion(Record):
    """Where a flow went, and its path. T counts recorded times, k = min(m, n).

    final: the factors at the end; times: when the path was recorded, shape (T,), the start first; losses: ℓ there,
    shape (..., T); matrices: the product there, shape (..., T, m, n); stopped: when each member met the tolerance,
    infinite where it did not, shape (...). A member that met it stays where it is from then on.

    >>> Completion(Factors([[[2.0]]]), [0.0], [0.5], [[[2.0]]], 0.0).singular_values.item()
    2.0
    """

    final: Annotated[Factors, "..."]
    times: Annotated[Array, "T"]
    losses: Annotated[Array, "... T"]
    matrices: Annotated[Array, "... T m n"]
    stopped: Annotated[Any, Numbers("times, at least 0, or infinity", least=0, infinite=True, shape=Shape("..."))]

    @property
    def matrix(self) -> Tensor:
        """The completed matrix: shape (..., m, n)."""
        return self.final.product

    @cached_property
    def singular_values(self) -> Tensor:
        """Those of the product on the path, the largest first: shape (..., T, k). Found when first asked for."""
        return torch.linalg.svdvals(self.matrices)

    @property
    def converged(self) -> Tensor:
        """Did a member meet the tolerance? Shape (...)."""
        return torch.isfinite(self.stopped)


@checked
def complete(
    values: Annotated[Vector, "K"], rows: Annotated[Places, "K"], columns: Annotated[Places, "K"], shape: Size, *,
    depth: Count, scale: Positive, generator: Generator, tolerance: Positive, balanced: bool = False,
    ensemble: Ensemble = (), until: PositiveOrInfinite = math.inf, accuracy: Positive = 1e-3,
) -> Completion:  # fmt: skip
    """Complete a matrix of this shape from the values at (rows[k], columns[k]), by the flow from a random start.

    The start is that of `start_factors(shape, depth=depth, scale=scale, …)`, the rest as in `factor_flow`.
    Raises ValueError where no entry is given, where one is given twice or lies outside of the shape.

    >>> seed = torch.Generator().manual_seed(0)
    >>> found = complete([1, 2, 3], [0, 0, 1], [0, 1, 0], (2, 2), depth=3, scale=1e-3, generator=seed, tolerance=1e-12)
    >>> round(found.matrix[1, 1].item(), 1)
    6.0
    """
    options = {"depth": depth, "scale": scale, "balanced": balanced, "ensemble": ensemble}
    start = start_factors(shape, generator=generator, **options).to(values.dtype)
    target, seen = observed(values, rows, columns, shape)
    return _follow(start, target, seen, tolerance, until, accuracy)


@checked
def factor_flow(
    start: Factors, values: Annotated[Vector, "K"], rows: Annotated[Places, "K"], columns: Annotated[Places, "K"], *,
    tolerance: Positive, until: PositiveOrInfinite = math.inf, accuracy: Positive = 1e-3,
) -> Completion:  # fmt: skip
    """The gradient flow Ẇ_j = −∂ℓ/∂W_j of the factors from `start`, for ℓ(W) = ½ Σ (W_ij − b_ij)².

    It ends for a member once the *mean* of its squared residuals, 2ℓ/K, is at most `tolerance`, and for all at the
    time `until`. accuracy: of each step, relative to the norm of the factors.
    All in the precision of `start`: single precision takes half the time, for tolerances not near its rounding.
    Raises ValueError where no entry is given, where one is given twice or lies outside of the product, and where the
    flow has not ended after 5,000 steps, or has come to factors that are 0.

    >>> start = balanced_factors([[0.01]], depth=2)
    >>> factor_flow(start, [1.0], [0], [0], tolerance=1e-12).singular_values[-1].item() > 0.999
    True
    """
    shape = start.matrices[-1].shape[-2], start.matrices[0].shape[-1]
    target, seen = observed(values, rows, columns, shape)
    return _follow(start, target, seen, tolerance, until, accuracy)


MOST_STEPS, VANISHED = 5_000, 1e-140


def observed(values: Tensor, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The matrix of values, 0 where none is known, and that of ones where one is."""
    for name, places, size in (("rows", rows, shape[0]), ("columns", columns, shape[1])):
        if int(places.max()) >= size:
            raise ValueError(f"{name}: expected less than {size} for shape {tuple(shape)}, got {int(places.max())}")
    seen = torch.zeros(*shape, dtype=torch.float64, device=values.device)
    seen[rows, columns] = 1
    if int(seen.sum()) != len(values):
        raise ValueError(f"rows: expected each place once, got {len(values) - int(seen.sum())} a second time")
    target = torch.zeros_like(seen)
    target[rows, columns] = values.detach().double()
    return target, seen


class _Recorder:
    """Takes down a path of members that leave one after the other, and stay where they were."""

    def __init__(self, start: Factors, target: Tensor, seen: Tensor) -> None:
        self.start, self.target, self.seen = start, target, seen
        self.sizes = [tuple(one.shape[-2:]) for one in start.matrices]
        self.final = flatten(start)
        self.stopped = self.final.new_full((len(self.final),), math.inf)
        self.rows: list[tuple[float, Tensor, Tensor]] = []
        self.last = self.final  # the product where the flow's direction was found last

    def product(self, y: Tensor) -> Tensor:
        return product_of(views(y, self.sizes))

    def pull(self, product: Tensor) -> Tensor:
        """−∂ℓ/∂W: what is missing at the observed entries."""
        self.last = product
        return torch.addcmul(self.target, product, self.seen, value=-1)

    def direction(self, y: Tensor) -> Tensor:
        return descent(y, self.sizes, self.pull)

    def loss(self, product: Tensor) -> Tensor:
        return 0.5 * torch.addcmul(self.target, product, self.seen, value=-1).square().sum((-2, -1))

    def take(self, time: float, y: Tensor, product: Tensor, active: Tensor) -> None:
        """Record the active members, whose states are y."""
        new = (self.loss(product), product)
        if self.rows and len(active) < len(self.final):
            new = tuple(old.index_copy(0, active, part) for old, part in zip(self.rows[-1][1:], new, strict=True))
        self.rows.append((time, *new))
        self.final[active] = y

    def path(self, dtype: torch.dtype | None) -> Completion:
        times, losses, matrices = zip(*self.rows, strict=True)
        parts = torch.stack(losses, 1), torch.stack(matrices, 1), self.stopped, *views(self.final, self.sizes)
        shaped = [part.reshape((*self.start.shape, *part.shape[1:])) for part in parts]
        clock = torch.tensor(times, dtype=torch.float64, device=self.final.device)
        return Completion(Factors(tuple(shaped[3:])), clock, *shaped[:3]).to(dtype)


def _follow(start: Factors, target, seen, tolerance: float, until: float, accuracy: float) -> Completion:
    target, seen = target.to(start.dtype), seen.to(start.dtype)
    recorder = _Recorder(start.detach(), target, seen)
    enough = 0.5 * tolerance * float(seen.sum())

    follower = Follower(recorder.direction, recorder.final.clone(), accuracy=accuracy, until=until)
    active, before = torch.arange(len(recorder.final), device=target.device), follower.now
    for _ in range(MOST_STEPS):
        now = follower.now
        state, product = now.y, recorder.last  # where the follower ended its step
        loss = recorder.loss(product)
        done = loss <= enough
        if bool(done.any()):
            share = _crossing(before, now, lambda y: recorder.loss(recorder.product(y)) > enough)
            state = torch.where(done[:, None], between(before, now, share), state)
            product = recorder.product(state)
            recorder.stopped[active[done]] = (before.time + share * (now.time - before.time))[done]
        recorder.take(now.time, state, product, active)
        if bool(done.all()) or now.time >= until:
            return recorder.path(start.dtype)
        if bool(done.any()):
            active = active[~done]
            follower.keep(~done)
        before = follower.now
        if float(torch.maximum(before.y.norm(dim=1), before.slope.norm(dim=1)).min()) < VANISHED:
            break  # the factors of some member have come to 0, from where no flow leads on
        follower.advance()
    left = 2 * float(loss.max()) / float(seen.sum())
    raise ValueError(
        f"tolerance: expected one that the flow meets, within {MOST_STEPS:,} steps; at time {follower.now.time:.3g} "
        f"the mean squared residual is still {left:.3g}; give a time `until` to see it"
    )


def _crossing(before: Reached, now: Reached, above) -> Tensor:
    """Share of a step at which `above` turns false, for members where it does: (B,)."""
    low = torch.zeros_like(now.y[:, 0])
    high = torch.ones_like(low)
    for _ in range(20):
        middle = 0.5 * (low + high)
        still = above(between(before, now, middle))
        low, high = torch.where(still, middle, low), torch.where(still, high, middle)
    return high
