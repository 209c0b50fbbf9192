"""Claims of the chapter `splines/loss_surface`: second derivatives, and directions in which the loss is flat."""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import uniform
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.breakpoints.network import Network, Spline
from lecturelib.splines.loss_surface.checks_problems import cells, curve, cut, forced, onto_kernel
from lecturelib.splines.loss_surface.hessian import gram_rank, hessian, measured_zeros, zero_count, zeros_off_critical
from lecturelib.splines.loss_surface.unseen import trade, turn


def _any(generator: Generator):
    """(network, x, y), y a fit, critical, or random: data twice, twins, dead neurons, some with w = 0 or v = 0."""
    one, (x, y) = autograd.network(generator, 4), autograd.data(generator)
    w, v = one.w * torch.tensor([1, 0, 1, 1]), one.v * torch.tensor([1, 1, 0, 0])
    # both idle neurons see data, and at most one of them the same as neuron 0
    knots = x.unique().unfold(0, 2, 1).mean(1)[[3, 7]]
    idle = Network(w, torch.cat([one.b[:2], -w[2:] * knots]), v, one.b0), x, y
    dead = autograd.network(generator, 4)
    b, v = dead.b.clone(), dead.v.clone()
    b[3], v[3] = -1 - (dead.w[3] * x).max(), 0.0
    dead = Network(dead.w, b, v, dead.b0), x, y
    for network, x, y in (*autograd.problems(generator), idle, dead):
        residual = network(x) - y
        critical = onto_kernel(autograd.jacobian(network, x).T) @ residual
        yield from ((network, x, network(x) - away) for away in (0 * x, critical, residual))


def _seen(network: Network, x: Tensor) -> Tensor:
    """Which data each neuron sees, (N, H)."""
    return (network.w * x[:, None] + network.b > 0).double()


def _tilts_and_pulls(network: Network, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """T_i and P_i of each neuron."""
    residual = autograd.value(network, x) - y
    return (residual * x) @ _seen(network, x), residual @ _seen(network, x)


def _columns(network: Network, x: Tensor, seen: Tensor) -> Tensor:
    """The vectors v x_i, v 1_i, w x_i + b 1_i, 1 for data x of which each neuron sees these, (N, 3 H + 1)."""
    w, b, v, x = network.w, network.b, network.v, x[:, None]
    return torch.cat([v * x * seen, v * seen, (w * x + b) * seen, torch.ones(len(x), 1)], 1)


@claim(
    "thm-loss-hessian",
    source="sahs2022: section 2.4",
    check=equals(autograd.hessian, on=_any),
    also=(hessian,),
    wrong={
        "the Gram matrix alone": {"tilt": 0.0, "pull": 0.0},
        "residuals with the other sign": {"tilt": -1.0, "pull": -1.0},
        "tilt and pull exchanged": {"tilt_at": 1, "pull_at": 0},
    },
)
def second(network, x, y, *, gram=1.0, tilt=1.0, pull=1.0, tilt_at=0, pull_at=1):
    columns, width = _columns(network, x, _seen(network, x)), len(network.w)
    matrix, i = gram * (columns.T @ columns), torch.arange(width)
    for factor, at, residual in zip((tilt, pull), (tilt_at, pull_at), _tilts_and_pulls(network, x, y), strict=True):
        matrix[at * width + i, 2 * width + i] += factor * residual
        matrix[2 * width + i, at * width + i] += factor * residual
    return matrix


# When it is the Gram matrix


def _by_eigenvalues(network: Network, x: Tensor, y: Tensor) -> tuple:
    """How far is the Hessian from the Gram matrix, is it that and critical, least eigenvalues of blocks with v = 0."""
    matrix, columns = autograd.hessian(network, x, y), autograd.jacobian(network, x)
    far, width = (matrix - columns.T @ columns).norm(), len(network.w)
    blocks = [matrix[i:-1:width, i:-1:width] for i in range(width) if network.v[i] == 0]
    critical = autograd.gradient(network, x, y).norm() < 1e-9
    return far, bool(critical and far < 1e-9), [torch.linalg.eigvalsh(one)[0] for one in blocks]


@claim(
    "thm-loss-gram",
    source="sahs2022: Theorem 5",
    check=equals(_by_eigenvalues, on=_any, tolerance=1e-8, floor=0.1),
    wrong={
        "at every critical point, as the source has it": {"flat": lambda v, off: off < math.inf},
        "only at a fit": {"flat": lambda v, off: off < 0},
        r"only where all $v_i \neq 0$": {"flat": lambda v, off: v != 0},
        "each of tilt and pull stands once": {"places": 1},
        r"the eigenvalue $-\sqrt{T_i^2 + P_i^2}$": {"half": 0.0},
    },
)
def is_gram(network, x, y, *, flat=lambda v, off: (v != 0) | (off < 1e-15), places=2, half=0.5, power=Exponent(2)):
    off = sum(part.abs() ** power for part in _tilts_and_pulls(network, x, y))
    g = half * ((network.w * x[:, None] + network.b) * _seen(network, x)).square().sum(0)
    least = (g - torch.sqrt(g**2 + off))[network.v == 0]
    fit, critical = (bool(part.norm() < 1e-9) for part in (network(x) - y, autograd.gradient(network, x, y)))
    return torch.sqrt(places * off.sum()), fit or (critical and bool(flat(network.v, off).all())), list(least)


# The tangent of the orbit


def _apart(w: Tensor, b: Tensor, v: Tensor) -> Tensor:
    """For each neuron a direction in which only its own w, b and v change, in this proportion: (3 H + 1, H)."""
    return torch.cat([torch.diag(w), torch.diag(b), torch.diag(v), torch.zeros(1, len(w))])


def _taken_to(network: Network, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Where the Hessian takes the tangents, (3 H + 1, H), and which are eigenvectors with eigenvalue 0."""
    image = autograd.hessian(network, x, y) @ _apart(network.w, network.b, -network.v)
    return image, image.norm(dim=0) < 1e-9


@claim(
    "prop-loss-orbit",
    source="own",
    check=equals(_taken_to, on=_any, floor=0.1),
    wrong={
        "to 0 everywhere, as the source has it": {"by_w": 0.0, "by_b": 0.0, "by_v": 0.0},
        "to minus the gradient": {"by_v": -1.0},
    },
)
def orbit(network, x, y, *, by_w=-1.0, by_b=-1.0, by_v=1.0):
    w, b, v = slope = autograd.gradient(network, x, y)[:-1].reshape(3, -1)
    return _apart(by_w * w, by_b * b, by_v * v), slope.norm(dim=0) < 1e-9


# Ranks and zero eigenvalues

rank_of = partial(torch.linalg.matrix_rank, rtol=1e-10)


def _with_dead(generator: Generator):
    """`cells`, some with neurons that are dead because w = 0, active because w = 0, or dead with v = 0."""
    for k, (network, x) in enumerate(cells(generator)):
        w, b, v = network.w.clone(), network.b.clone(), network.v.clone()
        if k % 4 > 1:
            w[0], b[0], v[0] = 0.0, (0.7, -0.7)[k % 2], v[0] * (k % 2 == 0)
        yield Network(w, b, v, 0.2), x


@claim(
    "thm-loss-rank",
    source="own",
    check=equals(lambda network, x: int(rank_of(autograd.jacobian(network, x))), on=_with_dead),
    also=(gram_rank,),
    wrong={
        r"$\sum_p \min(2, n_p)$ always": {"less": 0},
        r"$\sum_p \min(2, n_p) - 1$ always": {"fewest": -1},
        "$T$ is free where no piece is empty": {"fewest": 1},
    },
)
def rank(network, x, *, most=2, less=1, fewest=2):
    _, counts, turns = cut(network, x)
    return int(counts.clamp(max=most).sum()) - less * (fewest < 0 or not forced(counts, turns, fewest))


def _by_origin(network: Network, x: Tensor) -> dict[str, int]:
    """Dimensions of ever larger spaces of directions that the Hessian of a fit takes to 0, and what each adds.

    Tangents of orbits; all parameters of neurons that see no datum; what is flat whichever data have these patterns,
    found on made up data, two in view of all neurons of one pattern and of no other, and one of none; everything.
    """
    seen, width = _seen(network, x), len(network.w)
    patterns = torch.unique(seen[:, seen.any(0)], dim=1).T
    alone = torch.cat([(one == seen.T).all(1).double().expand(2, -1) for one in patterns] + [torch.zeros(1, width)])
    made_up = _columns(network, torch.arange(1.0, len(alone) + 1).double().sqrt(), alone)
    tangents = _apart(network.w, network.b, -network.v)
    untouched = torch.diag(torch.cat([(seen.sum(0) == 0).repeat(3), torch.tensor([False])]).double())
    spaces = [rank_of(tangents), rank_of(torch.cat([tangents, untouched], 1)), 3 * width + 1 - rank_of(made_up)]
    spaces.append(measured_zeros(autograd.hessian(network, x, network(x)), tolerance=1e-13))
    added = [int(after - before) for before, after in pairwise([0, *spaces])]
    return dict(zip(("scaling", "dead", "shared", "function"), added, strict=True))


@claim(
    "thm-loss-zeros",
    source="own",
    check=equals(_by_origin, on=_with_dead),
    also=(zero_count,),
    wrong={
        "three more for each dead neuron": {"each_dead": 3},
        "one for each repeated pattern": {"each_shared": 1},
        r"$3 H + 1 - N$ in all": {"ranks": lambda network, x: len(x)},
    },
)
def zeros(network, x, *, ranks=rank.formula, each=1, each_dead=2, each_shared=2, plane=2, constant=1):
    seen = _seen(network, x)
    live, patterns = int(seen.any(0).sum()), len(torch.unique(seen[:, seen.any(0)], dim=1).T)
    return {
        "scaling": each * seen.shape[1],
        "dead": each_dead * (seen.shape[1] - live),
        "shared": each_shared * (live - patterns),
        "function": plane * patterns + constant - ranks(network, x),
    }


def _anywhere(generator: Generator):
    """(network, x, y, zeros of the Hessian, is it a random point?): also where residuals sum to 0, and at a fit."""
    for width in (3, 14):
        x, y = autograd.data(generator, 8)
        for network in (autograd.network(generator, width), *autograd.hard_networks(generator, x, max(width, 5))):
            targets = (y, True), (y + (network(x) - y).mean(), width == 14), (network(x), False)
            for target, random in targets:
                found = measured_zeros(autograd.hessian(network, x, target), tolerance=1e-12)
                yield network, x, target, found, random


def _off_by(count, network: Network, x: Tensor, y: Tensor, found: int, random: bool) -> int:
    """How many zeros more there are than counted, which is allowed at special points, or fewer, which never is."""
    missing = count(network, x, y) - found
    return abs(missing) if random else max(missing, 0)


@claim(
    "prop-loss-off",
    source="own",
    check=measures(_off_by, on=_anywhere, tolerance=0.0, method="exact identity", unit=" zeros"),
    also=(zeros_off_critical,),
    wrong={
        r"$v_i (P_i x_i + T_i \mathbf 1_i)$": {"sign": 1.0},
        "two for each dead neuron": {"each_dead": 2},
        "as many as at a critical point": lambda network, x, y: sum(zeros.formula(network, x).values()),
    },
)
def anywhere(network, x, y, *, each=1, constant=1, each_dead=3, sign=-1.0):
    seen = _seen(network, x)
    tilt, pull = _tilts_and_pulls(network, x, y)
    vectors, live = network.v * seen * (pull * x[:, None] + sign * tilt), int(seen.any(0).sum())
    k = int(torch.linalg.matrix_rank(torch.cat([vectors, torch.ones(len(x), 1)], 1), rtol=1e-9))
    return each * live + constant + each_dead * (seen.shape[1] - live) - k


def _counted(network: Network, x: Tensor) -> tuple[int, int, bool]:
    """Zero and other eigenvalues of the Hessian at a critical point of some targets, and whether it is a fit."""
    residual = onto_kernel(autograd.jacobian(network, x).T) @ torch.sin(9 * x)
    matrix = autograd.hessian(network, x, network(x) - residual)
    zeros = measured_zeros(matrix, tolerance=1e-13)
    return zeros, len(matrix) - zeros, bool(residual.norm() < 1e-9)


@claim(
    "cor-loss-lonely-flat",
    source="sahs2022: Corollary 3",
    check=equals(_counted, on=partial(cells, count=15, again=False, lonely=True)),
    also=(lambda network, x: (zero_count(network, x).total, gram_rank(network, x), True),),
    wrong={
        r"$3H - N$, without $b_0$": {"constant": 0},
        r"$2H + 1 - N$, none for the symmetry": {"each_neuron": 2},
        r"$3H + 1 - 2N$, two conditions for each datum": {"each_datum": 2},
    },
)
def lonely_flat(network, x, *, each_neuron=3, constant=1, each_datum=1):
    rank = each_datum * len(x)
    return each_neuron * len(network.w) + constant - rank, rank, True


# Changes that no datum sees


def _chosen(generator: Generator):
    """(spline, x, where 0 and 1 go, a datum, a delta-slope for 1), for neurons that face right, and in the mirror.

    Neurons 0 and 1 share the gap left of that datum, 2 stands in the gap right of it, and 3 is dead.
    """
    for side in (1.0, -1.0):
        share, mu = uniform(generator, 6, low=0.1, high=0.9), 0.8 + 0.4 * uniform(generator, 4)
        beta = torch.stack([share[0] / 2 - 0.5, share[1] / 2, 0.75 + share[2] / 4, 4 + share[3]])
        spline = Spline(side * beta, side * mu, torch.full((4,), side), 0.3)
        to = side * torch.stack([share[4] / 2, -share[4] / 2])
        yield spline, torch.arange(-2.5, 3.5).double(), to, side * 0.5, side * mu[1] * (1 + 0.1 * share[5])


@claim(
    "prop-loss-unseen",
    source="sahs2022: Figure 5",
    check=equals(lambda spline, x, *_: (spline(x),) * 3, on=_chosen),
    also=(lambda s, x, to, datum, mu: (trade(s, (0, 1), to)(x), turn(s, (1, 2), datum, mu)(x), s(x)),),
    wrong={
        r"a trade that keeps $\mu_i + \mu_j$ alone": {"moment": 0.0},
        "a turn about the middle between the breakpoints": {"about": lambda datum, one, other: (one + other) / 2},
        "a live neuron wanders": {"wanders": (0,)},
    },
)
def unseen(
    spline, x, to, datum, slope, *,
    about=lambda datum, one, other: datum, wanders=(3,), total=1.0, moment=1.0, height=1.0,
):  # fmt: skip
    beta, mu = spline.breakpoints, spline.delta_slopes
    (m, q), (k, p) = ((total * mu[pair].sum(), moment * (mu * beta)[pair].sum()) for pair in ([0, 1], [1, 2]))
    centre = about(datum, beta[1], beta[2])
    place = centre - height * mu[1] * (centre - beta[1]) / slope
    changes = (
        ([0, 1], to, torch.stack([q - m * to[1], m * to[0] - q]) / (to[0] - to[1])),
        ([1, 2], torch.stack([place, (p - slope * place) / (k - slope)]), torch.stack([slope, k - slope])),
        (wanders, 2 * beta[[*wanders]], 3 * mu[[*wanders]]),
    )
    moved = ((beta.index_put((torch.tensor(i),), b), mu.index_put((torch.tensor(i),), m)) for i, b, m in changes)
    return tuple(curve(*one, spline.orientations, spline.b0, x) for one in moved)
