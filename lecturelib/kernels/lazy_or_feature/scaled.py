r"""The chapter `kernels/lazy_or_feature`: networks multiplied by α, trained by gradient flow until all data are fitted.

F = α (f − f₀) is what the data see, and the loss is L = (1/(α² N)) Σ c(F(x_n) y_n) with the soft hinge
c(u) = ln(1 + e^{β(1 − u)}) / β. The factor 1/α² makes Ḟ(x) = −(1/N) Σ K(x, x_n) c'(F(x_n) y_n) y_n, without α.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Positive, PositiveArray, Vector, checked
from lecturelib.core.kinds import Number
from lecturelib.core.records import Record
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, layers_of, pulled, with_parts

SHARPNESS = 20.0  # β of the soft hinge
TOLERANCE = 1e-2  # of the square of the relative change of the gradient in a step
SHORT = 1e-3  # a step with which a straight loss falls by this share of itself is short enough at any kink

Factors = Annotated[int, Number("an integer, at least 2", least=2, whole=True)]
Scales = Annotated[PositiveArray, "*"]


@checked
def soft_hinge(margins: Array, sharpness: Positive = SHARPNESS) -> Tensor:
    """ln(1 + e^{β(1 − u)}) / β for margins u = F y, entry by entry; tends to max(0, 1 − u) as the sharpness β grows.

    >>> soft_hinge([1.0, -1.0], 20.0)
    tensor([0.0347, 2.0000], dtype=torch.float64)
    """
    return _loss(margins, sharpness)


@checked
def soft_hinge_slope(margins: Array, sharpness: Positive = SHARPNESS) -> Tensor:
    """The derivative of `soft_hinge`, entry by entry: −1 / (1 + e^{−β(1 − u)}).

    >>> soft_hinge_slope([1.0, -1.0], 20.0)
    tensor([-0.5000, -1.0000], dtype=torch.float64)
    """
    return _slope(margins, sharpness)


def _loss(margins: Tensor, sharpness: float) -> Tensor:
    return torch.nn.functional.softplus(1 - margins, beta=sharpness, threshold=40)


def _slope(margins: Tensor, sharpness: float) -> Tensor:
    return -torch.sigmoid(sharpness * (1 - margins))


class Scaled(Record):
    """F = α (f − f₀), or α f where not `centred`: networks at the start, as they are now, and α of each (...).

    >>> line, steeper = (WideNetwork(([[slope]],), ([0.0],), "relu", 1.0, 0.0) for slope in (2.0, 3.0))
    >>> Scaled(line, steeper, 10.0)([[1.0], [2.0]])
    tensor([10., 20.], dtype=torch.float64)
    """

    start: Annotated[WideNetwork, "..."]
    now: Annotated[WideNetwork, "..."]
    alpha: Annotated[PositiveArray, "..."]
    centred: bool = True

    @checked
    def __call__(self, x: Matrix) -> Tensor:
        """F at x (M, d): shape (..., M)."""
        outputs = self.now(x)
        return self.alpha.unsqueeze(-1) * (outputs - self.start(x) if self.centred else outputs)


class Flow(NamedTuple):
    """The end of training, and for each network (...): what it took.

    times: t at which every F y > 1; half_times: t at which the loss was half of that at the start; steps: how many were
    accepted; stopped: whether the end was reached within the steps allowed. Times that were not reached are infinite.
    """

    final: Scaled
    times: Tensor
    half_times: Tensor
    steps: Tensor
    stopped: Tensor


@checked
def train_scaled(
    network: Annotated[WideNetwork, "* d"], x: Annotated[Matrix, "N d"], y: Annotated[Vector, "N"], *,
    alpha: Scales,
    sharpness: Positive = SHARPNESS, tolerance: Positive = TOLERANCE, max_steps: Count = 100_000, centred: bool = True,
) -> Flow:  # fmt: skip
    """Gradient flow of L = (1/(α² N)) Σ c(α (f(x_n) − f₀(x_n)) y_n) until every α (f − f₀) y > 1.

    y: each 1 or −1; alpha: positive, broadcast with the ensemble of `network`, so that (A, 1) and an ensemble (R,)
    give (A, R) trainings in one batch, R starts for each α. Each has a step of its own: one of gradient descent, of a
    length with which the gradient g changes by little,

        ‖g_new − g‖² ≤ tolerance · ‖g_new‖ ‖g‖,

    else it is tried again, shorter. Networks that are done leave the batch, and so do those whose gradient is 0, which
    never will be. With centred=False f₀ is not subtracted. Geiger et al. 2020, section 2.
    Where the activation is "relu" gradients jump at kinks, however short the step. There one is taken all the same if
    it is so short that the loss would fall by 0.1 % on a straight line, and does not rise by more.
    Late steps are as long as stability allows, where rounding decides on them: results are good to the tolerance, not
    to the last digits. Raises ValueError for labels other than ±1, and data or α that do not fit.

    >>> line = WideNetwork(([[0.0]],), ([0.0],), "softplus", 1.0, 0.0)
    >>> bool(train_scaled(line, [[2.0]], [1.0], alpha=3.0).final([[2.0]]) > 1)
    True
    """
    if not bool((y.abs() == 1).all()):
        raise ValueError(f"y: expected a label 1 or -1 for each row of x, got {y.tolist()}")
    shape = torch.broadcast_shapes(alpha.shape, network.shape)
    batch = _Batch(network, x, y, alpha.expand(shape), sharpness, centred)
    for _ in range(max_steps):
        batch.advance(tolerance)
        if batch.drop_finished():
            break
    return batch.result()


@checked
def chain_time(factors: Factors, scale: Scales, target: Scales) -> Tensor:
    """t at which a chain has F = target: s / (D−2) · (1 − (1 + y/s)^{2/D − 1}), and s/2 · ln(1 + y/s) for D = 2.

    The chain is F = s (a_1 ⋯ a_D − 1), every a_i starting at 1, under gradient flow of c(F)/s² with slope c' = −1 up to
    there. Shape (...), to which scale and target are broadcast.

    >>> chain_time(3, 2.0, 14.0)
    tensor(1., dtype=torch.float64)
    """
    growth = chain_growth(factors, scale, target)
    return scale / 2 * growth if factors == 2 else scale / (factors - 2) * -torch.expm1((2 / factors - 1) * growth)


@checked
def chain_kernel(factors: Factors, scale: Scales, target: Scales) -> Tensor:
    """K of a chain when F = target, over that at the start, where it is D: (1 + y/s)^{2 − 2/D}, shape (...).

    >>> chain_kernel(3, 2.0, 14.0)
    tensor(16.0000, dtype=torch.float64)
    """
    return torch.exp((2 - 2 / factors) * chain_growth(factors, scale, target))


@checked
def chain_growth(factors: Factors, scale: Scales, target: Scales) -> Tensor:
    """ln(a_1 ⋯ a_D) = ln(1 + y/s) of a chain of D factors when F = target, whatever D is: shape (...)."""
    return torch.log1p(target / scale)


def _in_rows(network: WideNetwork, shape: tuple[int, ...]) -> Tensor:
    """All weights and biases of each of the networks in a row: (E, P)."""
    parts = [(part, part.shape[len(network.shape) :]) for part in network.weights + network.biases]
    return torch.cat([part.expand(*shape, *own).reshape(-1, own.numel()) for part, own in parts], 1)


def _of_rows(like: WideNetwork, rows: Tensor, shape: tuple[int, ...] = (-1,)) -> WideNetwork:
    """The networks of which these are the rows, as an ensemble of this shape."""
    owns = [part.shape[len(like.shape) :] for part in like.weights + like.biases]
    split = rows.split([own.numel() for own in owns], 1)
    parts = [part.reshape(*shape, *own) for part, own in zip(split, owns, strict=True)]
    return with_parts(like, parts[: len(like.weights)], parts[len(like.weights) :])


class _Batch:
    """Networks on their way, each a row of `now`; those that are done leave, and `left` says which remain."""

    ROWS = ("left", "now", "gradient", "alpha", "base", "time", "margins", "loss", "first", "length", "square")

    def __init__(self, network, x: Tensor, y: Tensor, alpha: Tensor, sharpness: float, centred: bool) -> None:
        self.network, self.x, self.y, self.sharpness, self.centred = network, x, y, sharpness, centred
        self.scales, self.start = alpha, _in_rows(network, alpha.shape)
        self.final, self.now, self.alpha = self.start.clone(), self.start, alpha.reshape(-1)
        self.times, self.half_times = self.alpha.new_full((2, len(self.now)), torch.inf)
        self.steps, self.left = (
            torch.zeros_like(self.alpha, dtype=torch.long),
            torch.arange(len(self.now), device=x.device),
        )
        self.stopped, self.time = torch.zeros_like(self.alpha, dtype=torch.bool), torch.zeros_like(self.alpha)
        self.base = centred * _of_rows(network, self.now)(x)
        self.margins, self.gradient = self.evaluate(self.now)
        self.square = self.gradient.square().sum(1)
        self.loss = self.first = _loss(self.margins, sharpness).mean(1)
        self.length = self.for_a_fall_by(0.01)

    def for_a_fall_by(self, share: float) -> Tensor:
        """The length of a step with which the loss falls by a share of itself, to first order; 0 where none does."""
        falls = self.alpha.square() * self.square
        return torch.where(falls > 0, share * self.loss / falls, 0.0)

    def evaluate(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Margins F y, and ∇L in rows."""
        network, alpha = _of_rows(self.network, rows), self.alpha[:, None]
        layers = layers_of(network, self.x)
        margins = alpha * (layers[-1][1].squeeze(-1) - self.base) * self.y
        weights, biases = pulled(network, layers, _slope(margins, self.sharpness) * self.y / (alpha * len(self.y)))
        return margins, torch.cat([part.flatten(1) for part in (*weights, *biases)], 1)

    def advance(self, tolerance: float) -> None:
        """Try one step of each network, keep those that change the gradient by little, choose the next lengths."""
        tried = self.now - self.length[:, None] * self.gradient
        margins, gradient = self.evaluate(tried)
        square, change = gradient.square().sum(1), (gradient - self.gradient).square().sum(1)
        tiny = torch.finfo(square.dtype).tiny
        ratio = (change / (square * self.square).sqrt()).nan_to_num(nan=1e9, posinf=1e9).clamp(min=tiny)
        loss = _loss(margins, self.sharpness).mean(1)
        smooth = good = ratio <= tolerance
        if self.network.activation == "relu":
            short = (self.length > 0) & (self.length <= self.for_a_fall_by(SHORT))
            good = smooth | (short & (loss <= (1 + SHORT) * self.loss))
        half = self.first / 2
        crossed = good & (self.loss > half) & (loss <= half)
        share = (self.loss - half) / (self.loss - loss)
        self.half_times[self.left[crossed]] = (self.time + share * self.length)[crossed]
        self.steps[self.left] += good
        self.time = self.time + good * self.length
        factor = (0.5 * tolerance / ratio).sqrt().clamp(0.2, 2)
        self.length = self.length * torch.where(good & ~smooth, 1.0, factor)
        for name, new in (("now", tried), ("gradient", gradient), ("margins", margins)):
            setattr(self, name, torch.where(good[:, None], new, getattr(self, name)))
        self.square, self.loss = torch.where(good, square, self.square), torch.where(good, loss, self.loss)

    def drop_finished(self) -> bool:
        """Take those out that fit all data or have no gradient. True where none is left."""
        fits = (self.margins > 1).all(1)
        rest = ~fits & (self.square > 0)
        if not bool(rest.all()):
            self.final[self.left] = self.now
            self.times[self.left[fits]], self.stopped[self.left[fits]] = self.time[fits], True
            for name in self.ROWS:
                setattr(self, name, getattr(self, name)[rest])
        return not len(self.left)

    def result(self) -> Flow:
        self.final[self.left] = self.now
        shape = self.scales.shape
        start, final = (_of_rows(self.network, rows, shape) for rows in (self.start, self.final))
        each = (self.times, self.half_times, self.steps, self.stopped)
        return Flow(Scaled(start, final, self.scales, self.centred), *(one.reshape(shape) for one in each))
