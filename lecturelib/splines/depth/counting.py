r"""How many pieces a deep network has: counted, expected for random biases, and at most.

A network of one input is a `Layout` of `lecturelib.core.small_networks` with its numbers theta, shape (P,).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, NonNegative, Positive, Real, RealOrInfinite, Vector, checked
from lecturelib.core.kinds import Number, Several
from lecturelib.core.lines import LineBreakpoints, breakpoints_on_line
from lecturelib.core.small_networks import Layout

Start = Literal["pytorch", "he"]
Theta = Annotated[Array, "_P"]
_WIDTH, _FOLDING = (Number(f"an integer, at least {least}", least=least, whole=True) for least in (1, 3))
Hidden = Annotated[Sequence[int], Several("one or more hidden widths, integers of at least 1", _WIDTH, fewest=1)]
Folding = Annotated[Sequence[int], Several("one or more hidden widths, integers of at least 3", _FOLDING, fewest=1)]
ROUNDING = 1e-10  # of slopes, beside the steepest


@checked
def start_deep(layout: Layout, start: Start, *, members: Count = 1, generator: Generator) -> Tensor:
    """Random networks, (members, P). "pytorch": weights and biases uniform on ±1/√(inputs of the layer), as nn.Linear.

    "he": weights normal with variance 2 / inputs (He et al. 2015), biases normal with standard deviation ½.

    >>> from lecturelib.core.small_networks import Layout
    >>> start_deep(Layout((1, 6, 6, 1)), "he", members=2, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([2, 61])
    """
    theta = torch.zeros(members, layout.count, dtype=torch.float64)
    for weights, biases in layout.layers(theta):
        fan = weights.shape[-1]
        for part, spread in ((weights, (2 / fan) ** 0.5), (biases, 0.5)):
            if start == "he":
                part.copy_(spread * torch.randn(part.shape, generator=generator, dtype=torch.float64))
            else:
                part.copy_((2 * torch.rand(part.shape, generator=generator, dtype=torch.float64) - 1) / fan**0.5)
    return theta


def fits(layout: Layout, **rows: Tensor) -> None:
    """Raise ValueError naming a row that has not the shape (P,) of the layout's numbers."""
    for name, row in rows.items():
        if row.shape != (layout.count,):
            raise ValueError(f"{name}: expected shape ({layout.count},), got {tuple(row.shape)}")


@checked
def breakpoints_of(
    layout: Layout, theta: Theta, *, low: RealOrInfinite = -math.inf, high: RealOrInfinite = math.inf
) -> LineBreakpoints:
    """All breakpoints of one ReLU network of one input. Raises ValueError for another activation or more inputs.

    >>> from lecturelib.core.small_networks import Layout
    >>> breakpoints_of(Layout((1, 1, 1)), [2.0, -1.0, 3.0, 0.0]).positions.tolist()
    [0.5]
    """
    if layout.sizes[0] != 1 or layout.activation != "relu":
        raise ValueError("layout: expected a ReLU network of one input")
    fits(layout, theta=theta)
    return breakpoints_on_line(list(layout.layers(theta)), torch.zeros(1), torch.ones(1), low=low, high=high)


@checked
def count_pieces(found: LineBreakpoints, *, tolerance: NonNegative = ROUNDING) -> int:
    """How many straight pieces the function has: 1 + the number of places where its slopes change.

    Changes of at most `tolerance` times the steepest slope are rounding, as are all at breakpoints that coincide but
    where the pieces around them agree: there the bends cancel.

    >>> from lecturelib.core.small_networks import Layout
    >>> count_pieces(breakpoints_of(Layout((1, 2, 1)), [1.0, 1.0, 0.0, 0.0, 3.0, -3.0, 0.0]))
    1
    """
    beta, slopes = found.positions, found.slopes
    if len(beta) == 0:
        return 1
    # the last of breakpoints at one place closes it
    same = (beta[1:] - beta[:-1]) <= 1e-12 * torch.maximum(beta[1:].abs(), beta.abs().median())
    last = torch.cat([~same, torch.ones(1, dtype=torch.bool)])
    around = torch.cat([slopes[:1], slopes[1:][last]])
    return 1 + int(((around[1:] - around[:-1]).abs() > tolerance * slopes.abs().max()).any(-1).sum())


@checked
def expected_breakpoints(knots: Vector, values: Vector, *, bias_scale: Positive, uniform: bool = False) -> float:
    """Mean number of zeros, between the first and the last knot, of g + b for a random bias b, which g is not.

    g is piecewise linear with these values at sorted knots, shape (N,). b has standard deviation `bias_scale` and is
    normal, or uniform. With F the distribution function of −b, the mean is the total variation of F(g). Raises
    ValueError for knots that are not sorted, and another number of values.

    >>> expected_breakpoints([0.0, 1.0, 2.0], [-30.0, 30.0, -30.0], bias_scale=1.0)
    2.0
    """
    if knots.shape != values.shape:
        raise ValueError(f"values: expected shape {tuple(knots.shape)}, as knots have, got {tuple(values.shape)}")
    if not bool((knots[1:] >= knots[:-1]).all()):
        raise ValueError("knots: expected sorted numbers")
    share = values / bias_scale
    below = (0.5 + share / math.sqrt(12)).clamp(0, 1) if uniform else torch.special.ndtr(share)
    return float((below[1:] - below[:-1]).abs().sum())


@checked
def most_pieces(widths: Hidden) -> int:
    """The most pieces that a ReLU network of one input with these hidden widths can have: ∏ (n + 1), for n ≥ 3.

    >>> most_pieces([3, 3])
    16
    """
    return math.prod(width + 1 for width in widths)


@checked
def zigzag(widths: Folding) -> tuple[Layout, Tensor]:
    """A network that has `most_pieces(widths)` pieces, and its numbers (P,). Raises ValueError for a width below 3.

    Each layer folds: u ↦ g(u) is straight between n knots c_i = i/(n + 1), where it is 0 and 1 in turns, with slopes
    ±(n + 1), and beyond the knots it goes on to infinity. All units face right but the third.

    >>> layout, theta = zigzag([3, 3])
    >>> count_pieces(breakpoints_of(layout, theta))
    16
    """
    layout = Layout((1, *widths, 1))
    theta = torch.zeros(layout.count, dtype=torch.float64)
    before, shift = torch.ones(1, dtype=torch.float64), 0.0  # the layer gets u = before · h + shift
    for width, (weights, biases) in zip((*widths, 0), layout.layers(theta), strict=True):
        if width == 0:
            weights.copy_(before[None])
            biases.fill_(shift)
            break
        faces = torch.ones(width, dtype=torch.float64)
        faces[2] = -1.0
        knots = torch.arange(1, width + 1, dtype=torch.float64) / (width + 1)
        weights.copy_(faces[:, None] * before)
        biases.copy_(faces * (shift - knots))
        before = 2.0 * (width + 1) * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(width)[:width]
        before[0] = 3.0 * (width + 1)
        shift = -4.0
    return layout, theta


@checked
def expected_by_layer(layout: Layout, theta: Theta, *, low: Real, high: Real) -> Tensor:
    """Mean number of breakpoints in each hidden layer, (L,), if the bias of a unit is drawn anew, as PyTorch draws it.

    For each unit by itself, with what lies below it as it is: see `expected_breakpoints`. Raises ValueError where
    `low` is not less than `high`.

    >>> from lecturelib.core.small_networks import Layout
    >>> expected_by_layer(Layout((1, 1, 1)), [1.0, 0.0, 1.0, 0.0], low=-0.5, high=0.5).tolist()
    [0.5]
    """
    found = breakpoints_of(layout, theta, low=low, high=high)
    counts = torch.zeros(len(layout.sizes) - 2, dtype=torch.float64)
    for number, width in enumerate(layout.sizes[1:-1], 1):
        inside = found.positions[found.layers < number]
        knots = torch.cat([inside.new_tensor([low]), inside, inside.new_tensor([high])])
        below, h = list(layout.layers(theta.double())), knots[:, None]
        for weights, biases in below[: number - 1]:
            h = torch.relu(h @ weights.mT + biases)
        weights = below[number - 1][0]
        scale = (3 * weights.shape[1]) ** -0.5
        values = h @ weights.mT
        counts[number - 1] = sum(
            expected_breakpoints(knots, values[:, unit], bias_scale=scale, uniform=True) for unit in range(width)
        )
    return counts
