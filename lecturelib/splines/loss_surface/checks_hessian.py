"""Claims of the chapter `splines/loss_surface` on second derivatives, checked by automatic differentiation."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, measures
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, signs, uniform
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.loss_surface.checks_critical import forced
from lecturelib.splines.loss_surface.checks_problems import cells, cut, held, onto_kernel, places
from lecturelib.splines.loss_surface.hessian import gram_rank, hessian, measured_zeros, zero_count, zeros_off_critical


def _any(generator: Generator):
    """(network, x, y) with data that stand twice, twins, dead neurons, and neurons with w = 0 or v = 0."""
    yield from autograd.problems(generator)
    x, y = autograd.data(generator)
    one, zero = autograd.network(generator), torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).repeat(3)
    yield Network(one.w * zero, one.b, one.v * zero.flip(0), one.b0), x, y


def _seen(network: Network, x: Tensor) -> Tensor:
    """Which data each neuron sees, (N, H)."""
    return (network.w * x[:, None] + network.b > 0).double()


def _tilts_and_pulls(network: Network, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """T_i and P_i of each neuron."""
    residual = autograd.output(autograd.flatten(network), x) - y
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

EQUAL = ("fit", "fit, one idle", "critical")


def _points(generator: Generator):
    """(network, x, y, what it is): three neurons cut the data into four times three; idle is one with v = 0."""
    for _ in range(4):
        x = places(generator, 12)
        w, v = (signs(generator, 3) * uniform(generator, 3, low=0.5, high=2) for _ in range(2))
        b = -w * (x[[2, 5, 8]] + x[[3, 6, 9]]) / 2
        for idle in (1.0, 0.0):
            network = Network(w, b, v * torch.tensor([idle, 1.0, 1.0]), 0.4)
            values, residual = network(x), normal(generator, 12)
            critical = onto_kernel(autograd.jacobian(network, x).T) @ residual
            for what, away in {"fit": 0 * x, "critical": critical, "elsewhere": residual}.items():
                yield network, x, values - away, what if idle else f"{what}, one idle"


def _by_eigenvalues(network: Network, x: Tensor, y: Tensor, what: str) -> tuple:
    """How far the Hessian is from the Gram matrix, is it that, and the least eigenvalue of the block of an idle neuron.

    No eigenvalue of a block lies below all of the whole.
    """
    matrix, columns = autograd.hessian(network, x, y), autograd.jacobian(network, x)
    far = (matrix - columns.T @ columns).norm()
    return far, bool(far < 1e-9), torch.linalg.eigvalsh(matrix[:-1:3, :-1:3])[0] if "idle" in what else 0.0


@claim(
    "thm-loss-gram",
    source="sahs2022: Theorem 5",
    check=equals(_by_eigenvalues, on=_points, tolerance=1e-8, floor=0.1),
    wrong={
        "at every critical point, as the source has it": {"equal_at": (*EQUAL, "critical, one idle")},
        "only at a fit": {"equal_at": ("fit", "fit, one idle")},
        "each of tilt and pull stands once": {"places": 1},
        r"the eigenvalue $-\sqrt{T_i^2 + P_i^2}$": {"half": 0.0},
    },
)
def is_gram(network, x, y, what, *, equal_at=EQUAL, places=2, half=0.5, power=Exponent(2)):
    tilt, pull = (part.abs() ** power for part in _tilts_and_pulls(network, x, y))
    g = half * ((network.w[0] * x + network.b[0]) * _seen(network, x)[:, 0]).square().sum()
    least = g - torch.sqrt(g**2 + tilt[0] + pull[0]) if "idle" in what else 0.0
    return torch.sqrt(places * (tilt + pull).sum()), what in equal_at, least


# The tangent of the orbit


def _orbits(generator: Generator):
    """(network, x, y): somewhere, and at a fit."""
    for network, x, y in _any(generator):
        yield from ((network, x, y), (network, x, network(x)))


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
    check=equals(_taken_to, on=_orbits, floor=0.1),
    wrong={
        "to 0 everywhere, as the source has it": {"by_w": 0.0, "by_b": 0.0, "by_v": 0.0},
        "to minus the gradient": {"by_v": -1.0},
        "to its opposite": {"by_w": 1.0, "by_b": 1.0, "by_v": -1.0},
    },
)
def orbit(network, x, y, *, by_w=-1.0, by_b=-1.0, by_v=1.0):
    w, b, v = slope = autograd.gradient(network, x, y)[:-1].reshape(3, -1)
    return _apart(by_w * w, by_b * b, by_v * v), slope.norm(dim=0) < 1e-9


# Ranks and zero eigenvalues


def _with_dead(generator: Generator):
    """`cells`, some with neurons that are dead because w = 0, active because w = 0, or dead with v = 0."""
    for k, (network, x) in enumerate(cells(generator)):
        w, b, v = network.w.clone(), network.b.clone(), network.v.clone()
        if k % 4 > 1:
            w[0], b[0] = 0.0, (0.7, -0.7)[k % 2]
            v[0] *= k % 2 == 0
        yield Network(w, b, v, 0.2), x


@claim(
    "thm-loss-rank",
    source="own",
    check=equals(lambda *of: int(torch.linalg.matrix_rank(autograd.jacobian(*of), rtol=1e-10)), on=_with_dead),
    also=(gram_rank,),
    wrong={
        r"$\sum_p \min(2, n_p)$ always": {"less": 0},
        r"$\sum_p \min(2, n_p) - 1$ always": {"fewest": -1},
        "$T$ is free where no piece is empty": {"fewest": 1},
    },
)  # fmt: skip
def rank(network, x, *, most=2, less=1, fewest=2):
    inside, turns = cut(network, x)
    free = fewest < 0 or not forced(inside, turns, x, fewest)
    return int(held(inside, x).clamp(max=most).sum()) - less * free


def _by_origin(network: Network, x: Tensor) -> dict[str, int]:
    """Dimensions of ever larger spaces of directions that the Hessian of a fit takes to 0, and what each adds.

    Tangents of orbits; all parameters of neurons that see no datum; what is flat whichever data have these patterns,
    found on made up data, two in view of all neurons of one pattern and of no other, and one of none; everything.
    """
    seen, width = _seen(network, x), len(network.w)
    patterns = torch.unique(seen[:, seen.any(0)], dim=1).T
    alone = torch.cat([(one == seen.T).all(1).double().expand(2, -1) for one in patterns] + [torch.zeros(1, width)])
    place = torch.arange(1.0, len(alone) + 1, dtype=torch.float64).sqrt()
    made_up = _columns(network, place, alone)
    tangents = _apart(network.w, network.b, -network.v)
    untouched = torch.diag(torch.cat([(seen.sum(0) == 0).repeat(3), torch.tensor([False])]).double())
    rank = partial(torch.linalg.matrix_rank, rtol=1e-10)
    spaces = [int(rank(tangents)), int(rank(torch.cat([tangents, untouched], 1))), 3 * width + 1 - int(rank(made_up))]
    spaces.append(measured_zeros(autograd.hessian(network, x, network(x)), tolerance=1e-13))
    added = [after - before for before, after in pairwise([0, *spaces])]
    return dict(zip(("scaling", "dead", "shared", "function"), added, strict=True))


@claim(
    "thm-loss-zeros",
    source="own",
    check=equals(_by_origin, on=_with_dead),
    also=(zero_count,),
    wrong={
        "three more for each dead neuron": {"each_dead": 3},
        "one for each repeated pattern": {"each_shared": 1},
        r"$2 P - \operatorname{rank} G$ by the function": {"constant": 0},
        r"$3 H + 1 - N$ in all": {"ranks": lambda network, x: len(x)},
    },
)
def zeros(network, x, *, ranks=rank.formula, each=1, each_dead=2, each_shared=2, plane=2, constant=1):
    seen = [tuple(row) for row in _seen(network, x).T.tolist()]
    live = [row for row in seen if any(row)]
    patterns = len(set(live))
    return {
        "scaling": each * len(seen),
        "dead": each_dead * (len(seen) - len(live)),
        "shared": each_shared * (len(live) - patterns),
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
    vectors = network.v * (pull * x[:, None] * seen + sign * tilt * seen)
    live = int(seen.any(0).sum())
    k = int(torch.linalg.matrix_rank(torch.cat([vectors, torch.ones(len(x), 1)], 1), rtol=1e-9))
    return each * live + constant + each_dead * (seen.shape[1] - live) - k
