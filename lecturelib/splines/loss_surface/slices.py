r"""The loss ½ Σ_n (f(x_n) − y_n)² as a function of spline parameters: slices in one breakpoint, and critical points.

With all but one breakpoint held, the loss is a continuous piecewise quadratic with knots at the data; a knot lets the
breakpoint pass, repels it or holds it (Sahs et al. 2022, section 2.3).
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Integer, NonNegative, Seed, Vector, checked
from lecturelib.core.experiments import generator_for
from lecturelib.core.records import Record
from lecturelib.splines.breakpoints.expansion import sine
from lecturelib.splines.breakpoints.network import Network, Pieces, Spline, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.loss_surface.hessian import One, Places
from lecturelib.splines.training.descend import descend
from lecturelib.splines.training.prefix_sums import prepare, sharpness

PASSTHROUGH, REPELLER, ATTRACTOR, EDGE = TYPES = ("passthrough", "repeller", "attractor", "edge")


class LossSlice(Record):
    """The loss as a function of one breakpoint β: quadratic_g β² + linear_g β + constant_g between knots g − 1 and g.

    knots: the distinct data from left to right, shape (K,); the three coefficients: shape (K + 1,).
    faces: +1 or −1, the orientation of the neuron that moves.

    >>> cut = slice_loss(Spline([0.3], [2.0], [1.0], 0.0), [0.0, 1.0], [1.0, 1.0], neuron=0)
    >>> cut.quadratic.tolist(), cut([0.5]).item()
    ([4.0, 2.0, 0.0], 0.5)
    """

    knots: Annotated[Vector, "K"]
    quadratic: Annotated[Vector, "G"]
    linear: Annotated[Vector, "G"]
    constant: Annotated[Vector, "G"]
    faces: float

    @checked
    def __call__(self, beta: Annotated[Vector, "B"]) -> Tensor:
        """The loss with the breakpoint at beta of shape (B,): shape (B,)."""
        piece = torch.searchsorted(self.knots, beta)
        return (self.quadratic[piece] * beta + self.linear[piece]) * beta + self.constant[piece]

    @property
    def slopes(self) -> tuple[Tensor, Tensor]:
        """Slope of the slice just left and just right of every knot: two tensors of shape (K,)."""
        curvature, slope = 2 * self.quadratic, self.linear
        return curvature[:-1] * self.knots + slope[:-1], curvature[1:] * self.knots + slope[1:]

    @property
    def types(self) -> list[str]:
        """What each knot does to a breakpoint that flows downhill while all else is held, from left to right.

        "attractor" where the slice falls towards it from both sides, "repeller" where it falls away on both sides,
        "passthrough" where it falls in one direction, and "edge" for the last knot on the active side of the neuron,
        behind which no datum is active and the slice is constant. Slopes of 0 count as passing through.
        """
        sides = zip(*(side.tolist() for side in self.slopes), strict=True)
        kinds = [ATTRACTOR if a < 0 < b else REPELLER if b < 0 < a else PASSTHROUGH for a, b in sides]
        kinds[-1 if self.faces > 0 else 0] = EDGE
        return kinds


@checked
def slice_loss(spline: Annotated[Spline, "H"], x: Places, y: Places, neuron: Integer) -> LossSlice:
    """The loss ½ Σ_n (f(x_n) − y_n)² while the breakpoint of `neuron` moves and all else stays, exactly.

    On a gap where the neuron sees A data the quadratic coefficient is A μ²/2: it differs from gap to gap, and is 0 in
    the outermost gap on the active side (Sahs et al. 2022, Theorem 3, has it positive everywhere).
    x, y: (N,), in any order, repeats allowed. Raises ValueError for a neuron that does not exist.

    >>> slice_loss(Spline([0.3], [1.0], [1.0], 0.0), [0.0, 1.0], [-1.0, 1.5], neuron=0).types
    ['attractor', 'edge']
    """
    width = spline.breakpoints.numel()
    if not -width <= neuron < width:
        raise ValueError(f"neuron: expected an index of one of {width} neurons, got {neuron}")
    mu, side = spline.delta_slopes[neuron], float(spline.orientations[neuron])
    others = spline.delta_slopes.index_fill(0, torch.tensor([neuron % width], device=x.device), 0)
    wanted = y - Spline(spline.breakpoints, others, spline.orientations, spline.b0)(x)
    knots, where = torch.unique(x, return_inverse=True)

    def active(amount: Tensor) -> Tensor:
        """Σ of `amount` over the data that the neuron sees from each gap: shape (K + 1,)."""
        below = amount.new_zeros(len(knots) + 1).index_add(0, where + 1, amount).cumsum(0)
        return below[-1] - below if side > 0 else below

    height = mu * x - wanted  # residual of an active point, were the breakpoint at 0
    quadratic = 0.5 * mu**2 * active(torch.ones_like(x))
    constant = 0.5 * (wanted.square().sum() + active(height.square() - wanted.square()))
    return LossSlice(knots, quadratic, -mu * active(height), constant, side)


@checked
def least_squares_pieces(breakpoints: Annotated[Vector, "H"], x: Places, y: Places) -> Pieces:
    """The least squares line through the data of each piece, NaN where a piece has no two distinct data: `Pieces`.

    The lines need not meet at the breakpoints.

    >>> least_squares_pieces([1.5], [0.0, 1.0, 2.0, 3.0], [1.0, 3.0, 0.0, 5.0]).slopes.tolist()
    [2.0, 5.0]
    """
    knots = breakpoints.sort().values
    inside = (torch.searchsorted(knots, x) == torch.arange(len(knots) + 1, device=x.device)[:, None]).to(x.dtype)
    count = inside.sum(1)
    mean_x, mean_y = (inside @ x) / count, (inside @ y) / count
    centred = inside * (x - mean_x[:, None]).nan_to_num()
    slopes = (centred @ y) / centred.square().sum(1)
    return Pieces(knots, slopes, mean_y - slopes * mean_x)


def from_he(width: int, x: Tensor, y: Tensor, *, steps: int, generator: Generator) -> tuple[Network, Network]:
    """A He start and where gradient descent takes it, with half the rate that is stable there, as far as J tells."""
    start = initialize(width, "he", generator=generator)
    rate = 1 / float(sharpness(*prepare(start, x, torch.zeros_like(x)))[0])
    return start, descend(start, x, y, steps=steps, learning_rate=rate).final


@checked
def knot_chance(active: Array) -> Tensor:
    """Chance that a knot attracts, and that it repels, when residuals are independent Gaussian and μ is small.

    active: number k ≥ 1 of data seen with the knot itself, any shape. The slopes of the slice on both sides are sums of
    k and of k − 1 residuals, with correlation √(1 − 1/k): their signs differ with probability arcsin(k^{-1/2})/π.

    >>> knot_chance([2, 4]) * 24
    tensor([3., 2.], dtype=torch.float64)
    """
    return torch.arcsin(1 / torch.sqrt(active)) / (2 * torch.pi)


@checked
def knot_shares(network: One, x: Places, y: Places) -> dict[str, float]:
    """Share of knots of each type among all slices of one network, edges left out; how many breakpoints are held.

    "held": share of breakpoints within 10⁻³ of a datum; "by attractor": share for which it attracts.

    >>> knot_shares(Network([1.0], [-1e-4], [1.0], 0.0), [0.0, 1.0], [-1.0, 1.5])["by attractor"]
    1.0
    """
    spline = to_spline(network)
    width = spline.breakpoints.numel()
    cuts = [slice_loss(spline, x, y, i) for i in range(width)]
    kinds = [kind for cut in cuts for kind in cut.types if kind != EDGE]
    distance, nearest = (spline.breakpoints[:, None] - cuts[0].knots).abs().min(1)
    held = [cuts[i].types[nearest[i]] for i in range(width) if distance[i] < 1e-3]
    shares = {kind: kinds.count(kind) / len(kinds) for kind in (PASSTHROUGH, REPELLER, ATTRACTOR)}
    return {**shares, "held": len(held) / width, "by attractor": held.count(ATTRACTOR) / width}


@checked
def knot_counts(
    *, seed: Seed, width: Count, noise: NonNegative, points: Count = 20, steps: Count = 2000
) -> dict[str, list[float]]:
    """Experiment: `knot_shares` of a network before and after training; the results are lists (before, after).

    Data: sin 3x on [−1, 1] plus Gaussian noise; a He start, trained by gradient descent. "error" is the root mean
    square residual.

    >>> sorted(knot_counts(seed=0, width=2, noise=0.0, points=3, steps=1))
    ['attractor', 'by attractor', 'error', 'held', 'passthrough', 'repeller']
    """
    generator = generator_for(seed, "knots", width, noise)
    x = torch.sort(2 * torch.rand(points, generator=generator, dtype=torch.float64) - 1)[0]
    y = sine(3.0).value(x) + noise * torch.randn(points, generator=generator, dtype=torch.float64)
    ends = from_he(width, x, y, steps=steps, generator=generator)
    found = [knot_shares(one, x, y) | {"error": float((one(x) - y).square().mean().sqrt())} for one in ends]
    return {name: [one[name] for one in found] for name in found[0]}
