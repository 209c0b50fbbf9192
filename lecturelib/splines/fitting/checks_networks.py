"""Claims of the chapter `splines/fitting`: continuous fits, batch normalization, moving breakpoints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, is_at_least, is_at_most
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, sizes, uniform
from lecturelib.splines.breakpoints.checks_problems import data, network, problems
from lecturelib.splines.breakpoints.network import Network, Spline, to_network, to_spline
from lecturelib.splines.fitting.checks_problems import best_cuts, by_x, crowded, line, on_a_parabola, parabolas
from lecturelib.splines.fitting.continuous import crossings, fit_knots
from lecturelib.splines.fitting.race import standardize, under_batch_norm
from lecturelib.splines.fitting.relocation import census, relocate
from lecturelib.splines.fitting.segmentation import segment_losses, segmentation


def half_square(residuals: Tensor) -> float:
    """The loss of given residuals, ½ Σ_n r_n²."""
    return float(residuals.square().sum() / 2)


def joined(x: Tensor, nodes: Tensor, values: Tensor) -> Tensor:
    """Values at x of the continuous function that is straight between nodes, sorted, and beyond them."""
    piece = torch.searchsorted(nodes, x).clamp(1, len(nodes) - 1)
    share = (x - nodes[piece - 1]) / (nodes[piece] - nodes[piece - 1])
    return values[piece - 1] + share * (values[piece] - values[piece - 1])


def in_hinges(x: Tensor, y: Tensor, knots: Tensor) -> dict[str, Any]:
    """The best values on the data, and their loss, of a line and hinges at the knots."""
    design = torch.cat([torch.ones(len(x), 1).double(), x[:, None], torch.relu(x[:, None] - knots)], 1)
    fitted = design @ torch.linalg.lstsq(design, y[:, None], driver="gelsd").solution[:, 0]
    return {"fitted": fitted, "loss": half_square(fitted - y)}


# Between two discontinuous optima


def close_fits(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor, Tensor]]:
    """(network, nodes, x, y): the best there are, generic ones, and more pieces than different x."""
    for pieces in (2, 3, 5):
        (size,) = sizes(generator, 1).tolist()
        x, y = on_a_parabola(3 * pieces, size, 1.0, (1 - 3 * pieces) / 2)
        knots = x[2:-1:3] + 0.5
        # the best lines meet at the knots; for odd numbers of pieces a network of one neuron for each computes them
        best = Network(torch.sign(knots), -knots.abs(), 0 * knots + 3 * size, size / 3)
        yield best if pieces % 2 else network(generator), torch.cat([x[:1], knots, x[-1:]]), x, y
    for neurons in (1, 3, 5, 8):
        # Three places on each piece, so that fewer pieces miss some; two data beside the network's value at each.
        x = sizes(generator, 1) * torch.arange(3.0 * (neurons + 1)).double()
        knots, bends = (x[2:-1:3] + x[3::3]) / 2, signs(generator, neurons) * sizes(generator, neurons)
        best = to_network(Spline(knots, bends, signs(generator, neurons), normal(generator, 1)[0]))
        beside = normal(generator, len(x)) / 10
        nodes = torch.cat([x[:1], knots, x[-1:]])
        yield best, nodes, x.repeat(2), torch.cat([best(x) + beside, best(x) - beside])
    for one, x, y in problems(generator):
        yield one, torch.cat([x.min()[None] - 1, to_spline(one).breakpoints.sort().values, x.max()[None] + 1]), x, y
    x, y = torch.arange(4.0).double().repeat(2), normal(generator, 8)
    means = y.view(2, 4).mean(0)
    steps = torch.diff(means.diff(), prepend=torch.zeros(1).double())
    through = Spline(torch.tensor([0.0, 1, 2, 9, 9]).double(), torch.cat([steps, 0 * x[:2]]), torch.ones(5), means[0])
    yield to_network(through), x[:4], x, y


def losses_of_fits(one: Network, nodes: Tensor, x: Tensor, y: Tensor) -> dict[str, float]:
    """The loss of the network, and of a continuous function with these nodes, fitted in hinges."""
    return {"network": half_square(one(x) - y), "continuous": in_hinges(x, y, nodes[1:-1])["loss"]}


@claim(
    "prop-fit-lower",
    source="own",
    check=is_at_least(losses_of_fits, on=close_fits),
    wrong={
        "$H$ pieces": {"more": 0},
        "continuous functions have a piece less": {"fewer": 1},
        "$H$ pieces for odd $H$": lambda one, *rest: lower_bound.formula(one, *rest, more=1 - len(one.w) % 2),
        "a piece less from seven nodes on": lambda one, nodes, *rest: lower_bound.formula(
            one, nodes, *rest, fewer=int(len(nodes) > 6)
        ),
    },
)
def lower_bound(one, nodes, x, y, *, more=1, fewer=0):
    pieces = {"network": len(one.w) + more, "continuous": len(nodes) - 1 - fewer}
    return {name: segment_losses(x, y, count)[-1] for name, count in pieces.items()}


def stairs(generator: Generator) -> Iterator[tuple[Tensor, Tensor, int]]:
    """(x, y, k): noisy data with clear jumps, unsorted; and all that the other problems have."""
    for k in (2, 3):
        x = 4 * uniform(generator, 4 * k)
        yield x, 30 * torch.floor(x * k / 4) * signs(generator, 1) + normal(generator, 4 * k), k
    yield from crowded(generator)


def with_bridges(x: Tensor, y: Tensor, k: int) -> dict[str, Tensor]:
    """Pieces and loss of the best pieces of all ways to cut, joined across the gaps; the best with these knots."""
    xs, ys = by_x(x, y)
    nodes, values = [], []
    for i, j in pairwise(best_cuts(xs, ys, k)[-1][1]):
        (height, slope), _ = line(xs[i:j], ys[i:j])
        nodes += [xs[i], xs[j - 1]]
        values += [height + slope * xs[i], height + slope * xs[j - 1]]
    fitted = torch.from_numpy(np.interp(x, torch.stack(nodes), torch.stack(values)))
    inside = [node for node in nodes if xs[0] < node < xs[-1]]
    fit = fit_knots(x, y, torch.stack(inside) if inside else xs[:0])
    pieces = [len(set(map(float, nodes))) - 1, len(fit.spline.breakpoints)]
    return {"pieces": torch.tensor(pieces), "loss": (torch.stack([fitted, fit(x)]) - y).square().sum(1) / 2}


@claim(
    "thm-fit-sandwich",
    source="own",
    check=is_at_most(with_bridges, on=stairs),
    wrong={
        "$k$ pieces are enough": {"twice": 1, "less": 0},
        "$2k - 2$ pieces are enough": {"less": 2},
        "half the loss": {"factor": 0.5},
    },
)
def bridges(x, y, k, *, twice=2, less=1, factor=1.0):
    return {"pieces": twice * k - less, "loss": factor * segment_losses(x, y, k)[-1]}


# Where the best pieces meet


def parts_of_parabolas(generator: Generator) -> Iterator[tuple[Tensor, float, float, float]]:
    """Sizes that differ by at most one, and by up to three, each with curvature, spacing and first place."""
    yield from parabolas(generator)
    *_, (_, *rest) = parabolas(generator)
    yield (torch.tensor([4, 7, 5, 2]), *rest)  # type: ignore[misc]


def where_lines_meet(parts: Tensor, *parabola: float) -> dict[str, object]:
    """Where lines of least squares meet, and the loss of these lines, cut off there."""
    x, y = on_a_parabola(int(parts.sum()), *parabola)
    lines = torch.stack([line(*both)[0] for both in zip(x.split(parts.tolist()), y.split(parts.tolist()), strict=True)])
    meetings = -lines[:, 0].diff() / lines[:, 1].diff()
    height, slope = lines[torch.searchsorted(meetings, x)].T
    return {"meetings": meetings, "loss": half_square(height + slope * x - y)}


def where_fits_bend(parts: Tensor, *parabola: float) -> dict[str, object]:
    """The same by the library."""
    x, y = on_a_parabola(int(parts.sum()), *parabola)
    knots = crossings(segmentation(x, y, np.cumsum([0, *parts[:-1].tolist()])), x)
    return {"meetings": knots, "loss": fit_knots(x, y, knots).loss}


@claim(
    "thm-fit-meet",
    source="own",
    check=equals(where_lines_meet, on=parts_of_parabolas, tolerance=1e-9),
    also=(where_fits_bend,),
    wrong={
        "halfway between the samples": {"sixth": 0.0},
        "on the other side of the middle": {"sixth": -1 / 6},
        "halfway between the middles of the pieces": {"sixth": 1 / 4},
    },
)
def pieces_meet(parts, c, delta, place, *, half=0.5, sixth=1 / 6):
    n = parts.double()
    middle = place + delta * (n.cumsum(0) - (n + 1) / 2)
    left = (n * (n**2 - 1) * (n**2 - 4)).sum()  # of all pieces, each with its best line
    meetings = middle[:-1] + delta * (half * n[:-1] + sixth * n.diff())
    return {"meetings": meetings, "loss": c**2 * delta**4 * left / 1440}


# Knots held


def with_knots(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(x, y, knots): anywhere and unsorted, on data, several in one gap between data, and none."""
    for count in (0, 1, 6):
        x, y = data(generator, 30)
        yield x, y, x.quantile(uniform(generator, count, low=0.1, high=0.9)) if count else x[:0]
    yield x, y, x.sort().values[[3, 9, 20]]
    yield x, y, x.sort().values[9] + (x.sort().values[10] - x.sort().values[9]) * torch.tensor([0.8, 0.2, 0.5]).double()


def through_nearest(x: Tensor, y: Tensor, knots: Tensor) -> dict[str, object]:
    """Lines from knot to knot that take there the value of the nearest datum."""
    nodes = torch.cat([x.min()[None], knots.unique(), x.max()[None]])
    fitted = joined(x, nodes, y[(nodes[:, None] - x).abs().argmin(1)])
    return {"fitted": fitted, "loss": half_square(fitted - y)}


@claim(
    "prop-fit-knots",
    source="own",
    check=equals(in_hinges, on=with_knots, tolerance=1e-9),
    also=(lambda x, y, knots: {"fitted": (fit := fit_knots(x, y, knots))(x), "loss": fit.loss},),
    wrong={
        "lines through the data nearest to the knots": lambda x, y, knots: through_nearest(x, y, knots),
        "squares without the half": {"half": 1.0},
    },
)
def knots_held(x, y, knots, *, half=0.5):
    nodes = torch.cat([x.min()[None], knots.unique(), x.max()[None]])
    hats = torch.stack([joined(x, nodes, one) for one in torch.eye(len(nodes)).double()], 1)
    fitted = hats @ torch.linalg.lstsq(hats, y[:, None], driver="gelsd").solution[:, 0]
    return {"fitted": fitted, "loss": half * (fitted - y).square().sum()}


# Batch normalization


def in_torch(one: Network, x: Tensor) -> dict[str, Tensor]:
    """What torch makes of a network with batch normalization, in each neuron and in all."""
    layer = torch.nn.BatchNorm1d(len(one.w), eps=1e-30, dtype=torch.float64)
    hidden = layer(x[:, None] * one.w + one.b).detach()
    return {"neurons": hidden, "network": torch.relu(hidden) @ one.v + one.b0}


@claim(
    "prop-fit-batchnorm",
    source="own",
    check=equals(in_torch, on=lambda generator: [(one, x) for one, x, _ in problems(generator)]),
    also=(
        lambda one, x: batch_norm.formula(one, x) | {"network": under_batch_norm(one)(standardize(x))},
        lambda one, x: batch_norm.formula(one, x) | {"neurons": standardize(x)[:, None] * under_batch_norm(one).w},
    ),
    wrong={
        "the weights stay": {"scale": Exponent(0)},
        "the sign goes too": lambda one, x: batch_norm.formula(Network(one.w.abs(), one.b, one.v, one.b0), x),
        "the variance in place of the deviation": {"deviation": Exponent(2)},
    },
)
def batch_norm(one, x, *, scale=Exponent(1), mean=1.0, deviation=Exponent(1)):
    sigma = (x - x.mean()).square().mean().sqrt()
    neurons = one.w / one.w.abs() ** scale * ((x - mean * x.mean()) / sigma**deviation)[:, None]
    return {"neurons": neurons, "network": torch.relu(neurons) @ one.v + one.b0}


# Moving breakpoints


def with_all_kinds(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """(network, x, y): breakpoints beyond the data, on the first and the last, and many in one gap."""
    for _ in range(2):
        x, y = data(generator, 14)
        points = x.unique()
        beyond = torch.stack([x.min() - 2, x.min() - 1, x.min(), x.max(), x.max() + 1, x.max() + 3])
        gap = points[6] + (points[7] - points[6]) * uniform(generator, 5, low=0.1, high=0.9)
        beta = torch.cat([beyond, beyond, gap, gap])
        sides = torch.tensor([1.0] * 6 + [-1.0] * 6 + [1.0] * 5 + [-1.0] * 5).double()
        mu = signs(generator, 22) * sizes(generator, 22)
        yield to_network(Spline(beta, mu, sides, normal(generator, 1)[0]), sizes(generator, 22)), x, y


def seen_by_data(one: Network, x: Tensor, _) -> dict[str, Tensor]:
    """What each neuron adds on the data, as far as they see no bend, and what they see of it."""
    adds = one.v[:, None] * torch.relu(one.w[:, None] * x + one.b[:, None])
    silent = (adds.abs() < 1e-12 * adds.abs().max()).all(1)
    bends = torch.tensor([line(x, row)[1] > 1e-12 * float(row.square().sum()) for row in adds])
    return {"silent": silent, "straight": ~silent & ~bends, "adds": adds[~bends]}


def counted(one: Network, x: Tensor, _) -> dict[str, Tensor]:
    """The same by the library."""
    found = census(one, x)
    lines = to_spline(one)
    adds = lines.delta_slopes[:, None] * (x - lines.breakpoints[:, None]) * found.straight[:, None]
    return {"silent": found.silent, "straight": found.straight, "adds": adds[~found.bending]}


@claim(
    "prop-fit-census",
    source="own",
    check=equals(seen_by_data, on=with_all_kinds, tolerance=1e-9),
    also=(counted,),
    wrong={
        "all breakpoints beyond the data are silent": {"slope": 0.0},
        "the other way round": lambda one, *data: kinds.formula(Network(-one.w, -one.b, -one.v, one.b0), *data),
        r"straight ones add $\mu_i x$": {"place": 0.0},
    },
)
def kinds(one, x, _, *, slope=1.0, place=1.0):
    beta, mu = to_spline(one).breakpoints, one.w * one.v
    left, right = beta <= x.min() + 1e-12, beta >= x.max() - 1e-12
    silent = torch.where(one.w > 0, right, left)
    straight = torch.where(one.w > 0, left, right)
    adds = slope * mu[:, None] * (x - place * beta[:, None]) * straight[:, None]
    return {"silent": silent, "straight": straight, "adds": adds[silent | straight]}


@claim(
    "thm-fit-relocate",
    source="own",
    check=equals(lambda one, x, y: one(x), on=with_all_kinds),
    also=(lambda one, x, y: relocate(one, x, y).network(x),),
    wrong={
        "straight neurons can be dropped": {"straight": 0.0, "constant": 0.0},
        "$b_0$ stays": {"constant": 0.0},
        "at the mean of the breakpoints": {"weight": Exponent(0)},
        "the output weight can stay": {"output": 1.0},
    },
)
def moving(one, x, y, *, straight=1.0, constant=1.0, bending=1.0, weight=Exponent(1), output=0.0):
    at, kinds = to_spline(one), census(one, x)
    beta, mu = at.breakpoints, at.delta_slopes
    total, keep = mu[kinds.straight].sum(), beta[kinds.straight][0]
    b0 = one.b0 + constant * (total * keep - (mu * beta)[kinds.straight].sum())
    f = b0 + straight * total * (x - keep)
    for side in (1, -1):
        for sign in (1, -1):
            alike = kinds.bending & (at.orientations == side) & (torch.sign(mu) == sign)
            if not alike.any():
                continue
            shares = mu[alike].abs() ** weight
            place = (shares * beta[alike]).sum() / shares.sum()
            f = f + bending * mu[alike].sum() * (x - place) * (side * (x - place) > 0)
    return f + output * torch.relu(x[:, None] - x).sum(1)  # the others, at new places
