"""Claims of the chapter `bias/discretization`: what flow the steps of descent follow, and how closely."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Generator, Tensor

from lecturelib.bias.discretization.checks_problems import (
    Waves,
    fields,
    long_flow,
    losses,
    quadratics,
    short_flow,
    steps,
)
from lecturelib.bias.discretization.modified import gradient_field, modified_field, modified_loss
from lecturelib.bias.discretization.schedules import schedule_penalty
from lecturelib.core.checking import equals, falls_as, tends_to
from lecturelib.core.claims import Exponent, claim
from lecturelib.core.problems import normal, sizes, uniform

FINE = (256, 512)
"""Steps in a unit of time, of which two give a limit with its first error taken off."""


def defect(_: Generator, size: float, field: Waves, w: Tensor) -> dict[str, Tensor]:
    """(Euler's step − flow) / h²: what the flow lacks at first."""
    h = 1 / size
    off = (w + h * field(w) - short_flow(field, w, h)) / h**2
    return {"field": off, "loss": off if field.heights is not None else 0 * off}  # without a loss, nothing to compare


def by_the_library(field: Waves, w: Tensor) -> dict[str, Tensor]:
    found = {"field": modified_field(field, 1.0)(w) - field(w), "loss": 0 * w}
    if field.heights is not None:
        found["loss"] = gradient_field(modified_loss(field.loss, 1.0))(w) - field(w)
    return found


@claim(
    "thm-first-order",
    source="barrett2021: section 3; hairer2006: chapter IX, section 1",
    check=tends_to(defect, FINE, on=fields, order=1, tolerance=0.005),
    also=(by_the_library,),
    wrong={
        r"$+\frac12 f'f$": {"half": 0.5},
        r"$\frac h2 \lVert \nabla C \rVert^2$": {"quarter": 0.5},
        r"$-\frac h4 \lVert \nabla C \rVert^2$": {"quarter": -0.25},
        "no correction": {"half": 0.0, "quarter": 0.0},
    },
)
def first_order(field, w, *, half=-0.5, quarter=0.25):
    found = {"field": half * field.along(w, field(w)), "loss": 0 * w}
    if field.heights is not None:
        at = w.clone().requires_grad_()
        (slope,) = torch.autograd.grad(field(at).square().sum(), at)
        found["loss"] = -quarter * slope
    return found


def beside_f(field: Waves, first: float, third: float, twelfth: float, h: float):
    """f + first · h f′f + h² (third · f′f′f + twelfth · f″(f, f))."""

    def speed(w: Tensor) -> Tensor:
        f = field(w)
        once = field.along(w, f)
        return f + h * first * once + h**2 * (third * field.along(w, once) + twelfth * field.bent(w, f, f))

    return speed


def distances(_: Generator, size: float, field: Waves, w: Tensor) -> dict[str, Tensor]:
    """How far Euler's path is from three flows after the time 1."""
    h = 1 / size
    end = steps(field, w, h, round(size))
    flows = {"flow": (0.0, 0.0, 0.0), "order 1": (-0.5, 0.0, 0.0), "order 2": (-0.5, 1 / 3, 1 / 12)}
    return {name: (long_flow(beside_f(field, *one, h), w, 1.0) - end).norm() for name, one in flows.items()}


@claim(
    "thm-orders",
    source="hairer2006: chapter IX, section 1; own",
    check=falls_as(distances, (200, 400, 800), on=lambda g: list(fields(g))[1::2], tolerance=0.03),
    wrong={
        "the modified flow is no nearer": {"modified": -1.0},
        "the second order adds nothing": {"second": -2.0},
        "the flow is as near as the modified one": {"plain": -2.0},
    },
)
def orders(field, w, *, plain=Exponent(-1), modified=Exponent(-2), second=Exponent(-3)):
    return {"flow": Exponent(plain), "order 1": Exponent(modified), "order 2": Exponent(second)}


def second_defect(_: Generator, size: float, field: Waves, w: Tensor) -> Tensor:
    """(Euler's step − flow of f + h f₁) / h³."""
    h = 1 / size
    return (w + h * field(w) - short_flow(beside_f(field, -0.5, 0.0, 0.0, h), w, h)) / h**3


@claim(
    "thm-second-order",
    source="hairer2006: chapter IX, section 1",
    check=tends_to(second_defect, FINE, on=fields, order=1, tolerance=0.005),
    also=(lambda field, w: modified_field(field, 1.0, 2)(w) - modified_field(field, 1.0)(w),),
    wrong={
        r"without $f''$": {"bent": 0.0},
        r"$\frac1{12}$ and $\frac13$ exchanged": {"twice": 1 / 12, "bent": 1 / 3},
        r"$\frac14 f'f'f$, a square of the first order": {"twice": 0.25, "bent": 0.0},
        "the flow's own third term": {"twice": -1 / 6, "bent": -1 / 6},
    },
)
def second_order(field, w, *, twice=1 / 3, bent=1 / 12):
    f = field(w)
    return twice * field.along(w, field.along(w, f)) + bent * field.bent(w, f, f)


def antisymmetric(speed, w: Tensor) -> Tensor:
    """∂_j of component i minus ∂_i of component j, by differentiating."""
    slopes = torch.autograd.functional.jacobian(speed, w)
    return slopes - slopes.T


def curl_by_library(field: Waves, w: Tensor) -> Tensor:
    descent = gradient_field(field.loss)
    return antisymmetric(lambda at: modified_field(descent, 1.0, 2)(at) - modified_field(descent, 1.0)(at), w)


@claim(
    "prop-curl",
    source="own",
    check=equals(lambda field, w: antisymmetric(lambda at: second_order.formula(field, at), w), on=losses),
    also=(curl_by_library,),
    wrong={"no curl": {"sixth": 0.0}, "turned the other way": {"sixth": -1 / 6}, "a third": {"sixth": 1 / 3}},
)
def curl(field, w, *, sixth=1 / 6):
    """With H = −f′ and its rate of change along the flow, Ḣ = −f″(f, ·)."""
    h, rate = -field.matrix(w), -field.turning(w, field(w))
    return sixth * (h @ rate - rate @ h)


@claim(
    "prop-quadratic",
    source="own",
    check=equals(lambda h, w, rate, count: steps(lambda at: -at @ h, w, rate, count), on=quadratics),
    wrong={
        r"the modified loss alone, $\lambda + \frac h2 \lambda^2$": lambda h, w, rate, count: decayed(
            h, w, rate * count, lambda values: values + rate / 2 * values**2
        ),
        r"$\log(1 + h\lambda)/h$": {"sign": 1.0, "factor": 1.0},
        "the flow itself": lambda h, w, rate, count: decayed(h, w, rate * count, lambda values: values),
    },
)
def quadratic(h, w, rate, count, *, factor=-1.0, sign=-1.0, inside=1.0):
    return decayed(h, w, rate * count, lambda values: factor * torch.log(inside + sign * rate * values) / rate)


def decayed(h: Tensor, w: Tensor, time: float, speeds) -> Tensor:
    """The flow of ½ Σ s(λ) w², after a time, for the eigenvalues λ of h."""
    values, vectors = torch.linalg.eigh(h)
    return vectors @ (torch.exp(-speeds(values) * time) * (vectors.T @ w))


def products(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, float, int]]:
    """(a, b, coefficients of ℓ, h, steps): losses ℓ(ab), polynomials of degree 4, of ensembles of starts."""
    for count in (1, 4):
        a, b = normal(generator, 2, 6)
        coefficients = normal(generator, 4) * torch.tensor([1.0, 1.0, 0.3, 0.1])
        yield a, b, coefficients, 0.02 * float(sizes(generator, 1)), count


def stepped_products(a: Tensor, b: Tensor, coefficients: Tensor, h: float, count: int) -> Tensor:
    """a² − b² after some steps, the gradient by autograd."""
    w = torch.stack([a, b]).requires_grad_()
    for _ in range(count):
        product = w[0] * w[1]
        loss = sum(c * product ** (power + 1) for power, c in enumerate(coefficients))
        (slope,) = torch.autograd.grad(loss.sum(), w)
        w = (w - h * slope).detach().requires_grad_()
    return (w[0] ** 2 - w[1] ** 2).detach()


@claim(
    "prop-imbalance",
    source="own",
    check=equals(stepped_products, on=products),
    wrong={
        "kept, as by the flow": {"shrinks": 0.0},
        "it grows": {"shrinks": -1.0},
        "linear in the step": {"power": 1.0},
    },
)
def imbalance(a, b, coefficients, h, count, *, shrinks=1.0, power=Exponent(2)):
    left = a**2 - b**2
    for _ in range(count):
        slope = sum((k + 1) * c * (a * b) ** k for k, c in enumerate(coefficients))
        left = left * (1 - shrinks * h**power * slope**2)
        a, b = a - h * slope * b, b - h * slope * a
    return left


def schedules(generator: Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """(features, targets, learning rates): fewer data than weights too; some rates jump over the minimum of a mode,
    some so far that a mode has P < −1, or P > 1."""
    for rows, columns, count in ((6, 3, 5), (3, 5, 12), (8, 4, 1)):
        phi, y = normal(generator, rows, columns), normal(generator, rows)
        largest = torch.linalg.eigvalsh(phi.T @ phi)[-1]
        yield phi, y, uniform(generator, count, low=0.05, high=1.6) / largest
    for count in (1, 2):
        yield phi, y, uniform(generator, count, low=2.3, high=2.8) / largest


def descended(phi: Tensor, y: Tensor, rates: Tensor) -> dict[str, Tensor]:
    """The end of descent, and in how many modes it lies on the side of the least-squares solution."""
    w = torch.zeros(phi.shape[1], dtype=torch.float64)
    for rate in rates:
        w = w - rate * phi.T @ (phi @ w - y)
    right = torch.linalg.svd(phi)[2][: min(phi.shape)]
    return {"end": w, "minima": ((right @ w) * (right @ torch.linalg.pinv(phi) @ y) > 0).sum().double()}


def with_penalty(phi: Tensor, y: Tensor, penalty) -> dict[str, Tensor]:
    """Where ½ ‖Φw − y‖² + ½ Σ α(λ) (mode of w)² has no slope, and in how many modes this is a minimum."""
    values, vectors = torch.linalg.eigh(phi.T @ phi)
    values = values.clamp(min=0)
    bend = values + penalty(values)
    return {"end": vectors @ ((vectors.T @ (phi.T @ y)) / bend), "minima": (bend[values > 1e-9] > 0).sum().double()}


def penalty_of_the_library(phi: Tensor, y: Tensor, rates: Tensor) -> dict[str, Tensor]:
    if float(torch.linalg.eigvalsh(phi.T @ phi)[-1] * rates.max()) >= 2:
        return descended(phi, y, rates)  # the library refuses steps beyond stability
    return with_penalty(phi, y, lambda values: schedule_penalty(values, rates))


@claim(
    "prop-schedule",
    source="own; ali2019: lemma 3",
    check=equals(descended, on=schedules),
    also=(penalty_of_the_library,),
    wrong={
        "a minimum wherever $P \\ne 1$": lambda phi, y, rates: {
            **schedule.formula(phi, y, rates),
            "minima": torch.tensor(float(min(phi.shape))),
        },
        r"one $\alpha = 1 / \sum h_k$ for all modes": lambda phi, y, rates: with_penalty(
            phi, y, lambda values: 1 / rates.sum() + 0 * values
        ),
        r"$\lambda (1 - P) / P$": {"power": -1.0},
        "as the flow does, by the sum of the rates alone": {"second": 0},
    },
)
def schedule(phi, y, rates, *, factor=1.0, power=Exponent(1), second=1):
    def penalty(values: Tensor) -> Tensor:
        products = values[:, None] * rates
        left = (1 - products).prod(-1) if second == 1 else torch.exp(-products.sum(-1))
        return torch.where(values > 1e-9, factor * values * (left / (1 - left)) ** power, 1 / rates.sum())

    return with_penalty(phi, y, penalty)
