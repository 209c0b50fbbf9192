r"""The chapter `kernels/lazy_or_feature`: networks multiplied by α, trained by gradient flow until all data are fitted.

F = α (f − f₀) is what the data see, and the loss is L = (1/(α² N)) Σ ℓ(F(x_n) y_n) with the soft hinge
ℓ(v) = ln(1 + e^{β(1 − v)}) / β. The factor 1/α² makes Ḟ(x) = −(1/N) Σ Θ(x, x_n) ℓ'(F(x_n) y_n) y_n, without α.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import as_tensor, one_dimensional, positive
from lecturelib.kernels.tangent_kernel.wide_networks import WideNetwork, pulled, with_parts

BETA = 20.0  # of the soft hinge
TOLERANCE = 1e-2  # of the square of the relative change of the gradient in a step
SHORT = 1e-3  # a step with which a straight loss falls by this share of itself is short enough at any kink


def soft_hinge(margins, beta: float = BETA) -> Tensor:
    """ln(1 + e^{β(1 − v)}) / β for margins v = F y of any shape; tends to max(0, 1 − v) as β grows."""
    return _loss(as_tensor("margins", margins), _beta(beta))


def soft_hinge_slope(margins, beta: float = BETA) -> Tensor:
    """The derivative of `soft_hinge`: −1 / (1 + e^{−β(1 − v)})."""
    return _slope(as_tensor("margins", margins), _beta(beta))


def _loss(margins: Tensor, beta: float) -> Tensor:
    return torch.nn.functional.softplus(1 - margins, beta=beta, threshold=40)


def _slope(margins: Tensor, beta: float) -> Tensor:
    return -torch.sigmoid(beta * (1 - margins))


def _beta(beta: float) -> float:
    return float(positive("beta", beta))


@dataclass(frozen=True)
class Scaled:
    """F = α (f − f₀), or α f where not `centred`: networks at the start, as they are now, and α of each (...)."""

    start: WideNetwork
    now: WideNetwork
    alpha: Tensor
    centred: bool = True

    def __call__(self, x) -> Tensor:
        """F at x (M, d): shape (..., M)."""
        outputs = self.now(x)
        return self.alpha.unsqueeze(-1) * (outputs - self.start(x) if self.centred else outputs)


class Flow(NamedTuple):
    """The end of training, and for each network (...): what it took.

    times: t at which every F y > 1; half_times: t at which the loss was half of that at the start; steps: how many were
    accepted; stopped: whether the end was reached within the steps allowed. Where it was not, times are not a number.
    """

    final: Scaled
    times: Tensor
    half_times: Tensor
    steps: Tensor
    stopped: Tensor


def train_scaled(
    network: WideNetwork,
    x,
    y,
    *,
    alpha,
    beta: float = BETA,
    tolerance: float = TOLERANCE,
    most_steps: int = 100_000,
    centred: bool = True,
) -> Flow:
    """Gradient flow of L = (1/(α² N)) Σ ℓ(α (f(x_n) − f₀(x_n)) y_n) until every α (f − f₀) y > 1.

    x: (N, d); y: (N,), each 1 or −1; alpha: positive, broadcast with the ensemble of `network`, so that (A, 1) and an
    ensemble (R,) give (A, R) trainings in one batch, R starts for each α. Each has a step of its own: one of gradient
    descent, of a length with which the gradient g changes by little,

        ‖g_new − g‖² ≤ tolerance · ‖g_new‖ ‖g‖,

    else it is tried again, shorter. Networks that are done leave the batch, and so do those whose gradient is 0, which
    never will be. With centred=False f₀ is not subtracted. Geiger et al. 2020, section 2.
    Where the activation is "relu" gradients jump at kinks, however short the step. There one is taken all the same if
    it is so short that the loss would fall by 0.1 % on a straight line, and does not rise by more.
    Late steps are as long as stability allows, where rounding decides on them: results are good to the tolerance, not
    to the last digits. Raises ValueError for labels other than ±1, data that do not fit, and α, beta, tolerance or
    steps that are not positive.
    """
    x, y = as_tensor("x", x).to(network.weights[0]), one_dimensional("y", y).to(network.weights[0])
    if x.ndim != 2:
        raise ValueError(f"x: expected shape (N, d), got {tuple(x.shape)}")
    if y.shape != x.shape[:1] or not bool((y.abs() == 1).all()):
        raise ValueError(f"y: expected a label 1 or -1 for each of the {x.shape[0]} rows of x, got {tuple(y.shape)}")
    if x.shape[1] != network.weights[0].shape[-1]:
        raise ValueError(f"x: expected {network.weights[0].shape[-1]} columns, as the network has, got {x.shape[1]}")
    positive("tolerance", tolerance)
    if most_steps < 1:
        raise ValueError(f"most_steps: expected at least 1, got {most_steps}")
    alpha = positive("alpha", alpha).to(x)
    shape = torch.broadcast_shapes(alpha.shape, network.weights[0].shape[:-2])
    flat = _map(network, lambda part, own: part.expand(*shape, *own).reshape(-1, *own))
    state = _State(flat, x, y, alpha.expand(shape).reshape(-1), _beta(beta), centred)
    for _ in range(most_steps):
        state.advance(tolerance)
        if state.drop_finished():
            break
    return state.result(shape)


def chain_time(factors: int, scale, target) -> Tensor:
    """t at which a chain has F = target: s / (D−2) · (1 − (1 + v/s)^{2/D − 1}), and s/2 · ln(1 + v/s) for D = 2.

    The chain is F = s (u_1 ⋯ u_D − 1), every u_i starting at 1, under gradient flow of ℓ(F)/s² with slope ℓ' = −1 up to
    there. Raises ValueError for fewer than two factors and where a number is not positive.
    """
    growth = chain_growth(factors, scale, target)
    scale = positive("scale", scale)
    if factors == 2:
        return scale / 2 * growth
    return scale / (factors - 2) * -torch.expm1((2 / factors - 1) * growth)


def chain_kernel(factors: int, scale, target) -> Tensor:
    """Θ of a chain when F = target, over that at the start, where it is D: (1 + v/s)^{2 − 2/D}."""
    return torch.exp((2 - 2 / factors) * chain_growth(factors, scale, target))


def chain_growth(factors: int, scale, target) -> Tensor:
    """ln(u_1 ⋯ u_D) when F = target: ln(1 + v/s)."""
    if factors < 2:
        raise ValueError(f"factors: expected at least 2, got {factors}")
    return torch.log1p(positive("target", target) / positive("scale", scale))


class _State:
    """The batch on its way: E networks of which those in `left` are still trained."""

    def __init__(self, network: WideNetwork, x: Tensor, y: Tensor, alpha: Tensor, beta: float, centred: bool) -> None:
        self.start, self.final, self.x, self.y, self.beta = network, _map(network, _copy), x, y, beta
        self.centred = centred
        self.all_alpha = alpha
        count = alpha.numel()
        self.times, self.half_times = (torch.full((count,), torch.nan).to(x) for _ in range(2))
        self.steps, self.stopped = torch.zeros(count, dtype=torch.long), torch.zeros(count, dtype=torch.bool)
        self.left, self.alpha, self.now = torch.arange(count), alpha, network
        self.base = network(x) if centred else torch.zeros(count, y.numel()).to(x)
        self.time = torch.zeros_like(alpha)
        self.margins, self.gradient = self.evaluate(network)
        self.square = _product(self.gradient, self.gradient)
        self.loss = _loss(self.margins, beta).mean(-1)
        self.first = self.loss
        self.length = self.for_a_fall_by(0.01)

    def for_a_fall_by(self, share: float) -> Tensor:
        """The length of a step with which the loss falls by a share of itself, to first order; 0 where none does."""
        falls = self.alpha.square() * self.square
        return torch.where(falls > 0, share * self.loss / falls, 0.0)

    def evaluate(self, network: WideNetwork) -> tuple[Tensor, WideNetwork]:
        """Margins F y, and ∇L in the shape of the network."""
        layers = network.forward(self.x)
        alpha = self.alpha.unsqueeze(-1)
        margins = alpha * (layers[-1][1].squeeze(-1) - self.base) * self.y
        pulls = _slope(margins, self.beta) * self.y / (alpha * self.y.numel())
        weights, biases = pulled(network, layers, pulls)
        return margins, with_parts(network, weights, biases)

    def advance(self, tolerance: float) -> None:
        """Try one step of each network, keep those that change the gradient by little, choose the next lengths."""
        tried = _join(self.now, self.gradient, lambda a, g: a - _like(self.length, a) * g)
        margins, gradient = self.evaluate(tried)
        change = _join(gradient, self.gradient, lambda new, old: new - old)
        square = _product(gradient, gradient)
        ratio = (_product(change, change) / (square * self.square).sqrt()).nan_to_num(nan=1e9, posinf=1e9)
        tried_loss = _loss(margins, self.beta).mean(-1)
        smooth = ratio <= tolerance
        kink = torch.zeros_like(smooth)
        if self.now.activation == "relu":
            short = (self.length > 0) & (self.length <= self.for_a_fall_by(SHORT))
            kink = ~smooth & short & (tried_loss <= (1 + SHORT) * self.loss)
        good = smooth | kink
        self.now = _join(tried, self.now, lambda new, old: torch.where(_like(good, new), new, old))
        self.gradient = _join(gradient, self.gradient, lambda new, old: torch.where(_like(good, new), new, old))
        self.square = torch.where(good, square, self.square)
        self.margins = torch.where(good.unsqueeze(-1), margins, self.margins)
        loss = torch.where(good, tried_loss, self.loss)
        half = self.first / 2
        crossed = good & (self.loss > half) & (loss <= half)
        share = ((self.loss - half) / (self.loss - loss).clamp(min=1e-300))[crossed]
        self.half_times[self.left[crossed]] = (self.time[crossed] + share * self.length[crossed]).to(self.half_times)
        self.time, self.loss = self.time + good * self.length, loss
        self.steps[self.left] += (good & ~self.stopped[self.left]).long()
        factor = (0.5 * tolerance / ratio.clamp(min=1e-300)).sqrt().clamp(0.2, 2)
        self.length = self.length * torch.where(kink, 1.0, factor)

    def drop_finished(self) -> bool:
        """Note those that fit all data; shrink the batch once a fifth of it is at its end. True where all are."""
        fits = (self.margins > 1).all(-1)
        done = fits | (self.square == 0)
        fresh = fits & ~self.stopped[self.left]
        where = self.left[fresh]
        if where.numel():
            self.times[where], self.stopped[where] = self.time[fresh], True
            self.keep(where, fresh)
        if bool(done.all()):
            return True
        if float(done.double().mean()) >= 0.2:
            self.keep(self.left[done & ~fits], done & ~fits)
            self.shrink(~done)
        return False

    def keep(self, where: Tensor, mask: Tensor) -> None:
        """Copy networks of the batch to where they belong in the result."""
        for final, now in zip(_parts(self.final), _parts(self.now), strict=True):
            final[where] = now[mask]

    def shrink(self, rest: Tensor) -> None:
        """Go on with the rest of the batch."""
        self.now, self.gradient = (_map(one, lambda part, own: part[rest]) for one in (self.now, self.gradient))
        for name in ("left", "alpha", "base", "time", "margins", "loss", "first", "length", "square"):
            setattr(self, name, getattr(self, name)[rest])

    def result(self, shape: torch.Size) -> Flow:
        running = ~self.stopped[self.left]
        self.keep(self.left[running], running)
        start, final = (_map(one, lambda part, own: part.reshape(*shape, *own)) for one in (self.start, self.final))
        scaled = Scaled(start, final, self.all_alpha.reshape(shape), self.centred)
        return Flow(scaled, *(each.reshape(shape) for each in (self.times, self.half_times, self.steps, self.stopped)))


def _parts(network: WideNetwork) -> tuple[Tensor, ...]:
    return network.weights + network.biases


def _copy(part: Tensor, own: torch.Size) -> Tensor:
    return part.clone()


def _map(network: WideNetwork, change) -> WideNetwork:
    """change(part, its shape without the ensemble) for all weights and biases."""
    return with_parts(
        network,
        (change(part, part.shape[-2:]) for part in network.weights),
        (change(part, part.shape[-1:]) for part in network.biases),
    )


def _join(one: WideNetwork, other: WideNetwork, combine) -> WideNetwork:
    return with_parts(
        one,
        (combine(a, b) for a, b in zip(one.weights, other.weights, strict=True)),
        (combine(a, b) for a, b in zip(one.biases, other.biases, strict=True)),
    )


def _like(values: Tensor, part: Tensor) -> Tensor:
    """Numbers of each network (E,), ready to meet weights or biases (E, ...)."""
    return values.reshape(-1, *[1] * (part.ndim - 1))


def _product(one: WideNetwork, other: WideNetwork) -> Tensor:
    """⟨one, other⟩ over all weights and biases: (E,)."""
    return sum((a * b).flatten(1).sum(1) for a, b in zip(_parts(one), _parts(other), strict=True))
