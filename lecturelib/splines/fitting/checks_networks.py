"""Claims of the chapter `splines/fitting`: continuous fits, batch normalization, moving breakpoints."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network, Spline, rescale, to_network, to_spline
from lecturelib.splines.fitting.checks import draw_data
from lecturelib.splines.fitting.continuous import bridge, fit_knots
from lecturelib.splines.fitting.race import standardize, under_batch_norm
from lecturelib.splines.fitting.relocation import Census, census, gather, relocate
from lecturelib.splines.fitting.segmentation import segment, segment_losses
from lecturelib.splines.initialization.starts import initialize


def half_square(residuals: Tensor) -> float:
    """The loss of given residuals, ½ Σ_n r_n²."""
    return float(residuals.square().sum() / 2)


# Between two discontinuous optima


def _data(generator: Generator, size: int) -> tuple[Tensor, Tensor]:
    return tuple(torch.from_numpy(part) for part in draw_data(generator, size))


def _cannot_be_beaten(pieces_of, generator: Generator) -> float:
    """How far a network gets below the bound, relative to Σ y²: on its own values, noisy and without noise."""
    x, _ = _data(generator, 60)
    width = 5
    knots = x[10:60:9][:width]
    jumps = 1 + torch.rand(width, generator=generator, dtype=torch.float64)
    sides = torch.sign(torch.randn(width, generator=generator, dtype=torch.float64))
    network = to_network(Spline(knots, jumps * (-1) ** torch.arange(width) * sides, sides, 0.3))
    noise = torch.randn(x.shape, generator=generator, dtype=torch.float64)
    worst = 0.0
    for y in (network(x), network(x) + 0.1 * noise):
        bound = float(segment_losses(x, y, pieces_of(width))[-1])
        worst = max(worst, (bound - half_square(network(x) - y)) / float(y.square().sum()))
    return worst


lower_bound = Claim(
    label="prop-fit-lower",
    statement="No network of $H$ neurons has a smaller loss than the best $H + 1$ pieces that need not meet.",
    source="derived here",
    method="exact identity",
    tolerance=1e-12,
    check=_cannot_be_beaten,
    formula=lambda width: width + 1,
    falsifiers={"$H$ pieces": lambda width: width, "$H - 1$ pieces": lambda width: width - 1},
)


def _joins_at_no_cost(join, generator: Generator) -> float:
    x, y = _data(generator, 50)
    worst = 0.0
    for count in (2, 4, 7):
        fit = segment(x, y, count, min_size=3)
        joined = join(fit, x)
        too_many = max(0, joined.breakpoints.numel() - (2 * count - 1))
        worst = max(worst, abs(half_square(joined(x) - y) / fit.loss - 1), float(too_many))
    return worst


def _through_the_cuts(fit, x) -> Spline:
    """Join pieces at their cuts, at the mean of the two lines there."""
    pieces = fit.pieces
    knots, slopes, intercepts = pieces.knots, pieces.slopes, pieces.intercepts
    ends = torch.cat([x[:1], knots, x[-1:]])
    left, right = slopes * ends[:-1] + intercepts, slopes * ends[1:] + intercepts
    values = torch.cat([left[:1], (right[:-1] + left[1:]) / 2, right[-1:]])
    rises = torch.diff(values) / torch.diff(ends)
    steps = torch.cat([rises[:1], torch.diff(rises)])
    return Spline(ends[:-1], steps, torch.ones_like(steps), values[0])


def _keep_the_slopes(fit, x) -> Spline:
    """Join pieces at their cuts, each with its slope, beginning with the first line."""
    pieces = fit.pieces
    knots, slopes, intercepts = pieces.knots, pieces.slopes, pieces.intercepts
    steps = torch.cat([slopes[:1], torch.diff(slopes)])
    return Spline(torch.cat([x[:1], knots]), steps, torch.ones_like(steps), slopes[0] * x[0] + intercepts[0])


bridges = Claim(
    label="thm-fit-sandwich",
    statement=r"A bridge in each gap joins $k$ pieces to a continuous fit of $2k - 1$, with the same loss.",
    source="derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_joins_at_no_cost,
    formula=bridge,
    falsifiers={
        "$k$ pieces that meet halfway at the cuts do": _through_the_cuts,
        "$k$ pieces that keep their slopes do": _keep_the_slopes,
    },
)


# Where the best pieces meet


def _is_reached_continuously(meet, generator: Generator) -> float:
    """Loss of the best continuous fit with bends where the formula says, against the best without continuity."""
    curvature = 0.5 + float(torch.rand((), generator=generator))
    x = torch.arange(44, dtype=torch.float64)
    y = curvature * (x - 20) ** 2 / 2
    worst = 0.0
    for count in (3, 5, 6):  # none divides 44
        best = segment(x, y, count)
        sizes = torch.diff(torch.cat([best.starts, torch.tensor([44])]))
        middles = best.starts + (sizes - 1) / 2
        knots = torch.stack([meet(*ends) for ends in zip(middles[:-1], sizes[:-1], sizes[1:], strict=True)])
        worst = max(worst, abs(fit_knots(x, y, knots).loss / best.loss - 1))
    return worst


pieces_meet = Claim(
    label="thm-fit-meet",
    statement="On equally spaced samples of a parabola the best pieces meet between the samples on both sides of a "
    "cut, so that the best fit is continuous.",
    source="derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_is_reached_continuously,
    formula=lambda m, n, q: m + n / 2 + (q - n) / 6,
    falsifiers={
        "halfway between the samples": lambda m, n, q: m + n / 2,
        "on the other side of the middle": lambda m, n, q: m + n / 2 - (q - n) / 6,
        "halfway between the middles of the pieces": lambda m, n, q: m + (n + q) / 4,
    },
)


# Knots held


def _has_no_better_values(fit, generator: Generator) -> float:
    """Against least squares on hinges by another solver, knots drawn at random."""
    x, y = _data(generator, 60)
    inner = torch.rand(6, generator=generator, dtype=torch.float64)
    knots = torch.sort(torch.quantile(x, 0.1 + 0.8 * inner))[0]
    design = torch.cat([torch.ones(60, 1, dtype=torch.float64), x[:, None], torch.relu(x[:, None] - knots)], dim=1)
    best = half_square(design @ torch.linalg.lstsq(design, y[:, None], driver="gelsd").solution[:, 0] - y)
    return abs(half_square(fit(x, y, knots)(x) - y) / best - 1)


def _interpolate(x, y, knots) -> Spline:
    """Through the data nearest to the knots."""
    near = torch.tensor(sorted({0, x.numel() - 1, *torch.searchsorted(x, knots).tolist()}))
    rises = torch.diff(y[near]) / torch.diff(x[near])
    steps = torch.cat([rises[:1], torch.diff(rises)])
    return Spline(x[near][:-1], steps, torch.ones_like(steps), y[near][0])


knots_held = Claim(
    label="prop-fit-knots",
    statement="For given knots, least squares on the values at the knots gives the best continuous fit.",
    source="linear least squares",
    method="exact identity",
    tolerance=1e-9,
    check=_has_no_better_values,
    formula=fit_knots,
    falsifiers={
        "a line from knot to knot through the data": _interpolate,
        "lines fitted piece by piece, joined at the cuts": lambda x, y, knots: _through_the_cuts(
            segment(x, y, knots.numel() + 1), x
        ),
    },
)


# Batch normalization


def _is_what_torch_computes(replace, generator: Generator) -> float:
    x, _ = _data(generator, 40)
    network = initialize(7, "pytorch", generator=generator)
    layer = torch.nn.BatchNorm1d(7, eps=1e-30, dtype=torch.float64)
    hidden = torch.relu(layer(x[:, None] * network.w + network.b))
    expected = (hidden @ network.v + network.b0).detach()
    return relative_gap(replace(network, x), expected)


batch_norm = Claim(
    label="prop-fit-batchnorm",
    statement=r"With one input, batch normalization replaces $w_i x + b_i$ by $\operatorname{sign}(w_i)\,"
    r"(x - \bar x)/\sigma$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-11,
    check=_is_what_torch_computes,
    formula=lambda n, x: under_batch_norm(n)(standardize(x)),
    falsifiers={
        "the weights stay": lambda n, x: n(standardize(x)),
        "the bias stays": lambda n, x: Network(torch.sign(n.w), n.b, n.v, n.b0)(standardize(x)),
        "the sign goes too": lambda n, x: Network(torch.ones_like(n.w), 0 * n.b, n.v, n.b0)(standardize(x)),
        "the variance in place of the deviation": lambda n, x: under_batch_norm(n)(standardize(x) / x.std()),
    },
)


# Moving breakpoints


def _crowded(generator: Generator, x: Tensor) -> Network:
    """A network with neurons of all kinds: silent, straight, several in one gap between data, on both sides."""
    size = float(x[-1] - x[0])
    outside = torch.tensor([-0.5, -0.3, 1.2, 1.4, 1.3, -0.1], dtype=torch.float64)
    inside = torch.rand(4, generator=generator, dtype=torch.float64)
    gap = 20 + torch.rand(6, generator=generator, dtype=torch.float64)
    first = gap.floor().long()
    crowded = x[first] + (gap - first) * (x[first + 1] - x[first])
    beta = torch.cat([x[0] + size * torch.cat([outside, inside]), crowded])
    sides = torch.tensor([1, -1, 1, -1, -1, 1, 1, -1, 1, -1, 1, 1, 1, -1, -1, 1], dtype=torch.float64)
    mu = torch.randn(16, generator=generator, dtype=torch.float64)
    mu[10:12] = mu[10:12].abs()
    mu[13:15] = -mu[13:15].abs()
    network = to_network(Spline(beta, mu, sides, 0.2))
    return rescale(network, torch.exp(torch.randn(16, generator=generator, dtype=torch.float64)))


def _stays_on_the_data(move, generator: Generator) -> float:
    x, y = _data(generator, 50)
    network = _crowded(generator, x)
    return relative_gap(move(network, x, y)(x), network(x))


def _drop_the_straight(network: Network, x, y) -> Network:
    return Network(network.w, network.b, network.v * ~census(network, x).straight, network.b0)


def _drop_what_moves(network: Network, x, y) -> Network:
    free = gather(network, x)[1]
    return Network(network.w, network.b, network.v * ~free, network.b0)


def _keep_weights(network: Network, x, y) -> Network:
    """Give moved neurons the output weights that they had."""
    moved, free = relocate(network, x, y).network, gather(network, x)[1]
    return Network(moved.w, moved.b, torch.where(free, network.v, moved.v), moved.b0)


moving = Claim(
    label="thm-fit-relocate",
    statement="Joining neurons that are straight on the data, and neurons alike in one gap, and restarting the freed "
    "ones with output weight 0, changes no value on the data.",
    source="derived here",
    method="exact identity",
    tolerance=1e-10,
    check=_stays_on_the_data,
    formula=lambda n, x, y: relocate(n, x, y).network,
    falsifiers={
        "neurons with breakpoints outside the data can be dropped": _drop_the_straight,
        "neurons that share a gap can be dropped": _drop_what_moves,
        "the output weight can stay": _keep_weights,
    },
)


def _counts_what_the_data_see(count, generator: Generator) -> float:
    """Against bends of the function on the data: drop one neuron after the other and look at second differences."""
    x, _ = _data(generator, 50)
    network = _crowded(generator, x)
    groups: Census = count(network, x)
    worst = 0.0
    for i in range(network.w.numel()):
        hinge = torch.relu(network.w[i] * x + network.b[i]) * network.v[i]
        bends = torch.diff(torch.diff(hinge) / torch.diff(x)).abs().max() > 1e-9 * hinge.abs().max()
        kind = (not bool(hinge.abs().max() > 0), bool(hinge.abs().max() > 0) and not bool(bends), bool(bends))
        worst = max(worst, float(kind != tuple(bool(mask[i]) for mask in groups)))
    return worst


def _by_place(network: Network, x) -> Census:
    """Call every neuron with a breakpoint outside the data silent."""
    beta = to_spline(network).breakpoints
    inside = (beta > x.min()) & (beta < x.max())
    return Census(~inside, torch.zeros_like(inside), inside)


kinds = Claim(
    label="prop-fit-census",
    statement="A neuron whose breakpoint lies outside the data is silent if it faces away from them, and adds a "
    "straight line if it faces them.",
    source="derived here",
    method="exact identity",
    tolerance=0.0,
    check=_counts_what_the_data_see,
    formula=census,
    falsifiers={
        "all breakpoints outside the data are silent": _by_place,
        "the other way round": lambda n, x: Census(*(census(n, x)[i] for i in (1, 0, 2))),
    },
)
