"""Claims of the chapter `splines/breakpoints`: the form of a network, its pieces, its symmetry."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from scipy.optimize import brentq
from torch import Generator, Tensor

from lecturelib.core.checking import adds_up_to_zero, equals
from lecturelib.core.claims import Exponent, claim
from lecturelib.splines.breakpoints.checks_problems import cases, flatten, output, problems, value
from lecturelib.splines.breakpoints.network import Network, balance, pieces, rescale, to_network, to_spline

# The form of a network as a spline


@claim(
    "thm-spline-form",
    source="sahs2022: section 2.1, equation 2",
    check=equals(value, on=cases),
    also=(lambda n, x, _: n(x), lambda n, x, _: to_spline(n)(x), lambda n, x, a: to_network(to_spline(n), a)(x)),
    wrong={r"delta-slope $v_i$": {"power": 0.0}, "every neuron active to the right": {"facing": 0}},
)
def spline_form(n, x, _, *, breakpoint=-1.0, constant=1.0, slope=1.0, power=Exponent(1), facing=1):
    distance = x - breakpoint * (n.b / n.w)[:, None]
    mu = slope * torch.sign(n.w) * n.w.abs() ** power * n.v
    return constant * n.b0 + mu @ (distance * (torch.sign(n.w)[:, None] ** facing * distance > 0))


# Its pieces


@claim(
    "thm-pieces",
    source="sahs2022: section 2.1, equation 2; own",
    check=equals(value, on=cases),
    also=(lambda n, x, _: pieces(n)(x),),
    wrong={"a knot leaves the intercept as it is": {"fall": 0.0}, r"the slope changes by $\mu_i$": {"turned": 0}},
)
def pieces_from_left_to_right(
    n, x, _, *, first=-1, turned=1, slope=1.0, height=-1.0, constant=1.0, jump=1.0, fall=-1.0
):  # fmt: skip
    beta, order = torch.sort(-n.b / n.w, stable=True)
    side, mu = torch.sign(n.w)[order], (n.w * n.v)[order]
    left, jumps = side == first, torch.cat([x.new_zeros(1), side**turned * mu])
    slopes = slope * mu[left].sum() + (jump * jumps).cumsum(0)
    falls = fall * jumps * torch.cat([x.new_zeros(1), beta])
    intercepts = constant * n.b0 + height * (mu * beta)[left].sum() + falls.cumsum(0)
    return (slopes * x.view(3, -1) + intercepts).flatten()


@claim(
    "cor-pieces-hinges",
    source="sahs2022: section 2.1; own",
    check=equals(value, on=cases),
    wrong={r"hinges with $\mu_i$": {"turned": 0}, r"no slope $m_0$, as if all neurons faced right": {"line": 0.0}},
)
def truncated_powers(n, x, _, *, line=1.0, height=1.0, bend=1.0, turned=1):
    lines, jumps = pieces(n), torch.sign(n.w) ** turned * n.w * n.v
    hinges = torch.relu(x + (n.b / n.w)[:, None])
    return line * lines.slopes[0] * x + height * lines.intercepts[0] + bend * jumps @ hinges


# The scaling symmetry


@claim(
    "prop-scaling",
    source="sahs2022: section 2.1",
    check=equals(value, on=cases),
    also=(lambda n, x, alpha: value(rescale(n, alpha), x),),
    wrong={
        r"with $\alpha_i < 0$": lambda n, x, alpha: value(Network(-alpha * n.w, -alpha * n.b, -n.v / alpha, n.b0), x),
        r"$b_i$ stays": {"bias": 0.0},
        r"$v_i$ is multiplied too": {"output": 1.0},
    },
)
def scaling(n, x, alpha, *, weight=Exponent(1), bias=Exponent(1), output=Exponent(-1)):
    return value(Network(alpha**weight * n.w, alpha**bias * n.b, alpha**output * n.v, n.b0), x)


def seen_from_afar(n: Network, *_) -> dict[str, Tensor]:
    """β, μ and s of each neuron from values and slopes of its function at ±1000, of which one side is silent."""
    x = torch.tensor([[-1e3], [1e3]], dtype=torch.float64).repeat(1, len(n.w)).requires_grad_()
    height = n.v * torch.relu(n.w * x + n.b)
    (slope,) = torch.autograd.grad(height.sum(), x)
    side = torch.where(slope[1] != 0, 1.0, -1.0).double()
    return {"β": 1e3 * side - height.detach().sum(0) / slope.sum(0), "μ": slope.sum(0), "s": side}


def at_another_place(n: Network, _: Tensor, size: Tensor) -> dict[str, Tensor]:
    """What is seen of the function, and the network that has it with |w| of this size."""
    seen = seen_from_afar(n)
    w = seen["s"] * size
    return {**seen, "w": w, "b": -w * seen["β"], "v": seen["μ"] / w}


def by_the_library(n: Network, _: Tensor, size: Tensor) -> dict[str, Tensor]:
    moved = rescale(n, size / n.w.abs())
    seen = dict(zip("βμs", vars(to_spline(moved)).values(), strict=False))
    return {**seen, **{key: getattr(moved, key) for key in "wbv"}}


@claim(
    "thm-orbits",
    source="sahs2022: section 2.1; own",
    check=equals(at_another_place, on=cases, floor=1.0),
    also=(by_the_library,),
    wrong={
        r"$\beta_i = b_i / w_i$": {"breakpoint": 1.0},
        r"$\mu_i = \lvert w_i \rvert v_i$": {"facing": 0},
        r"$\alpha$ the other way round": {"power": -1.0},
        r"the square root of $\alpha$": {"power": 0.5},
    },
)
def orbits(n, _, size, *, factor=1.0, power=Exponent(1), breakpoint=-1.0, slope=Exponent(1), facing=1):
    alpha = factor * (torch.sign(n.w) * size / n.w).abs() ** power
    w, b, v = alpha * n.w, alpha * n.b, n.v / alpha
    mu = torch.sign(w) ** facing * w.abs() ** slope * v
    return {"β": breakpoint * b / w, "μ": mu, "s": torch.sign(w), "w": w, "b": b, "v": v}


def least(n: Network, *_) -> dict[str, Tensor]:
    """The point of least norm: where the slope of the norm along the orbit, by log α, is zero."""

    def slope(t: float, inner: float, v: float) -> float:
        return inner * math.exp(2 * t) - v * math.exp(-2 * t)

    ends = zip((n.w**2 + n.b**2).tolist(), (n.v**2).tolist(), strict=True)
    alpha = torch.tensor([math.exp(brentq(slope, -12, 12, args=one, xtol=1e-14)) for one in ends], dtype=torch.float64)
    return norm_and_ratio(alpha * n.w, alpha * n.b, n.v / alpha)


def norm_and_ratio(w: Tensor, b: Tensor, v: Tensor) -> dict[str, Tensor]:
    """Squared norm, and v² over w² + b², of each neuron."""
    return {"squared norm": w**2 + b**2 + v**2, "ratio": v**2 / (w**2 + b**2)}


@claim(
    "prop-least-norm",
    source="own",
    check=equals(least, on=cases),
    also=(lambda n, *_: norm_and_ratio(balance(n).w, balance(n).b, balance(n).v),),
    wrong={r"$\lvert v_i \rvert \sqrt{w_i^2 + b_i^2}$": {"factor": 1.0}, "without the bias": {"bias": 0.0}},
)
def least_norm(n, *_, factor=2.0, ratio=1.0, bias=1.0, power=Exponent(0.5)):
    norm = factor * n.v.abs() * (n.w**2 + bias * n.b**2) ** power
    return {"squared norm": norm, "ratio": ratio * torch.ones_like(norm)}


def with_zeros(generator: Generator) -> Iterator[tuple[Network, Tensor, Tensor]]:
    """(network, x, y): wide networks, w = 0 for some neurons and v = 0 for others."""
    for n, x, y in list(problems(generator))[1:]:
        kind = torch.arange(len(n.w)) % 4
        yield Network(n.w * (kind != 1), n.b, n.v * (kind != 2), n.b0), x, y


@claim(
    "prop-gradient",
    source="own",
    check=adds_up_to_zero(on=with_zeros),
    wrong={"a plus sign on the right": {"minus": 1.0}, "without the bias": {"bias": 0.0}},
)
def gradient_across(n, x, y, *, weight=1.0, bias=1.0, minus=-1.0):
    def loss(parameters: Tensor) -> Tensor:
        """Any function of the outputs, here no sum over data."""
        f = output(parameters, x)
        return torch.logsumexp(y * f, 0) * (1 + (f - y).abs().pow(1.5).sum())

    w, b, v = torch.autograd.functional.jacobian(loss, flatten(n))[:-1].reshape(3, -1)
    return weight * n.w * w, bias * n.b * b, minus * n.v * v
