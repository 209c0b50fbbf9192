"""Claims of the chapter `splines/dimensions`: planes, dual Radon transforms, units, norms, directions."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.core.checking import equals, has_mean
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform
from lecturelib.splines.dimensions.checks_problems import (
    Bumps,
    Plain,
    all_round,
    by_autograd,
    cheapest,
    integral,
    jump_across,
    laplacian,
    smooth,
    smooth_with_power,
    training,
    transform,
    value,
    with_twins,
)
from lecturelib.splines.dimensions.gap import Weights, velocity
from lecturelib.splines.dimensions.planes import BreakPlanes
from lecturelib.splines.dimensions.radon import inverse, radon_norm, unit


def jump_by_library(net: Plain, many: int) -> Tensor:
    """All neurons on the plane of the first, as `merged` adds them up."""
    planes = BreakPlanes.from_weights(*net)
    one = BreakPlanes(*(part[:many] for part in (planes.directions, planes.offsets, planes.slope_jumps)), 0.0).merged()
    return one.slope_jumps[0] * planes.directions[0]


@claim(
    "thm-dim-planes",
    source="own",
    check=equals(jump_across, on=with_twins),
    also=(jump_by_library,),
    wrong={
        "a neuron that is turned round counts against": lambda net, many: (
            net[0][0] / net[0][0].norm() * sum(
                net[2][i] * net[0][i].norm() * torch.sign(net[0][i] @ net[0][0]) for i in range(many)
            )
        ),
        "output weights alone": {"power": 0.0},
        "half of it": {"factor": 0.5},
    },
)  # fmt: skip
def planes(net, many, *, factor=1.0, power=Exponent(1.0)):
    """Σ v_i ‖w_i‖ over the neurons of the plane, times its direction."""
    w, _, v = net
    return factor * sum(v[i] * w[i].norm() ** power for i in range(many)) * w[0] / w[0].norm()


def coefficient(f: Bumps, xi: Tensor, gamma: Tensor, factor, half: float, turn: float, less: float) -> Tensor:
    """F⁻¹[|ϑ|^{D−1} factor(ϑ) f̂(ϑξ)](γ) / (2 (2π)^{D−1}), γ (M, G) → (M, G), by Gauss' rule; f̂, factor real in γ."""
    dimension = xi.shape[1]
    constant = half * (turn * math.pi) ** (less - dimension) / math.pi

    def at(theta: Tensor) -> Tensor:
        turned = torch.polar(torch.ones(()).double(), gamma[..., None] * theta)
        return (theta ** (dimension - less) * factor(theta) * transform(f, theta, xi))[:, None] * turned

    return constant * integral(at, 0.0, 10.0, 160).real


@claim(
    "thm-dim-inversion",
    source="own; ongie2020: section 4",
    check=equals(laplacian, on=smooth, tolerance=2e-7, floor=0.1),
    wrong={
        "without the half: each plane is met twice": {"half": 1.0},
        "the constant of one dimension less": {"less": 2.0},
        "the sign turned": {"sign": 1.0},
        "$\\vartheta^{D-1}$ for $|\\vartheta|^{D-1}$, which gives 0 in the plane": lambda dimension, f, x: (
            laplacian(dimension, f, x) * (dimension % 2)
        ),
    },
)
def inversion(dimension, f, x, *, half=0.5, turn=2.0, less=1.0, sign=-1.0, power=Exponent(2.0)):
    """R*a for the coefficients a of a ReLU network that is f: the Laplacian of f."""
    xi, weights = all_round(dimension)
    found = coefficient(f, xi, xi @ x.T, lambda theta: sign * theta**power, half, turn, less)
    return weights @ found


@claim(
    "prop-dim-units",
    source="own",
    check=equals(lambda power, f, x: value(f, x), on=smooth_with_power, tolerance=2e-7, floor=0.1),
    wrong={
        "turned by a quarter the other way": {"quarter": -0.5},
        "$\\lambda$ counted from 0: the ReLU as $\\lambda = 1$": {"shift": 0.0},
        "without the half": {"half": 1.0},
    },
)
def units(power, f, x, *, half=0.5, quarter=0.5, shift=1.0):
    """∫∫ a(ξ, γ) (⟨ξ, x⟩ − γ)₊^{λ−1}/Γ(λ) dγ dξ, with γ = ⟨ξ, x⟩ − 12 u⁴."""
    xi, weights = all_round(1)
    height = xi @ x.T

    def inside(u: Tensor) -> Tensor:
        z = 12 * u**4
        gamma = (height[..., None] - z).flatten(1)
        phase = lambda theta: torch.polar(theta**power, torch.full_like(theta, quarter * math.pi * power))  # noqa: E731
        a = coefficient(f, xi, gamma, phase, half, 2.0, 1.0).reshape(*height.shape, -1)
        return a * z ** (power - shift) / math.gamma(power) * 48 * u**3

    return weights @ integral(inside, 0.0, 1.0, 100)


def pairs(generator: Generator) -> Iterator[tuple[int, float, float, Tensor]]:
    """(λ, ϑ, |ϑ|^{D−1} f̂/(2 (2π)^{D−1}), z)."""
    for power in (1, 2, 3, 4):
        theta, target = float(sizes(generator, 1)), float(normal(generator, 1))
        yield power, theta, target, 2 * normal(generator, 5)


def turned_pair(power: int, theta: float, target: float, z: Tensor) -> dict[str, Tensor]:
    """The shortest solution of one equation for two numbers by its pseudo-inverse, and the unit that is polynomial."""
    one = 1 / inverse(float(power), torch.tensor([theta], dtype=torch.float64))
    row = torch.stack([one, one.conj()], 1)
    polynomial = unit(float(power), z) - (-1) ** power * unit(float(power), -z)
    return {"pair": (torch.linalg.pinv(row) * 2 * target)[:, 0], "polynomial": polynomial}


@claim(
    "thm-dim-fixed",
    source="own; ongie2020: section 3",
    check=equals(turned_pair, on=pairs),
    wrong={
        "all of it to one side": {"share": 2.0},
        "a quarter turn the other way": {"quarter": -0.5},
        "$z^\\lambda$": {"less": 0.0},
    },
)
def fixed(power, theta, target, z, *, share=1.0, quarter=0.5, less=1.0, factor=1.0):
    """Both members of a pair are (±iϑ)^λ times the target; φ(z) − (−1)^λ φ(−z) is z^{λ−1}/Γ(λ)."""
    angle = torch.tensor([1.0, -1.0], dtype=torch.float64) * quarter * math.pi * power
    pair = share * target * theta**power * torch.polar(torch.ones(2).double(), angle)
    polynomial = torch.sign(z) ** (power - 1) * z.abs() ** (power - less) / math.gamma(power)
    return {"pair": pair, "polynomial": factor * polynomial}


def ramps(generator: Generator) -> Iterator[tuple[float, float, int, float]]:
    """(Δ, ϑ, j, z)."""
    for j in (1, 2, 3):
        width = float(sizes(generator, 1))
        yield width, float(sizes(generator, 1)), j, width * float(uniform(generator, 1, low=0.1, high=5))


def ramp_by_sums(width: float, theta: float, j: int, z: float) -> dict[str, Tensor | float]:
    """The transform of the slope by quadrature, its j-th zero by bisection, and copies of the unit, added up."""
    turned = lambda at: torch.polar(torch.ones_like(at), -theta * at)  # noqa: E731
    low, high = (2 * j - 0.6) * math.pi / width, (2 * j + 0.7) * math.pi / width
    slope = lambda at: float(integral(lambda s: torch.cos(at * s), -width / 2, width / 2))  # noqa: E731
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(low) * slope(middle) > 0 else (low, middle)
    copies, total = 0, 0.0
    while abs(total - z) > 1e-12 * z:
        total += float(unit("saturating", torch.tensor(z - copies * width, dtype=torch.float64), width))
        copies += 1
    return {"slope": integral(turned, 0.0, width), "zero": (low + high) / 2, "copies": float(copies), "sum": z}


def ramp_by_library(width: float, theta: float, j: int, z: float) -> dict[str, Tensor | float]:
    at = torch.tensor([theta], dtype=torch.float64)
    return {"slope": (1j * at / inverse("saturating", at, width))[0], "zero": 2 * math.pi * j / width,
            "copies": float(math.ceil(z / width)), "sum": z}  # fmt: skip


@claim(
    "prop-dim-saturating",
    source="own",
    check=equals(ramp_by_sums, on=ramps),
    also=(ramp_by_library,),
    wrong={
        "zeros at odd multiples of $\\pi/\\Delta$": {"turn": 1.0},
        "a step that comes earlier": {"sign": 1.0},
        "copies half a width apart": {"apart": 0.5},
    },
)
def saturating(width, theta, j, z, *, turn=2.0, sign=-1.0, one=1.0, apart=1.0):
    """iϑ φ̂ = (1 − e^{−iΔϑ})/(iϑ), zeros 2πj/Δ, how many copies make a ReLU up to z, and their sum."""
    slope = (one - complex(math.cos(width * theta), sign * math.sin(width * theta))) / (1j * theta)
    copies = math.ceil(z / width)
    total = sum(min(max(z - apart * k * width, 0.0), width) for k in range(copies))
    return {"slope": slope, "zero": turn * math.pi * j / width, "copies": float(copies), "sum": total}


def norm_by_library(net: Plain, many: int) -> dict[str, float]:
    made = BreakPlanes.from_weights(*net)
    return {"norm": radon_norm(made), "decay": float(made.slope_jumps.abs().sum())}


@claim(
    "thm-dim-norm",
    source="own; ongie2020: section 4; savarese2019: section 3",
    check=equals(cheapest, on=with_twins, tolerance=1e-7),
    also=(norm_by_library,),
    wrong={
        "each neuron for itself": lambda net, many: {
            "norm": (net[0].norm(dim=1) * net[2]).abs().sum(), "decay": (net[0].norm(dim=1) * net[2]).abs().sum(),
        },
        "squares": {"power": 2.0},
        "twice the price": {"price": 2.0},
    },
)  # fmt: skip
def norm(net, many, *, factor=1.0, price=1.0, power=Exponent(1.0)):
    """|Σ κ| for each plane, added up; and Σ |κ|, which weight decay comes down to."""
    jumps = net[0].norm(dim=1) * net[2]
    together = torch.cat([jumps[:many].sum()[None], jumps[many:]]).abs()
    return {"norm": factor * (together**power).sum(), "decay": price * jumps.abs().sum()}


def rates_by_library(net: Plain, x: Tensor, y: Tensor) -> dict[str, Tensor]:
    w, b, v, _ = velocity(Weights(*net, torch.zeros(()).double()), x, y)
    rates = {"w": w, "b": b, "v": v, "both": (net[0] * w).sum(1) + net[1] * b}
    return {name: len(x) * rate for name, rate in rates.items()}


@claim(
    "prop-dim-view",
    source="own; sahs2022: theorem 5",
    check=equals(by_autograd, on=training),
    also=(rates_by_library,),
    wrong={
        "uphill": {"sign": 1.0},
        "sums over all data": {"silent": 1.0},
        "half of it": {"sign": -0.5},
    },
)
def view(net, x, y, *, sign=-1.0, factor=1.0, silent=0.0):
    """ẇ = −v T, ḃ = −v P, v̇ = −(w·T + b P), and w·ẇ + b ḃ = v v̇."""
    w, b, v = net
    z = x @ w.T + b
    residuals = torch.relu(z) @ v - y
    seen = torch.where(z > 0, 1.0, silent) * residuals[:, None]
    tilt, pull = seen.T @ x, seen.sum(0)
    change = sign * ((w * tilt).sum(1) + b * pull)
    return {"w": sign * v[:, None] * tilt, "b": sign * v * pull, "v": change, "both": factor * v * change}


def gradients(generator: Generator) -> Iterator[tuple[Tensor]]:
    for inputs in (2, 8, 24):
        yield (sizes(generator, 1) * normal(generator, inputs),)


def slopes_aside(generator: Generator, g: Tensor) -> Tensor:
    """Squared slopes along random directions."""
    u = normal(generator, 60_000, len(g))
    return ((u @ g) / u.norm(dim=1)).square()


@claim(
    "prop-dim-random",
    source="own",
    check=has_mean(slopes_aside, on=gradients),
    wrong={
        "divided by the root of the dimension": {"root": 0.5},
        "as if the direction were normal": {"root": 0.0},
        "twice as large": {"factor": 2.0},
    },
)
def aside(g, *, factor=1.0, power=Exponent(2.0), root=Exponent(1.0)):
    return factor * g.norm() ** power / len(g) ** root
