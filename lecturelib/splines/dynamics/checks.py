"""Claims of the chapter `splines/dynamics`: gradient, laws of motion, what they conserve, what scaling does.

Truth is automatic differentiation of the network as defined, and of weights that follow minus the gradient.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import adds_up_to_zero, equals, is_at_least
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import sizes
from lecturelib.splines.breakpoints.checks_problems import (
    along_the_flow,
    flatten,
    gradient,
    network,
    output,
    problems,
    squares,
)
from lecturelib.splines.breakpoints.network import Network, rescale, to_spline
from lecturelib.splines.dynamics import motion
from lecturelib.splines.dynamics.motion import ResidualMoments, Speeds, imbalance
from lecturelib.splines.training.descend import descend
from lecturelib.splines.training.prefix_sums import gradient as by_running_sums


def pull_and_tilt(one: Network, x: Tensor, y: Tensor) -> ResidualMoments:
    """Σ ε_n and Σ ε_n x_n over the active points, one by one."""
    active = one.w[:, None] * x + one.b[:, None] > 0
    residuals = output(flatten(one), x) - y
    return ResidualMoments((residuals * active).sum(-1), (residuals * x * active).sum(-1))


def in_thirds(parameters: Tensor) -> dict[str, Tensor]:
    """Numbers for all parameters in a row, by name."""
    return dict(zip("wbv", parameters[:-1].chunk(3), strict=True)) | {"b0": parameters[-1]}


def _spline_numbers(parameters: Tensor) -> Tensor:
    w, b, v = parameters[:-1].chunk(3)
    return torch.cat([-b / w, w * v])


def spline_speeds(one: Network, x: Tensor, y: Tensor) -> Speeds:
    """d/dt of (−b/w, w v) along gradient flow of the weights."""
    return Speeds(*along_the_flow(one, x, y, _spline_numbers).chunk(2))


@claim(
    "prop-dyn-gradient",
    source="sahs2022: section 2.4",
    check=equals(lambda one, x, y: in_thirds(gradient(one, x, y)), on=problems),
    also=(lambda one, x, y: in_thirds(flatten(by_running_sums(one, x, y)[1])),),
    wrong={r"$\partial_v = w (T + \beta P)$": {"place": -1.0}, "without the place": {"place": 0.0}},
)
def gradient_in_spline_terms(one, x, y, *, w=1.0, b=1.0, v=1.0, place=1.0):
    pull, tilt = pull_and_tilt(one, x, y)
    through_v = v * one.w * (tilt - place * to_spline(one).breakpoints * pull)
    return {"w": w * one.v * tilt, "b": b * one.v * pull, "v": through_v, "b0": (one(x) - y).sum()}


@claim(
    "thm-dyn-laws",
    source="sahs2022: theorem 6",
    check=equals(spline_speeds, on=problems),
    also=(lambda one, x, y: motion.speeds(one, motion.moments(one, x, y)),),
    wrong={
        r"$\dot\beta = -\partial_\beta \ell$, $\dot\mu = -\partial_\mu \ell$, as the slides add": (
            lambda one, x, y: Speeds(*(-part for part in _gradient_of_the_spline(one, x, y)))
        ),
        r"$w_i/w_i$ in place of $v_i/w_i$, as a slide has it": {"power": Exponent(0)},
        r"$+ w_i b_i P_i$": {"cross": -1.0},
    },
)
def laws_of_motion(one, x, y, *, place=1.0, power=Exponent(1), outer=1.0, inner=1.0, cross=1.0):
    (pull, tilt), beta = pull_and_tilt(one, x, y), to_spline(one).breakpoints
    ratio = torch.sign(one.v) * one.v.abs() ** power / one.w
    falls = (outer * one.v**2 + inner * one.w**2) * tilt + cross * one.w * one.b * pull
    return Speeds(ratio * (pull + place * beta * tilt), -falls)


def _gradient_of_the_spline(one: Network, x: Tensor, y: Tensor) -> Speeds:
    """∂ of the loss by breakpoints and by delta-slopes, by automatic differentiation of the spline's form."""
    spline = to_spline(one)

    def loss(beta: Tensor, mu: Tensor) -> Tensor:
        beyond = x[:, None] - beta
        values = (mu * beyond * (spline.orientations * beyond > 0)).sum(-1) + spline.b0
        return 0.5 * (values - y).square().sum()

    return Speeds(*torch.autograd.functional.jacobian(loss, (spline.breakpoints, spline.delta_slopes)))


def _metric_and_speeds(one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    width = one.w.numel()
    slopes = torch.autograd.functional.jacobian(_spline_numbers, flatten(one))[:, :-1].reshape(2, width, 3, width)
    own = torch.diagonal(slopes, dim1=1, dim2=3)  # (2, 3, H): of a neuron's own numbers by its own weights
    return {"G": torch.einsum("iph,jph->hij", own, own), "speeds": torch.stack(spline_speeds(one, x, y))}


@claim(
    "prop-dyn-metric",
    source="own",
    check=equals(_metric_and_speeds, on=problems),
    also=(lambda one, x, y: _flows_in(motion.metric(one), one, x, y),),
    wrong={"$G_i$ diagonal": {"off": 0.0}, r"off the diagonal $+\beta v/w$": {"off": 1.0}, "$1/w^2$": {"square": 0.0}},
)
def preconditioned(one, x, y, *, first=1.0, square=1.0, off=-1.0, outer=1.0, inner=1.0):
    beta = to_spline(one).breakpoints
    side = off * beta * one.v / one.w
    rows = [(first + square * beta**2) / one.w**2, side, side, outer * one.v**2 + inner * one.w**2]
    return _flows_in(torch.stack(rows, -1).reshape(-1, 2, 2), one, x, y)


def _flows_in(metric: Tensor, one: Network, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The metric, and minus it times the gradient of the spline."""
    by = torch.stack(_gradient_of_the_spline(one, x, y), -1)
    return {"G": metric, "speeds": -(metric @ by[..., None])[..., 0].T}


# What is conserved


def _logistic(parameters: Tensor, x: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.softplus(-output(parameters, x) * torch.sign(y)).sum()


def _quartic(parameters: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """No sum over data."""
    return (output(parameters, x) - y).pow(4).sum() + output(parameters, x)[0] * output(parameters, x)[-1]


@claim(
    "thm-dyn-conserved",
    source="own",
    check=adds_up_to_zero(on=lambda g: ((*one, by) for one in problems(g) for by in (squares, _logistic, _quartic))),
    wrong={"without the bias": {"b": 0.0}, "$w^2 + b^2 + v^2$": {"v": 1.0}, "$w^2 + b^2 - 2 v^2$": {"v": -2.0}},
)
def conserved(one, x, y, loss, *, w=1.0, b=1.0, v=-1.0, power=Exponent(2)):
    """d/dt of the three parts of q."""
    parts = along_the_flow(one, x, y, lambda parameters: parameters[:-1].abs() ** power, loss).chunk(3)
    return tuple(k * part for k, part in zip((w, b, v), parts, strict=True))


@claim(
    "prop-dyn-leak",
    source="own",
    check=equals(
        lambda one, x, y, eta: imbalance(descend(one, x, y, steps=1, learning_rate=eta).final) - imbalance(one),
        on=lambda generator: ((*one, float(0.02 * sizes(generator, 1))) for one in problems(generator)),
        tolerance=1e-8,  # a difference of near numbers
    ),
    wrong={r"by $\eta$ times that": {"power": Exponent(1)}, "a plus before the last": {"v": 1.0}},
)
def leaks(one, x, y, rate, *, power=Exponent(2), w=1.0, b=1.0, v=-1.0):
    slopes = in_thirds(gradient(one, x, y))
    return rate**power * (w * slopes["w"] ** 2 + b * slopes["b"] ** 2 + v * slopes["v"] ** 2)


def trained(generator: Generator) -> tuple[Tensor, Network, Network]:
    """q and the start, (M, H), and networks along nearly continuous training, (T, M, H): v large, small, passing 0."""
    one = network(generator, 96)
    w, b, v = (0.3 * part.reshape(8, 12) for part in (one.w, one.b, sizes(generator, 96) * one.v))
    start = Network(w, b, v, torch.zeros(8))
    x = torch.linspace(-2, 2, 12, dtype=torch.float64)
    record = descend(start, x, 3 * torch.sin(3 * x), steps=60_000, learning_rate=2e-5, record_every=200)
    return imbalance(start), start, record.networks


def _smallest(q: Tensor, start: Network, along: Network) -> dict[str, Tensor]:
    """The smallest v of the sign it began with, and the smallest w² + b², over all times."""
    kept = (along.v * torch.sign(start.v)).amin(0)
    return {"v": kept[q < -0.05], "length": (along.w**2 + along.b**2).amin(0)[q > 0.05]}


@claim(
    "prop-dyn-barriers",
    source="own",
    check=is_at_least(_smallest, on=trained, tolerance=1e-3),  # the leak of steps of finite length
    wrong={"twice as far": {"v": 2.0, "length": 2.0}, r"$\lvert v \rvert$ kept where $q > 0$": {"length": 1.5}},
)
def barriers(q, start, along, *, v=1.0, length=1.0):
    return {"v": v * torch.sqrt(-q[q < -0.05]), "length": length * q[q > 0.05]}


# The laws without weights


@claim(
    "thm-dyn-closed",
    source="own",
    check=equals(lambda one, x, y: {"square": one.w**2, "speeds": torch.stack(spline_speeds(one, x, y))}, on=problems),
    also=(
        lambda one, x, y: {
            "square": (n := motion.weighted(to_spline(one), imbalance(one))).w ** 2,
            "speeds": torch.stack(motion.speeds(n, motion.moments(one, x, y))),
        },
    ),
    wrong={"balanced neurons, $q = 0$": {"linear": 0.0, "squared": 0.0}, "the sign of $q$ turned": {"linear": -1.0}},
)
def closed(one, x, y, *, linear=1.0, squared=1.0, four=4.0, two=2.0, place=1.0, outer=1.0, inner=1.0, bend=1.0):
    (pull, tilt), spline = pull_and_tilt(one, x, y), to_spline(one)
    beta, mu, q = spline.breakpoints, spline.delta_slopes, one.w**2 + one.b**2 - one.v**2
    length = 1 + place * beta**2
    square = (linear * q + torch.sqrt(squared * q**2 + four * length * mu**2)) / (two * length)
    moves = mu / square * (pull + bend * beta * tilt)
    falls = outer * mu**2 / square * tilt + inner * square * (tilt - beta * pull)
    return {"square": square, "speeds": torch.stack([moves, -falls])}


# What the scale of the start changes


@claim(
    "prop-dyn-scale",
    source="sahs2022: section 2.6.1",
    check=equals(
        lambda one, x, y, alpha: spline_speeds(rescale(one, alpha), x, y),
        on=lambda g: ((one, x, y, sizes(g, one.w.numel())) for one, x, y in problems(g)),
    ),
    also=(lambda one, x, y, alpha: motion.scaled_speeds(one, motion.moments(one, x, y), alpha),),
    wrong={
        r"$\dot\mu$ as $\alpha^2$, as in the source": {"outer": 2.0},
        r"$\dot\beta$ as $1/\alpha$": {"place": -1.0},
    },
)
def scaling_of_speeds(one, x, y, alpha, *, place=Exponent(-2), outer=Exponent(-2), inner=Exponent(2)):
    (pull, tilt), beta = pull_and_tilt(one, x, y), to_spline(one).breakpoints
    falls = alpha**outer * one.v**2 * tilt + alpha**inner * one.w**2 * (tilt - beta * pull)
    return Speeds(alpha**place * one.v / one.w * (pull + beta * tilt), -falls)
