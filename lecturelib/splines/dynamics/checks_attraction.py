"""Claims of the chapter `splines/dynamics`: where breakpoints gather, the tangent kernel, and running sums."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.dynamics import hinge_kernel
from lecturelib.splines.dynamics.attraction import Attractors, attractors, potential, psi, sums_beyond
from lecturelib.splines.dynamics.checks import SAHS, along_the_flow, autograd_gradient, problem
from lecturelib.splines.training.prefix_sums import gradient

EXACT = 1e-10


def _residuals(generator: Generator, size: int = 40) -> tuple[Tensor, Tensor]:
    """Points in any order, and residuals that wave and scatter."""
    x = 4 * torch.rand(size, generator=generator, dtype=torch.float64) - 2
    phase, noise = torch.rand((), generator=generator), torch.randn(size, generator=generator, dtype=torch.float64)
    return x, torch.sin(4 * x + 6 * phase) + 0.3 * noise


def _places(generator: Generator, count: int = 60) -> Tensor:
    return 5 * torch.rand(count, generator=generator, dtype=torch.float64) - 2.5


# ψ


def _speed_of_a_test_neuron(x: Tensor, residuals: Tensor, at: Tensor, w: float, v: float) -> Tensor:
    """β̇ of a neuron (w, −w β, v) that the residuals do not depend on, by automatic differentiation: shape (K,)."""

    def loss(place: Tensor) -> Tensor:  # (K, 2): w and b of K neurons
        return (residuals * v * torch.relu(place[:, :1] * x + place[:, 1:])).sum()

    place = torch.stack([torch.full_like(at, w), -w * at], -1)
    down = -torch.autograd.functional.jacobian(loss, place)
    return torch.autograd.functional.jvp(lambda p: -p[:, 1] / p[:, 0], place, down)[1]


def _drives_test_neurons(curve, generator: Generator) -> float:
    x, residuals = _residuals(generator)
    at = _places(generator)
    gaps = []
    for w, v in ((0.7, 1.3), (-0.7, 1.3), (0.7, -1.3), (-0.7, -1.3)):
        found = v / w * curve(x, residuals, at)[0 if w > 0 else 1]
        gaps.append(relative_gap(found, _speed_of_a_test_neuron(x, residuals, at, w, v)))
    return max(gaps)


psi_drives = Claim(
    label="prop-dyn-psi",
    statement=r"$\dot\beta_i = \frac{v_i}{w_i} \psi_{s_i}(\beta_i)$, "
    r"$\psi_s(\beta) = \sum \varepsilon_n (1 + \beta x_n)$ over the points on side $s$ of $\beta$.",
    source=f"{SAHS}.2",
    method="exact identity",
    tolerance=EXACT,
    check=_drives_test_neurons,
    formula=psi,
    falsifiers={
        r"weights $1 - \beta x_n$": lambda x, r, at: [
            2 * pull - both for pull, both in zip(sums_beyond(x, r, at), psi(x, r, at), strict=True)
        ],
        "the sides exchanged": lambda x, r, at: psi(x, r, at)[::-1],
        "weights 1, the residual alone": lambda x, r, at: sums_beyond(x, r, at),
    },
)


def _adds_up(total, generator: Generator) -> float:
    x, residuals = _residuals(generator)
    at = _places(generator)
    right, left = psi(x, residuals, at)
    return relative_gap(total(x, residuals, at, left), right + left)


both_sides = Claim(
    label="prop-dyn-sides",
    statement=r"$\psi_+(\beta) + \psi_-(\beta) = \sum_n \varepsilon_n + \beta \sum_n \varepsilon_n x_n$ off the data, "
    r"which vanishes if $\varepsilon$ is orthogonal to straight lines.",
    source=f"derived here, for {SAHS}.2",
    method="exact identity",
    tolerance=EXACT,
    check=_adds_up,
    formula=lambda x, r, at, left: r.sum() + at * (r * x).sum(),
    falsifiers={
        r"a constant, $\psi_-(\infty)$ in the source": lambda x, r, at, left: (
            (r * (1 + x.max() * x)).sum().expand_as(at)
        ),
        r"$\sum_n \varepsilon_n$": lambda x, r, at, left: r.sum().expand_as(at),
        "zero, whatever the residuals": lambda x, r, at, left: torch.zeros_like(at),
    },
)


def _is_the_slope(rule, generator: Generator) -> float:
    """`rule` makes of h, given as a function of β, what should be ψ; sums are taken one by one."""
    x, residuals = _residuals(generator)
    at = _places(generator)
    gaps = []
    for s in (1, -1):
        active = s * (x - at[:, None]) > 0
        brute = (residuals * active * (1 + at[:, None] * x)).sum(-1)
        gaps.append(relative_gap(rule(x, residuals, at, s), s * brute))
    return max(gaps)


def _slope(x: Tensor, residuals: Tensor, at: Tensor, s: int, step: float = 1e-6) -> Tensor:
    """d/dβ of the library's potential by a difference."""
    ends = torch.cat([at - step, at + step])
    low, high = potential(x, residuals, ends)[0 if s == 1 else 1].chunk(2)
    return (high - low) / (2 * step)


has_a_potential = Claim(
    label="thm-dyn-potential",
    statement=r"$s \psi_s(\beta) = -(1 + \beta^2)^{3/2} h_s'(\beta)$ with "
    r"$h_s(\beta) = \sum_n \varepsilon_n (s(x_n - \beta))_+ / \sqrt{1 + \beta^2}$.",
    source="derived here; the idea is that of Maennel et al. 2018",
    method="exact identity",
    tolerance=1e-6,
    check=_is_the_slope,
    formula=lambda x, r, at, s: -((1 + at**2) ** 1.5) * _slope(x, r, at, s),
    falsifiers={
        "the sign turned": lambda x, r, at, s: (1 + at**2) ** 1.5 * _slope(x, r, at, s),
        "the power 1/2": lambda x, r, at, s: -torch.sqrt(1 + at**2) * _slope(x, r, at, s),
        "neurons of unit input weight, not of unit length": lambda x, r, at, s: -_slope_without_length(x, r, at, s),
    },
)


def _slope_without_length(x: Tensor, residuals: Tensor, at: Tensor, s: int) -> Tensor:
    return (1 + at**2) * torch.where(s * (x - at[:, None]) > 0, -s * residuals, torch.zeros(1)).sum(-1)


def _crossings(x: Tensor, residuals: Tensor, s: int) -> Tensor:
    """Where s ψ_s changes sign and the sign before, shape (2, A): from sums taken one by one, on both sides of data."""
    knots = torch.sort(x)[0]
    sides = torch.stack([knots - 1e-9, knots + 1e-9], -1).flatten()
    at = torch.cat([sides.new_tensor([-9.0]), sides, sides.new_tensor([9.0])])
    drive = s * (residuals * (s * (x - at[:, None]) > 0) * (1 + at[:, None] * x)).sum(-1)
    k = torch.nonzero(drive[:-1] * drive[1:] < 0)[:, 0]
    share = drive[k] / (drive[k] - drive[k + 1])  # a straight line from one to the next
    return torch.stack([at[k] + share * (at[k + 1] - at[k]), torch.sign(drive[k])])


def _finds_all_and_only_them(find, generator: Generator) -> float:
    """Largest error of a place or a kind over several data sets, 1 at most and where the number is wrong."""
    worst = 0.0
    for _ in range(6):
        x, residuals = _residuals(generator, 6)
        for s in (1, -1):
            places, signs = find(x, residuals, s)
            found, seen = torch.stack([places, signs])[:, places.abs() < 9], _crossings(x, residuals, s)
            if found.shape != seen.shape:
                return 1.0
            worst = max(worst, relative_gap(found, seen) if seen.numel() else 0.0)
    return min(worst, 1.0)


def _turned(x, r, s) -> Attractors:
    places, signs = attractors(x, r, orientation=s)
    return Attractors(places, -signs)


def _only_data(x, r, s) -> Attractors:
    places, signs = attractors(x, r, orientation=s)
    on = (places[:, None] == x).any(-1)
    return Attractors(places[on], signs[on])


gathers = Claim(
    label="prop-dyn-gather",
    statement=r"With residuals held, neurons with $v > 0$ gather where $s \psi_s$ falls through zero, "
    "those with $v < 0$ where it rises; between data or on them.",
    source=f"derived here, for {SAHS}.2",
    method="exact identity",
    tolerance=1e-7,
    check=_finds_all_and_only_them,
    formula=lambda x, r, s: attractors(x, r, orientation=s),
    falsifiers={
        "the other way round": _turned,
        "on data alone, as the source has it": _only_data,
        "neurons facing left as those facing right": lambda x, r, s: attractors(x, r, orientation=1),
    },
)


# The tangent kernel


def jacobian(network: Network, x: Tensor) -> Tensor:
    """∂f(x_n) by all parameters from automatic differentiation: shape (N, 3H + 1)."""
    parts = torch.autograd.functional.jacobian(
        lambda w, b, v, b0: torch.relu(w * x[:, None] + b) @ v + b0,
        (network.w, network.b, network.v, network.b0),
    )
    return torch.cat([part.reshape(x.numel(), -1) for part in parts], dim=1)


def _is_the_kernel(kernel, generator: Generator) -> float:
    network, x, _ = problem(generator)
    z = torch.randn(6, generator=generator, dtype=torch.float64)
    return relative_gap(kernel(network, x, z), jacobian(network, x) @ jacobian(network, z).T)


def _brute(join, constant: float, bias: float):
    """The kernel neuron by neuron with the activity of a pair, the b₀ term and the bias term given."""

    def kernel(network: Network, x: Tensor, z: Tensor) -> Tensor:
        one, other = (network.w[:, None] * p + network.b[:, None] for p in (x, z))  # (H, N), (H, K)
        active = join(one[:, :, None] > 0, other[:, None, :] > 0)
        inner = network.v[:, None, None] ** 2 * (bias + x[:, None] * z)
        return constant + (active * (inner + one[:, :, None] * other[:, None, :])).sum(0)

    return kernel


kernel_form = Claim(
    label="thm-dyn-kernel",
    statement=r"$K(x, x') = 1 + \sum_i [\text{active at both}] \, "
    r"\bigl( v_i^2 (1 + x x') + w_i^2 (x - \beta_i)(x' - \beta_i) \bigr)$.",
    source="derived here; the slides split it into H' and G",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_kernel,
    formula=hinge_kernel.tangent_kernel,
    falsifiers={
        "without the 1 of $b_0$": _brute(torch.logical_and, 0.0, 1.0),
        "without the biases": _brute(torch.logical_and, 1.0, 0.0),
        "active at one of the two": _brute(torch.logical_or, 1.0, 1.0),
    },
)


def _drives_the_function(law, generator: Generator) -> float:
    network, x, y = problem(generator)
    z = x  # values on the data
    total = (network(x) - y).sum()

    def values(w, b, v):
        return torch.relu(w * z[:, None] + b) @ v

    measured = along_the_flow(network, x, y, values) - total  # b₀ moves too
    return relative_gap(law(network, x, network(x) - y), measured)


function_flow = Claim(
    label="thm-dyn-function",
    statement=r"$\dot f(x) = -\sum_n K(x, x_n) \, \varepsilon_n$.",
    source="slides, Dynamical Laws for the Function",
    method="exact identity",
    tolerance=EXACT,
    check=_drives_the_function,
    formula=lambda n, x, r: -hinge_kernel.apply_kernel(n, x, r),
    falsifiers={
        "a plus sign, as the slides have it": lambda n, x, r: hinge_kernel.apply_kernel(n, x, r),
        "output weights alone": lambda n, x, r: -(1 + hinge_kernel.kernel_parts(n, x, x).outer) @ r,
        "the slides' sum of two, without $b_0$": lambda n, x, r: r.sum() - hinge_kernel.apply_kernel(n, x, r),
    },
)


def _scales(law, generator: Generator) -> float:
    network, x, _ = problem(generator)
    alpha = 0.5 + 0.3 * float(torch.rand((), generator=generator))
    moved = Network(alpha * network.w, alpha * network.b, network.v / alpha, network.b0)
    return relative_gap(law(network, x, alpha), jacobian(moved, x) @ jacobian(moved, x).T)


def _two_parts(first: float, second: float):
    def law(network: Network, x: Tensor, alpha: float) -> Tensor:
        inner, outer = hinge_kernel.kernel_parts(network, x, x)
        return 1 + alpha**first * inner + alpha**second * outer

    return law


kernel_scaling = Claim(
    label="prop-dyn-kernel-scale",
    statement=r"Under rescaling $K = 1 + \alpha^{-2} K_{\text{in}} + \alpha^2 K_{\text{out}}$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_scales,
    formula=_two_parts(-2, 2),
    falsifiers={
        r"$\alpha^2$ for both": _two_parts(2, 2),
        r"$\alpha^{-1}$ and $\alpha$": _two_parts(-1, 1),
        "it stays, as the function does": _two_parts(0, 0),
    },
)


# Prefix sums


def _agrees_with_autograd(compute, generator: Generator) -> float:
    network, x, y = problem(generator, width=30, size=25)
    slopes = compute(network, x, y)
    found = torch.cat([slopes.w, slopes.b, slopes.v, slopes.b0[None]])
    w, b, v, b0 = autograd_gradient(network, x, y)
    return relative_gap(found, torch.cat([w, b, v, b0[None]]))


prefix_sums = Claim(
    label="thm-dyn-prefix",
    statement="On sorted data the gradient is a few running sums, computed in $O(H + N)$ once neurons are placed.",
    source="derived here",
    method="exact identity",
    tolerance=1e-11,
    check=_agrees_with_autograd,
    formula=lambda n, x, y: gradient(n, x, y)[1],
    falsifiers={
        "every neuron reads the sums as if it faced right": lambda n, x, y: gradient(
            Network(n.w.abs(), torch.sign(n.w) * n.b, n.v, n.b0), x, y
        )[1],
        "one point is missed": lambda n, x, y: gradient(n, x[1:], y[1:])[1],
        "the sum of $f(x_n) - y_n$ is left out of $b_0$": lambda n, x, y: replace(
            gradient(n, x, y)[1], b0=torch.zeros_like(n.b0)
        ),
    },
)
