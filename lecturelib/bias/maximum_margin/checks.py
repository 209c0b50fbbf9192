"""Claims of the chapter `bias/maximum_margin`: the widest margin, the flow's direction and how fast it turns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Generator, Tensor

from lecturelib.bias.maximum_margin.checks_problems import at_times, built, enumerated, known, within_one
from lecturelib.bias.maximum_margin.flow import margin_flow
from lecturelib.bias.maximum_margin.margins import hard_margin, leave_one_out
from lecturelib.bias.maximum_margin.stepping import integrate
from lecturelib.core.checking import equals, is_at_most, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, uniform

# The widest margin


def by_construction(z: Tensor, w: Tensor, _: Tensor) -> dict[str, Tensor]:
    return {"margin": 1 / w.norm(), "weights": w, "distance": (w / (w @ w)).norm()}


def by_library(z: Tensor, *_: Tensor) -> dict[str, Tensor]:
    found = hard_margin(z, torch.ones(len(z)))
    hull = found.multipliers / found.multipliers.sum()
    return {"margin": found.margin, "weights": found.weights, "distance": (hull @ z).norm()}


def by_enumeration(z: Tensor, *_: Tensor) -> dict[str, Tensor]:
    w = torch.from_numpy(enumerated(z))
    return by_construction(z, w, w)


def touching(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(z, ŵ, α) of all shapes, and with more support vectors: one twice, sharing its α, and one that does not pull."""
    yield from known(generator)
    for shape in ((4, 2, 2), (6, 4, 3)):
        z, w, alpha = built(generator, *shape)
        beside = normal(generator, len(w))
        beside = beside - (beside @ w) / (w @ w) * w
        share = float(uniform(generator, 1, low=0.1, high=0.9)) * alpha[0]
        more = torch.stack([share, torch.zeros_like(share)])
        alpha = torch.cat([alpha, more])
        alpha[0] -= share
        yield torch.cat([z, z[:1], (w / (w @ w) + beside)[None]]), w, alpha


def mean_of_all(z: Tensor, *_: Tensor) -> dict[str, Tensor]:
    mean = z.mean(0)
    return {"margin": mean.norm(), "weights": mean / mean.square().sum(), "distance": mean.norm()}


@claim(
    "prop-margin-support",
    source="own",
    check=equals(by_construction, on=touching, tolerance=1e-8),
    also=(by_library, by_enumeration),
    wrong={r"$\gamma = 1/\sum_i \alpha_i$": {"power": -1.0}, "the mean of the data": mean_of_all},
)
def support(z, _, alpha, *, total=1.0, power=Exponent(-0.5)):
    gamma = total * alpha.sum() ** power
    return {"margin": gamma, "weights": alpha @ z, "distance": gamma}


# The direction


def late(generator: Generator, t: float, z: Tensor, *_: Tensor) -> dict[str, Tensor]:
    """Slopes of w along ln t, and t e^{−m_i} of all data, by the flow from some start."""
    start = normal(generator, z.shape[1])
    early, w = margin_flow(z, torch.ones(len(z)), [math.sqrt(t), t], start=start)
    return {"slope": (w - early) / (0.5 * math.log(t)), "forces": torch.exp(math.log(t) - z @ w)}


@claim(
    "thm-margin-direction",
    source="soudry2018: theorem 3; own",
    check=tends_to(late, sizes=(1e300,), on=known, tolerance=1e-3),
    wrong={
        r"$\hat w$ of norm 1": lambda z, w, alpha: {"slope": w / w.norm(), "forces": alpha},
        "the mean of the data": lambda z, w, alpha: {"slope": z.mean(0), "forces": alpha},
        "support vectors that pull alike": lambda z, w, alpha: {"slope": w, "forces": (alpha > 0) * alpha.max()},
    },
)
def direction(z, w, alpha, *, factor=1.0):
    return {"slope": factor * w, "forces": alpha}


# How fast


def along_the_flow(z: Tensor, gamma: float, t: float) -> dict[str, Tensor]:
    (w,) = margin_flow(z, torch.ones(len(z)), [t])
    log_loss = torch.logsumexp(-z @ w, 0)
    return {"loss": log_loss.exp(), "deficit": (gamma + log_loss / w.norm()).clamp(min=0)}


@claim(
    "thm-margin-rate",
    source="telgarsky2021: theorem 10.1; jelenkovic: implicit bias; own",
    check=is_at_most(along_the_flow, on=at_times, tolerance=1e-6),
    wrong={
        r"1 for $\ln n$": lambda z, gamma, t: rate_of(z, gamma, t) | {"deficit": 1 / math.log1p(len(z) * gamma**2 * t)},
        r"$\ln^2(1 + n \gamma^2 t)$": {"speed": 2.0},
        r"$1 + n \gamma t$": {"power": 1.0},
    },
)
def rate(z, gamma, t, *, top=1.0, factor=1.0, inside=1.0, power=Exponent(2), speed=Exponent(1)):
    return rate_of(z, gamma, t, top, factor, inside, power, speed)


def rate_of(z, gamma, t, top=1.0, factor=1.0, inside=1.0, power=2.0, speed=1.0) -> dict[str, float]:
    n = len(z)
    grown = inside * n * gamma**power * t
    return {"loss": top * n / (1 + grown), "deficit": factor * math.log(n) / math.log1p(grown) ** speed}


def along_the_clock(z: Tensor, gamma: float, tau: float) -> Tensor:
    """γ − γ̃ at time τ of the flow of ln L, followed as it stands."""
    inside = z.numpy()

    def field(_: float, w: np.ndarray) -> np.ndarray:
        force = np.exp(-(inside @ w) + (inside @ w).min())
        return force / force.sum() @ inside

    w = torch.from_numpy(integrate(field, np.zeros(z.shape[1]), np.array([tau]), 1e-8)[0])
    return (gamma + torch.logsumexp(-z @ w, 0) / w.norm()).clamp(min=0)


def at_taus(generator: Generator) -> Iterator[tuple[Tensor, float, float]]:
    """(z, γ, τ) with ‖z_i‖ ≤ 1 and τ from 0.1 to 100."""
    for z, gamma in within_one(generator):
        yield z, gamma, 10 ** float(uniform(generator, 1, low=-1, high=2))


@claim(
    "cor-margin-clock",
    source="chizat2020: section 2; own",
    check=is_at_most(along_the_clock, on=at_taus, tolerance=1e-6),
    wrong={r"$\gamma$ forgotten": {"power": 0.0}, r"$1/\tau^2$": {"speed": -2.0}},
)
def clock(z, gamma, tau, *, factor=1.0, power=Exponent(-1), speed=Exponent(-1)):
    return factor * math.log(len(z)) * gamma**power * tau**speed


# What it is good for


def left_out(z: Tensor) -> dict[str, float]:
    """How many points the widest margin of the others gets wrong, each found anew by enumeration."""
    others = ((enumerated(torch.cat([z[:i], z[i + 1 :]])), z[i].numpy()) for i in range(len(z)))
    return dict.fromkeys(("by margin", "by support"), float(sum(w @ one <= 1e-12 for w, one in others)))


def by_the_library(z: Tensor) -> dict[str, float]:
    return dict.fromkeys(("by margin", "by support"), float(leave_one_out(z, torch.ones(len(z)))))


def few_and_orthogonal(generator: Generator) -> Iterator[tuple[Tensor]]:
    """Data of several shapes, and as many as dimensions at right angles, short ones and long ones."""
    for shape in ((4, 2, 2), (5, 3, 3), (6, 7, 5)):
        yield (built(generator, *shape)[0],)
    turn, _ = torch.linalg.qr(normal(generator, 5, 5))
    yield (0.5 * turn,)
    yield (3.0 * turn,)
    yield (torch.tensor([0.3, 0.6, 1.0, 1.5, 2.0], dtype=torch.float64)[:, None] * turn,)


@claim(
    "prop-margin-loo",
    source="vapnik1998: chapter 10; own",
    check=is_at_most(left_out, on=few_and_orthogonal),
    also=(by_the_library,),
    wrong={r"$R/\gamma$": {"power": 1.0, "margin": 1.0}, r"$R^2 / (n\gamma^2)$": lambda z: {
        "by margin": float(z.norm(dim=1).max() / hard_margin(z, torch.ones(len(z))).margin) ** 2 / len(z),
        "by support": float(len(z)),
    }},
)  # fmt: skip
def leave_out(z, *, factor=1.0, power=Exponent(2), margin=Exponent(2)):
    found = hard_margin(z, torch.ones(len(z)))
    by_margin = factor * float(z.norm(dim=1).max()) ** power / float(found.margin) ** margin
    return {"by margin": by_margin, "by support": float(len(found.support))}
