"""Claims of the page behind the chapter `bias/complexity`: the exact risk with ridge, powers, dropout, growing fits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import eval_genlaguerre, gammaln
from torch import Generator, Tensor

from lecturelib.bias.complexity.checks import all_signs
from lecturelib.bias.complexity.growing import growing_fits
from lecturelib.bias.complexity.penalties import dropout_penalty, shrink
from lecturelib.bias.complexity.risk import best_ridge, risk_curve, wishart_spectrum
from lecturelib.core.checking import equals, lies_in, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform

# The spectrum of Gaussian data

MOMENTS = {"count": 0.0, "trace": 1.0, "trace of squares": 2.0, "trace of inverse": -1.0, "of its square": -2.0}


def matrices(generator: Generator) -> list[tuple[int, int]]:
    """(n, p) with n well above p, p even and odd, also 1."""
    p = int(torch.randint(2, 6, (1,), generator=generator))
    return [(p + 6 + int(torch.randint(0, 5, (1,), generator=generator)), p), (p + 7, p + 1), (6, 1)]


def known_moments(n: int, p: int) -> dict[str, Tensor]:
    """E tr W^k for k = 0, 1, 2, −1, −2, as Wishart matrices have them (Muirhead 1982, section 3.2)."""
    inverse = p / (n - p - 1)
    found = [p, n * p, n * p * (n + p + 1), inverse, inverse * (n - 1) / ((n - p) * (n - p - 3))]
    return dict(zip(MOMENTS, torch.tensor(found, dtype=torch.float64), strict=True))


def moments(nodes: np.ndarray, weights: np.ndarray) -> dict[str, Tensor]:
    return {name: torch.tensor(weights @ nodes**k, dtype=torch.float64) for name, k in MOMENTS.items()}


@claim(
    "thm-complexity-spectrum",
    source="adler2000: section 4",
    check=equals(known_moments, on=matrices, tolerance=1e-7),
    also=(lambda n, p: moments(*wishart_spectrum(n, p, 1e-4)),),
    wrong={"the density of complex matrices": {"half": 0.0, "order": 0}, "the last term for every $p$": {"parity": 1},
           "the sign of the middle term": {"half": 0.5}},
)  # fmt: skip
def spectrum(n, p, *, half=-0.5, order=1, parity=2, a_weight=1.0, decay=0.5):
    a, edges = a_weight * (n - p), np.linspace(0, math.sqrt(n) + math.sqrt(p) + 8, 4001)
    middle = (edges[1:] + edges[:-1]) / 2  # Simpson's rule on each step
    r = np.concatenate([edges, middle])
    s = r**2

    def phi(j: int) -> np.ndarray:
        size = math.exp((gammaln(j + 1) - gammaln(j + a + 1)) / 2)
        return size * r**a * np.exp(-decay * s) * eval_genlaguerre(j, a, s)

    def along(f: np.ndarray) -> np.ndarray:
        """Integrals of 2 φ over each step of √s."""
        return (f[:-4000][:-1] + f[:-4000][1:] + 4 * f[4001:]) / 6 * edges[1] * 2

    squares = sum((phi(j) ** 2 for j in range(p - order)), 0 * s)
    top, below = phi(p - 1), phi(p - 2) if p > 1 else 0 * s
    up_to = np.concatenate([[0.0], np.cumsum(along(below))])
    inside = up_to[:-1] + (5 * below[:4000] + 8 * below[4001:] - below[1:4001]) / 24 * edges[1] * 2
    up_to = np.concatenate([up_to, inside]) - up_to[-1] / 2
    density = 2 * r * squares + half * math.sqrt((p - 1) * (p - 1 + a)) * 2 * top * up_to
    if p % parity or parity == 1:
        density = density + 2 * top / (along(top).sum() if p % 2 else 1.0)
    weights = np.concatenate([np.full(4001, 2.0), np.full(4000, 4.0)]) / 6 * edges[1]
    weights[[0, 4000]] /= 2
    return moments(s[1:], (weights * density)[1:])


# No second peak with the best ridge


def rises(generator: Generator) -> dict[str, float]:
    """Rises of the risk with the best ridge, as features or data are added, without ridge, and with few that matter."""
    noise = float(uniform(generator, 1, low=0.1, high=1.0)[0])
    p, n = list(range(0, 25, 2)), 10
    best = best_ridge(p, noise, total=24).tolist()
    by_p = torch.stack([risk_curve(n, [k], noise, b, total=24).total[0] for k, b in zip(p, best, strict=True)])
    by_n = torch.stack([risk_curve(k, [12], noise, best[6], total=24).total[0] for k in range(4, 24, 2)])
    plain = risk_curve(n, [6, 8, 14, 24], noise, total=24).total
    # all signal in the first ten features: ‖β_T‖² = 1 for every p ≥ 10
    few = [float(risk_curve(n, [k], noise, k * noise**2, total=k).total) for k in (10, 20, 40, 80)]
    far = float(risk_curve(n, [1000], noise, 1000 * noise**2, total=1000).total)
    return {"far": 1 + noise**2 - far, "features": float(by_p.diff().max()), "data": float(by_n.diff().max()),
            "no ridge": float(plain.diff()[0]),
            "not spread": min(b - a for a, b in pairwise(few)), "beyond 0": max(few) - 1 - noise**2}  # fmt: skip


no_peak = claim(
    "cor-complexity-no-peak",
    source="nakkiran2021: theorem 1; own",
    check=lies_in(rises),
    wrong={"features": {"features": (0.0, math.inf)}, "data": {"data": (0.0, math.inf)},
           r"to $2 \lVert \beta \rVert^2 + s^2$": {"far": (-1.0, -0.98)},
           "without ridge": {"no ridge": (-math.inf, 0.0)},
           "however the signal is spread": {"not spread": (-math.inf, 0.0)}},
)({"far": (0.0, 0.02), "features": (-math.inf, 0.0), "data": (-math.inf, 0.0), "no ridge": (0.0, math.inf),
   "not spread": (0.0, math.inf), "beyond 0": (-math.inf, 0.0)})  # fmt: skip


# Normalization


def condition(x: Tensor) -> Tensor:
    """Of the Hessian of the mean square of w x + b: ratio of singular values, squared."""
    values = torch.linalg.svdvals(torch.stack([x, torch.ones_like(x)], 1))
    return (values[0] / values[1]) ** 2


def raw_inputs(generator: Generator) -> list[tuple[Tensor]]:
    """One input, (9,), anywhere and of any spread."""
    return [(3 * normal(generator, 1) + sizes(generator, 1) * normal(generator, 9),) for _ in range(3)]


@claim(
    "prop-complexity-condition",
    source="own",
    check=equals(condition, on=raw_inputs, tolerance=1e-8),
    wrong={"the mean does not count": {"mean": 0.0}, "the standard deviation below": {"spread": 1.0}},
)  # fmt: skip
def conditioning(x, *, one=1.0, mean=1.0, variance=1.0, power=Exponent(2), spread=Exponent(2), less=2.0):
    m, s = x.mean(), x.std(unbiased=False)
    total = (one + mean * m**2 + variance * s**2) ** power / s**spread - less  # κ + 1/κ
    return (total + (total**2 - 4).clamp(min=0).sqrt()) / 2


# One feature more


def grown(generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """(A, a): the new column is new, in the span of the old ones, in it as they fill the space, or 0."""
    tall, wide = normal(generator, 6, 3), normal(generator, 4, 7)
    yield tall, normal(generator, 6)
    yield tall, tall @ normal(generator, 3)
    yield wide, normal(generator, 4)
    yield tall, torch.zeros(6, dtype=torch.float64)


def whole(a: Tensor, column: Tensor) -> Tensor:
    return torch.linalg.pinv(torch.cat([a, column[:, None]], 1), rtol=1e-10)


def by_fits(a: Tensor, column: Tensor) -> Tensor:
    """The same from fits to unit vectors."""
    x = torch.cat([a, column[:, None]], 1)
    return growing_fits(x.expand(len(x), *x.shape), torch.eye(len(x), dtype=x.dtype))[:, -1].T


@claim(
    "thm-complexity-greville",
    source="greville1960: theorem; own",
    check=equals(whole, on=grown, tolerance=1e-8),
    also=(by_fits,),
    wrong={"the old rows stay": {"change": 0.0}, r"$1 + 2 \lVert d \rVert^2$": {"size": 2.0}},
)  # fmt: skip
def greville(a, column, *, change=-1.0, one=1.0, size=1.0, kept=1.0):
    inverse = torch.linalg.pinv(a)
    d = inverse @ column
    c = column - a @ d
    new = c.norm() > 1e-9 * (1 + column.norm())
    row = c / c.square().sum() if new else d @ inverse / (one + size * d.square().sum())
    return torch.cat([kept * inverse + change * d[:, None] * row, row[None]])


# Powers of one weight


def below_one(generator: Generator) -> Iterator[tuple[float, float]]:
    """(λ, p) with p below 1."""
    for _ in range(3):
        yield float(sizes(generator, 1)[0]), float(uniform(generator, 1, low=0.2, high=0.8)[0])


def where_it_jumps(penalty: float, power: float) -> dict[str, Tensor]:
    """The target at which 0 and the other local minimum are equally good, and that other one, by searches."""
    turn = (penalty * power * (1 - power)) ** (1 / (2 - power))  # where u + λ p u^{p−1} is least

    def other(u: float) -> float:
        return brentq(lambda w: w - u + penalty * power * w ** (power - 1), turn, u, xtol=1e-15, rtol=1e-14)

    def gain(u: float) -> float:
        w = other(u)
        return (w - u) ** 2 / 2 + penalty * w**power - u * u / 2

    low = turn + penalty * power * turn ** (power - 1)
    u = brentq(gain, low * (1 + 1e-9), 10 * low + 10, xtol=1e-14, rtol=1e-14)
    found = torch.tensor([u, other(u)], dtype=torch.float64)
    return {"threshold": found[0], "jump": found[1], **convex(penalty)}


TARGETS = (-2.0, -0.4, 0.3, 1.7)
"""Multiples of λ."""


def convex(penalty: float) -> dict[str, Tensor]:
    """Minimizers for exponents 1 and 1.5 at several targets, where the slope changes its sign; and which are not 0."""

    def minimizer(u: float, power: float) -> float:
        def slope(w: float) -> float:
            return w - u + penalty * power * math.copysign(abs(w) ** (power - 1), w)

        return brentq(slope, -3 * penalty, 3 * penalty, xtol=1e-15, rtol=1e-14)

    soft = [minimizer(one * penalty, 1.0) for one in TARGETS]
    smooth = [float(abs(minimizer(one * penalty, 1.5)) > 1e-9 * penalty) for one in TARGETS]
    return {"soft": torch.tensor(soft, dtype=torch.float64), "not 0": torch.tensor(smooth)}


def by_shrink(penalty: float, power: float) -> dict[str, Tensor]:
    found = brentq(lambda u: float(shrink([u], penalty, power)[0] > 0) - 0.5, 1e-3, 1e3, xtol=1e-13, rtol=1e-13)
    after = shrink([found * (1 + 1e-11)], penalty, power)[0]
    targets = [penalty * one for one in TARGETS]
    kept = (shrink(targets, penalty, 1.5).abs() > 1e-9 * penalty).float()
    return {"threshold": torch.tensor(found, dtype=torch.float64), "jump": after, "soft": shrink(targets, penalty, 1.0),
            "not 0": kept}  # fmt: skip


@claim(
    "prop-complexity-powers",
    source="own",
    check=equals(where_it_jumps, on=below_one, tolerance=1e-8),
    also=(by_shrink,),
    wrong={"no jump": {"two": 0.0}, "hard instead of soft": {"less": 0.0},
           "0 up to a threshold for all": {"from_0": 0.0},
           r"$\lambda(1 - p)$ in place of $2\lambda(1 - p)$": {"two": 1.0}, "the whole of the factor": {"half": 1.0}},
)  # fmt: skip
def powers(penalty, power, *, two=2.0, one=1.0, half=0.5, less=1.0, from_0=1.0):
    jump = (two * penalty * (one - power)) ** (1 / (2 - power))
    found = torch.tensor([half * jump * (2 - power) / (1 - power), jump], dtype=torch.float64)
    u = penalty * torch.tensor(TARGETS, dtype=torch.float64)
    soft = u.sign() * (u.abs() - less * penalty).clamp(min=0)
    return {"threshold": found[0], "jump": found[1], "soft": soft, "not 0": torch.full((len(u),), from_0)}


# Dropout of models that are not linear


def logistic_models(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, float]]:
    """(w, x, y, b, δ) of logistic regression with logits b + ε w·x."""
    rate, b = float(uniform(generator, 1, low=0.1, high=0.8)[0]), float(normal(generator, 1)[0])
    yield normal(generator, 5), normal(generator, 3, 5), torch.tensor([1.0, 0.0, 1.0], dtype=torch.float64), b, rate


def per_square(generator: Generator, size: float, w: Tensor, x: Tensor, y: Tensor, b: float, rate: float) -> Tensor:
    """What all masks add to the mean loss, divided by ε², at ε = 1/size."""
    masks = (all_signs(5) + 1) / 2
    chances = (masks * (1 - rate) + (1 - masks) * rate).prod(-1)

    def loss(inputs: Tensor) -> Tensor:
        z = b + inputs @ w / size
        return (torch.nn.functional.softplus(z) - y * z).mean(-1)

    return (chances @ loss(masks[:, None] * x / (1 - rate)) - loss(x)) * size**2


def by_penalty(w: Tensor, x: Tensor, y: Tensor, b: float, rate: float) -> Tensor:
    return dropout_penalty(lambda one: b + 1e-5 * one @ w, x, y, rate, loss="logistic") * 1e10


@claim(
    "prop-complexity-logistic",
    source="wager2013: equation 6; own",
    check=tends_to(per_square, [200, 400], on=logistic_models, order=1, tolerance=1e-3),
    also=(by_penalty,),
    wrong={"without the half": {"half": 1.0}, "every datum counts alike": {"slope": 0.0},
           r"$\delta$ in place of $\delta/(1 - \delta)$": {"kept": 0.0}},
)  # fmt: skip
def logistic(w, x, y, b, rate, *, half=0.5, slope=Exponent(1), weight=Exponent(2), drop=Exponent(1), kept=Exponent(-1)):
    share = torch.sigmoid(torch.tensor(b, dtype=torch.float64))
    price = half * rate**drop * (1 - rate) ** kept
    return price * (share * (1 - share)) ** slope * ((x * w).abs() ** weight).sum(-1).mean()


def softmax_models(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float]]:
    """(W, b, x, δ) of softmax regression with four classes."""
    yield (
        normal(generator, 4, 5),
        normal(generator, 4),
        normal(generator, 5),
        float(uniform(generator, 1, low=0.2)[0] * 0.7),
    )


def geometric_mean(w: Tensor, b: Tensor, x: Tensor, rate: float) -> Tensor:
    """The probabilities of all masks, multiplied with their chances as powers, and normalized."""
    masks = (all_signs(5) + 1) / 2
    chances = (masks * (1 - rate) + (1 - masks) * rate).prod(-1)
    logs = torch.log_softmax((masks * x) @ w.T + b, -1)
    product = (chances @ logs).exp()
    return product / product.sum()


@claim(
    "prop-complexity-ensemble",
    source="goodfellow2016: section 7.12; srivastava2014: section 1",
    check=equals(geometric_mean, on=softmax_models),
    wrong={"whole weights": {"kept": 0.0}, r"$\delta W$": lambda w, b, x, rate: torch.softmax(rate * w @ x + b, -1),
           "the bias is scaled too": {"bias": 0.5}},
)  # fmt: skip
def ensemble(w, b, x, rate, *, kept=Exponent(1), bias=1.0):
    return torch.softmax((1 - rate) ** kept * (w @ x) + bias * b, -1)
