r"""The loss ½ Σ_n (f(x_n) − y_n)² as a function of spline parameters: slices in one breakpoint, and critical points.

With all but one breakpoint held, the loss is a continuous piecewise quadratic with knots at the data; a knot lets the
breakpoint pass, repels it or holds it (Sahs et al. 2022, section 2.3).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lecturelib.core.arguments import one_dimensional, same_shape
from lecturelib.core.experiments import generator_for
from lecturelib.splines.breakpoints.expansion import sine
from lecturelib.splines.breakpoints.network import Network, Pieces, Spline, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend
from lecturelib.splines.training.prefix_sums import prepare, sharpness

PASSTHROUGH, REPELLER, ATTRACTOR, EDGE = "passthrough", "repeller", "attractor", "edge"
TYPES = (PASSTHROUGH, REPELLER, ATTRACTOR, EDGE)


def read_data(x, y) -> tuple[Tensor, Tensor]:
    """x and y of shape (N,) in float64; ValueError where they are empty, not finite or not equally long."""
    x, y = one_dimensional("x", x, dtype=torch.float64), one_dimensional("y", y, dtype=torch.float64)
    if not x.numel():
        raise ValueError("x: expected at least one data point, got none")
    same_shape(tuple(x.shape), "x", y=y)
    return x, y


@dataclass(frozen=True, eq=False)
class LossSlice:
    """The loss as a function of one breakpoint β: quadratic_g β² + linear_g β + constant_g between knots g − 1 and g.

    knots: the distinct data from left to right, shape (K,); the three coefficients: shape (K + 1,).
    faces: +1 or −1, the orientation of the neuron that moves.
    """

    knots: Tensor
    quadratic: Tensor
    linear: Tensor
    constant: Tensor
    faces: float

    def __call__(self, beta) -> Tensor:
        """The loss with the breakpoint at beta of shape (B,): shape (B,)."""
        beta = one_dimensional("beta", beta, dtype=torch.float64)
        piece = torch.searchsorted(self.knots, beta)
        return (self.quadratic[piece] * beta + self.linear[piece]) * beta + self.constant[piece]

    @property
    def slopes(self) -> tuple[Tensor, Tensor]:
        """Slope of the slice just left and just right of every knot: two tensors of shape (K,)."""
        left = 2 * self.quadratic[:-1] * self.knots + self.linear[:-1]
        right = 2 * self.quadratic[1:] * self.knots + self.linear[1:]
        return left, right

    @property
    def minima(self) -> Tensor:
        """Where each piece, continued over the whole line, is least: shape (K + 1,), NaN for a flat piece."""
        least = -self.linear / (2 * self.quadratic)
        return torch.where(self.quadratic > 0, least, torch.nan)

    @property
    def types(self) -> list[str]:
        """What each knot does to a breakpoint that flows downhill, from left to right.

        "attractor" where the slice falls towards it from both sides, "repeller" where it falls away on both sides,
        "passthrough" where it falls in one direction, and "edge" for the last knot on the active side of the neuron,
        behind which no datum is active and the slice is constant. Slopes of 0 count as passing through.
        """
        left, right = self.slopes
        sides = zip(left.tolist(), right.tolist(), strict=True)
        kinds = [ATTRACTOR if a < 0 < b else REPELLER if b < 0 < a else PASSTHROUGH for a, b in sides]
        kinds[-1 if self.faces > 0 else 0] = EDGE
        return kinds


def slice_loss(spline: Spline, x, y, neuron: int) -> LossSlice:
    """The loss ½ Σ_n (f(x_n) − y_n)² while the breakpoint of `neuron` moves and all else stays, exactly.

    On a gap where the neuron sees A data the quadratic coefficient is A μ²/2: it differs from gap to gap, and is 0 in
    the outermost gap on the active side (Sahs et al. 2022, Theorem 3, has it positive everywhere).
    spline: one spline, shape (H,); x, y: (N,), in any order, repeats allowed. Raises ValueError for other shapes, no
    data, or a neuron that does not exist.
    """
    x, y = read_data(x, y)
    if spline.breakpoints.ndim != 1:
        raise ValueError(f"spline: expected one spline, shape (H,), got {tuple(spline.breakpoints.shape)}")
    width = spline.breakpoints.numel()
    if not -width <= neuron < width:
        raise ValueError(f"neuron: expected an index of one of {width} neurons, got {neuron}")
    mu, side = spline.delta_slopes[neuron].double(), float(spline.orientations[neuron])
    idle = torch.ones(width, dtype=torch.float64)
    idle[neuron] = 0
    wanted = y - Spline(spline.breakpoints, idle * spline.delta_slopes, spline.orientations, spline.b0)(x)
    knots, where = torch.unique(x, return_inverse=True)

    def active(amount: Tensor) -> Tensor:
        """Σ of `amount` over the data that the neuron sees from each gap: shape (K + 1,)."""
        per_knot = torch.zeros_like(knots).index_add(0, where, amount)
        none = per_knot.new_zeros(1)
        if side > 0:
            return torch.cat([per_knot.flip(0).cumsum(0).flip(0), none])
        return torch.cat([none, per_knot.cumsum(0)])

    height = mu * x - wanted  # residual of an active point, were the breakpoint at 0
    quadratic = 0.5 * mu**2 * active(torch.ones_like(x))
    linear = -mu * active(height)
    constant = 0.5 * (wanted.square().sum() + active(height.square() - wanted.square()))
    return LossSlice(knots, quadratic, linear, constant, side)


def kinks(spline: Spline, x, y, neuron: int) -> Tensor:
    """By how much the slope of the slice jumps at each datum from left to right: s μ ε_n, shape (N,), N distinct data.

    ε_n is the residual f(x_n) − y_n with the breakpoint upon x_n, where the neuron adds nothing: a fitted datum
    leaves no kink.
    """
    x, y = read_data(x, y)
    silent = torch.ones_like(spline.delta_slopes)
    silent[neuron] = 0
    rest = Spline(spline.breakpoints, silent * spline.delta_slopes, spline.orientations, spline.b0)
    return spline.slope_jumps[neuron] * (rest(x) - y)


def least_squares_pieces(breakpoints, x, y) -> Pieces:
    """The least squares line through the data of each piece, NaN where a piece has no two distinct data: `Pieces`.

    breakpoints: (H,); x, y: (N,). The lines need not meet at the breakpoints.
    """
    x, y = read_data(x, y)
    knots = torch.sort(one_dimensional("breakpoints", breakpoints, dtype=torch.float64))[0]
    inside = (torch.searchsorted(knots, x) == torch.arange(knots.numel() + 1)[:, None]).double()  # (H + 1, N)
    count = inside.sum(1)
    mean_x, mean_y = (inside @ x) / count, (inside @ y) / count
    centred = inside * (x - mean_x[:, None]).nan_to_num()
    slopes = (centred @ y) / centred.square().sum(1)
    return Pieces(knots, slopes, mean_y - slopes * mean_x)


def safe_rate(network: Network, x) -> float:
    """Half the largest learning rate of gradient descent that is stable at this network, as far as J tells."""
    return 1 / float(sharpness(*prepare(network, x, torch.zeros_like(x)))[0])


def knot_chance(active: Tensor) -> Tensor:
    """Chance that a knot attracts, and that it repels, when residuals are independent Gaussian and μ is small.

    active: number k ≥ 1 of data seen with the knot itself, any shape. The slopes of the slice on both sides are sums of
    k and of k − 1 residuals, with correlation √(1 − 1/k): their signs differ with probability arcsin(k^{-1/2})/π.
    """
    return torch.arcsin(1 / torch.sqrt(torch.as_tensor(active, dtype=torch.float64))) / (2 * torch.pi)


def knot_shares(network: Network, x, y) -> dict[str, float]:
    """Share of knots of each type among all slices of one network, edges left out; how many breakpoints are held.

    "held": share of breakpoints within 10⁻³ of a datum; "by attractor": share for which it attracts. x, y: (N,).
    """
    spline, (x, y) = to_spline(network), read_data(x, y)
    width = spline.breakpoints.numel()
    cuts = [slice_loss(spline, x, y, i) for i in range(width)]
    kinds = [kind for cut in cuts for kind in cut.types if kind != EDGE]
    distance, nearest = (spline.breakpoints[:, None] - cuts[0].knots).abs().min(1)
    held = [cuts[i].types[nearest[i]] for i in range(width) if distance[i] < 1e-3]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in (PASSTHROUGH, REPELLER, ATTRACTOR)}
    return {**shares, "held": len(held) / width, "by attractor": held.count(ATTRACTOR) / width}


def knot_counts(*, seed: int, width: int, noise: float, points: int = 20, steps: int = 2000) -> dict[str, list[float]]:
    """Experiment: `knot_shares` of a network before and after training; the results are lists (before, after).

    Data: sin 3x on [−1, 1] plus Gaussian noise; a He start, trained by gradient descent. "error" is the root mean
    square residual.
    """
    generator = generator_for(seed, "knots", width, noise)
    x = torch.sort(2 * torch.rand(points, generator=generator, dtype=torch.float64) - 1)[0]
    y = sine(3.0).value(x) + noise * torch.randn(points, generator=generator, dtype=torch.float64)
    start = initialize(width, "he", generator=generator)
    end = descend(start, x, y, steps=steps, learning_rate=safe_rate(start, x)).final
    found = [
        {**knot_shares(network, x, y), "error": float((network(x) - y).square().mean().sqrt())}
        for network in (start, end)
    ]
    return {name: [one[name] for one in found] for name in found[0]}
