"""Claims of the chapter `kernels/lazy_or_feature` on one network: its law of motion, its way, how linear it is."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim
from lecturelib.kernels.lazy_or_feature.scaled import train_scaled
from lecturelib.kernels.tangent_kernel.checks import normal
from lecturelib.kernels.tangent_kernel.empirical import empirical_kernel
from lecturelib.kernels.tangent_kernel.wide_networks import SOFTPLUS_FACTOR, WideNetwork, draw_wide

CHIZAT = "Chizat et al. 2019"
GEIGER = "Geiger et al. 2020"
BETA = 20.0


def draw(generator: Generator, width: int = 12, depth: int = 2, inputs: int = 3) -> WideNetwork:
    """A softplus network without biases."""
    sizes = (inputs, *[width] * depth, 1)
    return draw_wide(sizes, generator=generator, activation="softplus", weight_scale=1.0)


def labels(generator: Generator, count: int) -> Tensor:
    """Random signs of both kinds."""
    signs = torch.ones(count, dtype=torch.float64)
    signs[torch.randperm(count, generator=generator)[: count // 2]] = -1
    return signs


def by_torch(weights: list[Tensor], x: Tensor) -> Tensor:
    """f of a softplus network, written anew for autograd: (N,)."""
    h = x
    for layer, matrix in enumerate(weights):
        z = h @ matrix.T / math.sqrt(matrix.shape[1])
        h = SOFTPLUS_FACTOR * torch.log1p(torch.exp(5 * z)) / 5 if layer < len(weights) - 1 else z
    return h[:, 0]


def slopes(weights: list[Tensor], start: Tensor, x: Tensor, y: Tensor, alpha: float) -> list[Tensor]:
    """∇L by autograd, L = (1/(α² N)) Σ ln(1 + e^{20 (1 − F y)}) / 20 with F = α (f − start)."""
    leaves = [part.clone().requires_grad_() for part in weights]
    margins = alpha * (by_torch(leaves, x) - start) * y
    loss = torch.nn.functional.softplus(1 - margins, beta=BETA, threshold=100).mean() / alpha**2
    return list(torch.autograd.grad(loss, leaves))


def descent(weights: list[Tensor], x: Tensor, y: Tensor, *, alpha: float, time: float, steps: int) -> list:
    """Weights at every step on the way; the steps are so small that they follow the flow."""
    start, way = by_torch(weights, x), [weights]
    for _ in range(steps):
        moves = slopes(way[-1], start, x, y, alpha)
        way.append([part - time / steps * move for part, move in zip(way[-1], moves, strict=True)])
    return way


def hinge_slope(margins: Tensor) -> Tensor:
    """ℓ' of the soft hinge, by its formula."""
    return -1 / (1 + torch.exp(-BETA * (1 - margins)))


# The law of motion of F


def _moves_along_the_flow(law, generator: Generator) -> float:
    network, x, z = draw(generator), normal(generator, 6, 3), normal(generator, 4, 3)
    y, worst, weights = labels(generator, 6), 0.0, list(network.weights)
    start = by_torch(weights, x) - 0.3 * normal(generator, 6)  # so that F is not 0
    for alpha in (0.3, 7.0):
        kernel = empirical_kernel(network, z, x)
        margins = alpha * (by_torch(weights, x) - start) * y
        moves = [-alpha * part for part in slopes(weights, start, x, y, alpha)]
        jacobians = torch.func.jacrev(lambda *w: by_torch(list(w), z), argnums=tuple(range(len(weights))))(*weights)
        pairs = zip(jacobians, moves, strict=True)
        speed = sum((part * move).flatten(1).sum(1) for part, move in pairs)
        found = law(kernel, margins, y, alpha)
        worst = max(worst, float((found - speed).abs().max() / speed.abs().max()))
    return worst


def _law(kernel: Tensor, margins: Tensor, y: Tensor, alpha: float) -> Tensor:
    return -kernel @ (hinge_slope(margins) * y) / y.numel()


law = Claim(
    label="thm-lazy-flow",
    statement=r"$\dot F(x) = -\frac1N \sum_n \Theta(x, x_n)\, \ell'(F(x_n) y_n)\, y_n$, without $\alpha$.",
    source=f"{GEIGER}, section 2",
    method="exact identity",
    tolerance=1e-9,
    check=_moves_along_the_flow,
    formula=_law,
    falsifiers={
        r"a factor $\alpha$ left over": lambda kernel, v, y, alpha: alpha * _law(kernel, v, y, alpha),
        r"slides: $\ell(F/\alpha^2)$ in place of $\ell(F)/\alpha^2$": lambda k, v, y, a: _law(k, v / a**2, y, a),
        "without labels": lambda k, v, y, a: -k @ hinge_slope(v) / y.numel(),
        "the sum over data": lambda k, v, y, a: y.numel() * _law(k, v, y, a),
    },
)


# How far weights can get


def _gap(before: list[Tensor], after: list[Tensor]) -> float:
    return float(sum((a - b).square().sum() for a, b in zip(before, after, strict=True)).sqrt())


@lru_cache(maxsize=12)
def _ways(seed: int) -> list[tuple[float, float, float, float]]:
    """(way, t, α, fall of the mean loss ℓ) along several trainings."""
    generator, found = Generator().manual_seed(seed), []
    for alpha in (0.2, 1.0, 20.0):
        weights, x, y = list(draw(generator).weights), normal(generator, 6, 3), labels(generator, 6)
        start, time, steps = by_torch(weights, x), 4.0 * min(alpha, 1), 200
        path = descent(weights, x, y, alpha=alpha, time=time, steps=steps)
        for taken in (1, 20, steps):
            margins = alpha * (by_torch(path[taken], x) - start) * y
            losses = [torch.nn.functional.softplus(1 - v, beta=BETA).mean() for v in (0 * margins, margins)]
            found.append((_gap(weights, path[taken]), taken * time / steps, alpha, float(losses[0] - losses[1])))
    return found


def _is_never_exceeded_but_reached(bound, generator: Generator) -> float:
    """How far the way exceeds the bound anywhere, plus how far the bound is from the way where it is closest."""
    shares = [way / bound(time, alpha, fall) for way, time, alpha, fall in _ways(generator.initial_seed())]
    return max(0.0, max(shares) - 1) + abs(1 - max(shares))


way = Claim(
    label="thm-lazy-way",
    statement=r"$\lVert w_t - w_0 \rVert \leq \frac1\alpha \sqrt{t\,(\bar\ell_0 - \bar\ell_t)}$, with $\bar\ell$ the "
    r"mean of $\ell$ over the data; short ways come as close to it as one likes.",
    source=f"derived here; the argument is in {CHIZAT}",
    method="exact identity",
    tolerance=0.03,
    check=_is_never_exceeded_but_reached,
    formula=lambda time, alpha, fall: math.sqrt(time * fall) / alpha,
    falsifiers={
        r"without $\alpha$": lambda time, alpha, fall: math.sqrt(time * fall),
        r"$1/\alpha^2$": lambda time, alpha, fall: math.sqrt(time * fall) / alpha**2,
        "the fall without its root": lambda time, alpha, fall: math.sqrt(time) * fall / alpha,
        "half of it": lambda time, alpha, fall: math.sqrt(time * fall) / alpha / 2,
    },
)


# How far from the linear model


@lru_cache(maxsize=12)
def _paths(seed: int) -> list[tuple[float, float, Tensor, int]]:
    """(distance of F from the linear model, ∫ ‖ΔΘ‖ dt, eigenvalues of Θ₀, N) in time, for several α."""
    generator, found = Generator().manual_seed(seed), []
    weights, x, y = list(draw(generator, width=20).weights), normal(generator, 5, 3), labels(generator, 5)
    network, start = draw(generator), by_torch(weights, x)
    frozen, time, steps = _kernel(network, weights, x), 3.0, 100
    for alpha in (2.0, 8.0):
        linear, integral = torch.zeros(5, dtype=torch.float64), 0.0
        for now in descent(weights, x, y, alpha=alpha, time=time, steps=steps)[:-1]:
            outputs = alpha * (by_torch(now, x) - start)
            found.append((float((outputs - linear).norm()), integral, torch.linalg.eigvalsh(frozen), 5))
            linear = linear + time / steps * _law(frozen, linear * y, y, alpha)
            integral += time / steps * float(torch.linalg.matrix_norm(_kernel(network, now, x) - frozen, 2))
    return [one for one in found if one[1] > 0]


def _kernel(network: WideNetwork, weights: list[Tensor], x: Tensor) -> Tensor:
    biases = tuple(torch.zeros(len(part), dtype=torch.float64) for part in weights)
    return empirical_kernel(WideNetwork(tuple(weights), biases, network.activation, 1.0, 0.0), x)


def _bounds_the_distance(bound, generator: Generator) -> float:
    """How far above the bound the distance gets, relative to it; 1 where the bound is useless, 100 times too large."""
    shares = [apart / bound(total, rates, n) for apart, total, rates, n in _paths(generator.initial_seed())]
    return max(0.0, max(shares) - 1) + float(max(shares) < 0.01)


apart = Claim(
    label="thm-lazy-linear",
    statement=r"$\lVert F_t - F^{\text{lin}}_t \rVert \leq \sqrt{\lambda_1/\lambda_N}\; \frac{1}{\sqrt N} \int_0^t "
    r"\lVert \Theta_s - \Theta_0 \rVert\, ds$ on the data, for every convex $\ell$ with $\lvert\ell'\rvert \leq 1$.",
    source=f"derived here; compare {CHIZAT}, theorem 2.4",
    method="exact identity",
    tolerance=1e-9,
    check=_bounds_the_distance,
    formula=lambda total, rates, n: math.sqrt(float(rates[-1] / rates[0]) / n) * total,
    falsifiers={
        "eigenvalues the other way round": lambda total, rates, n: math.sqrt(float(rates[0] / rates[-1]) / n) * total,
        "the square of the change of the kernel": lambda total, rates, n: (
            math.sqrt(float(rates[0] / rates[-1]) / n) * total**2
        ),
    },
)


# As α grows


@lru_cache(maxsize=12)
def _falls(seed: int) -> tuple[float, ...]:
    """log₂ of what doubling α divides the way, the change of the kernel, and the distance from α → ∞ by."""
    generator, found = Generator().manual_seed(seed), []
    weights, x, y = list(draw(generator).weights), normal(generator, 5, 3), labels(generator, 5)
    network, start = draw(generator), by_torch(weights, x)
    frozen, linear, steps = _kernel(network, weights, x), torch.zeros(5, dtype=torch.float64), 100
    for _ in range(steps):
        linear = linear + 2.0 / steps * _law(frozen, linear * y, y, 1.0)
    for alpha in (2000.0, 4000.0):
        end = descent(weights, x, y, alpha=alpha, time=2.0, steps=steps)[-1]
        outputs = alpha * (by_torch(end, x) - start)
        change = (_kernel(network, end, x) - frozen).norm()
        found.append((_gap(weights, end), float(change), float((outputs - linear).norm())))
    return tuple(math.log2(a / b) for a, b in zip(*found, strict=True))


rates = Claim(
    label="cor-lazy-rates",
    statement=r"For a given network and a given $t$, as $\alpha \to \infty$, the way of the weights, the change of the "
    r"kernel and the distance from the linear model fall as $1/\alpha$.",
    source=f"{CHIZAT}, theorem 2.3, for this loss",
    method="exact identity",
    tolerance=0.1,
    check=lambda power, generator: max(abs(found - power) for found in _falls(generator.initial_seed())),
    formula=1.0,
    falsifiers={r"$\alpha^{-1/2}$": 0.5, r"$\alpha^{-2}$": 2.0, "no fall": 0.0},
)


# With f₀ left in


@lru_cache(maxsize=12)
def _moves(seed: int) -> list[tuple[float, float, float]]:
    """(|f₀|, α, how far f went) for one datum on the wrong side, trained until α f y > 1."""
    generator, found = Generator().manual_seed(seed), []
    for alpha in (1.0, 30.0):
        network, x = draw(generator), normal(generator, 1, 3)
        start = network(x)
        run = train_scaled(network, x, -torch.sign(start), alpha=alpha, centred=False, tolerance=1e-3)
        found.append((float(start.abs()), alpha, float((run.final.now(x) - start).abs())))
    return found


def _moves_by(way_of_one, generator: Generator) -> float:
    return max(abs(moved / way_of_one(size, alpha) - 1) for size, alpha, moved in _moves(generator.initial_seed()))


centring = Claim(
    label="prop-lazy-centring",
    statement=r"Without the subtraction, a datum on the wrong side has to be moved by $\lvert f_0 \rvert + 1/\alpha$, "
    r"however large $\alpha$ is; with it, by $1/\alpha$.",
    source="derived here",
    method="experiment",
    tolerance=0.05,
    check=_moves_by,
    formula=lambda size, alpha: size + 1 / alpha,
    falsifiers={
        r"$1/\alpha$ alone, as with the subtraction": lambda size, alpha: 1 / alpha,
        r"$\lvert f_0 \rvert$ alone": lambda size, alpha: size,
        r"$2 \lvert f_0 \rvert$": lambda size, alpha: 2 * size,
    },
)
