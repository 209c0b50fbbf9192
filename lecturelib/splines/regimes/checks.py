"""Claims of the chapter `splines/regimes`: what moves at which scale, and where training ends."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network, rescale, to_spline
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.regimes.flows import evenly_spread, features, kernel_flow, limit_flow, orbit_speeds, stable_rate
from lecturelib.splines.training.descend import Trajectory, descend

SAHS = "Sahs et al. 2022"
X = torch.linspace(-1, 1, 5, dtype=torch.float64)


def _draw(generator: Generator, width: int = 20) -> tuple[Network, Tensor]:
    """A start with breakpoints uniform on the data's range, and random targets at X."""
    network = initialize(width, "uniform_breakpoints", generator=generator)
    return network, torch.randn(5, generator=generator, dtype=torch.float64)


# The speeds on the orbit


def _moves_at_these_speeds(predict, generator: Generator) -> float:
    """Against automatic differentiation of the loss, carried to β and μ by a difference quotient."""
    network, y = _draw(generator)
    alpha = float(torch.exp(torch.rand((), generator=generator)))
    moved = rescale(network, alpha)
    parameters = [p.clone().requires_grad_() for p in (moved.w, moved.b, moved.v, moved.b0)]
    loss = 0.5 * (Network(*parameters)(X) - y).square().sum()
    velocity = torch.autograd.grad(loss, parameters)
    step = 1e-6
    ahead, behind = (
        to_spline(Network(*(p.detach() - sign * step * d for p, d in zip(parameters, velocity, strict=True))))
        for sign in (1, -1)
    )
    names = ("breakpoints", "delta_slopes", "b0")
    found = [(getattr(ahead, name) - getattr(behind, name)).reshape(-1) / (2 * step) for name in names]
    return max(relative_gap(p.reshape(-1), q) for p, q in zip(predict(network, y, alpha), found, strict=True))


def _speeds(network: Network, y: Tensor, alpha: float, powers=(-2, 2, -2, 0)) -> tuple[Tensor, Tensor, Tensor]:
    one = orbit_speeds(network, X, y)
    beta, by_v, by_w, b0 = (
        alpha**power * part
        for power, part in zip(powers, (one.breakpoints, one.through_v, one.through_w, one.b0), strict=True)
    )
    return beta, by_v + by_w, b0


speeds_on_the_orbit = Claim(
    label="prop-reg-speeds",
    statement=r"$\dot\beta \propto \alpha^{-2}$, $\dot\mu = \alpha^2 (\dots) + \alpha^{-2} (\dots)$, $\dot b_0$ stays.",
    source=f"{SAHS}, section 2.5.1",
    method="exact identity",
    tolerance=1e-6,
    check=_moves_at_these_speeds,
    formula=_speeds,
    falsifiers={
        r"$\dot\mu$ scales with $\alpha^2$ as a whole": lambda n, y, a: _speeds(n, y, a, (-2, 2, 2, 0)),
        r"$\dot\beta$ stays": lambda n, y, a: _speeds(n, y, a, (0, 2, -2, 0)),
        r"$\dot b_0$ scales with $\alpha^2$": lambda n, y, a: _speeds(n, y, a, (-2, 2, -2, 2)),
        r"$\dot\mu$ scales with $\alpha$": lambda n, y, a: _speeds(n, y, a, (-2, 1, -1, 0)),
    },
)


# Both ends of the scale


def _trained(generator: Generator, first: float, time: int) -> tuple[Network, Trajectory]:
    """The same start at α = first and 2·first, trained by small steps for the same α^{±2} × time: shape (2, H)."""
    network, y = _draw(generator)
    alpha = torch.tensor([[first], [2 * first]], dtype=torch.float64)
    start = Network(alpha * network.w, alpha * network.b, network.v / alpha, torch.zeros(2))
    slower = torch.tensor([1.0, 0.25 if time > 0 else 4.0], dtype=torch.float64)
    small = torch.tensor([0, 1])[int(time < 0)]
    rate = stable_rate(start, X, y)[small] / slower[small] * slower
    return start, descend(start, X, y, steps=2000, learning_rate=rate)


def _exponents(generator: Generator, first: float, time: int) -> Tensor:
    """Powers of α with which β, μ, v/v(0)-scale, relative to the orbit, and b₀ have moved at the end."""
    start, run = _trained(generator, first, time)
    before, after = to_spline(start), to_spline(run.final)
    alpha = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    moved = (
        after.breakpoints - before.breakpoints,
        after.delta_slopes - before.delta_slopes,
        (run.final.v - start.v) * alpha,
        run.final.b0[:, None],
    )
    return torch.stack([torch.log2(part[1].norm() / part[0].norm()) for part in moved])


def _large(powers, generator: Generator) -> float:
    return float((_exponents(generator, 10.0, 1) - torch.tensor(powers, dtype=torch.float64)).abs().max())


kernel_limit = Claim(
    label="thm-reg-kernel",
    statement=r"As $\alpha \to \infty$, training moves $\beta_i$ by $O(\alpha^{-4})$, $b_0$ by $O(\alpha^{-2})$ "
    r"and $\mu_i$ by $O(1)$.",
    source=f"{SAHS}, Lemma 2, without rates",
    method="experiment",
    tolerance=0.15,
    check=_large,
    formula=(-4, 0, 0, -2),
    falsifiers={
        r"$\beta$ moves by $\alpha^{-2}$, as its first speed": (-2, 0, 0, -2),
        r"$\mu$ moves by $\alpha^2$, as its first speed": (-4, 2, 2, -2),
        r"$b_0$ does as $\mu$": (-4, 0, 0, 0),
        r"$b_0$ does as $\beta$": (-4, 0, 0, -4),
    },
)


def _small(powers, generator: Generator) -> float:
    return float((_exponents(generator, 0.01, -1) - torch.tensor(powers, dtype=torch.float64)).abs().max())


adaptive_limit = Claim(
    label="thm-reg-adaptive",
    statement=r"As $\alpha \to 0$ with $v_i \neq 0$, both $\beta_i$ and $\mu_i$ move by $O(1)$, and $v_i$ by a part "
    r"$O(\alpha^4)$ of itself.",
    source=f"derived here; {SAHS}, section 2.6, says otherwise",
    method="experiment",
    tolerance=0.4,
    check=_small,
    formula=(0, 0, 4, 2),
    falsifiers={
        r"delta-slopes move very little": (0, 4, 4, 2),
        r"$v$ moves as much as $w$": (0, 0, 0, 2),
        r"breakpoints stop": (4, 0, 4, 2),
    },
)


# Where it ends


def _ends_there(predict, generator: Generator) -> float:
    """Against a run at α = 100: largest distance of a delta-slope, relative to the largest."""
    network, y = _draw(generator, 12)
    start = rescale(network, 100.0)
    rate = stable_rate(start, X, y)
    run = descend(start, X, y, steps=60_000, learning_rate=rate, optimizer="momentum")
    if float(run.losses[-1]) > 1e-9 * float(y.square().sum()):
        return float("inf")
    found = to_spline(run.final).delta_slopes
    return float((predict(start, y) - found).abs().max() / found.abs().max())


def _least(network: Network, y: Tensor, power: int = 1, forget: bool = False) -> Tensor:
    """The interpolating delta-slopes of least Σ (μ − μ₀)² / |w|^{2 power}."""
    spline, phi = to_spline(network), features(network, X)
    weight = network.w.abs() ** (power - 1)
    start = torch.zeros_like(network.v) if forget else network.v / weight
    scaled = phi * weight
    change = torch.linalg.pinv(scaled) @ (y - network.b0 - scaled @ start)
    return network.w * weight * (start + change) + 0 * spline.delta_slopes


least_change = Claim(
    label="thm-reg-least-change",
    statement=r"In the kernel limit training ends at the interpolating $\mu$ of least "
    r"$\sum_i (\mu_i - \mu_i(0))^2 / w_i(0)^2$.",
    source=f"{SAHS}, Theorem 7, where $w_i^2$ is missing",
    method="experiment",
    tolerance=0.01,
    check=_ends_there,
    formula=lambda network, y: to_spline(kernel_flow(network, X, y)).delta_slopes,
    falsifiers={
        r"least $\sum (\mu_i - \mu_i(0))^2$": lambda n, y: _least(n, y, 0),
        r"least $\sum w_i^2 (\mu_i - \mu_i(0))^2$": lambda n, y: _least(n, y, -1),
        r"least $\sum \mu_i^2 / w_i^2$, whatever the start": lambda n, y: _least(n, y, 1, forget=True),
    },
)


# The partial differential equation

HALF, PLACES, STRENGTH = 1.5, 100, 30.0


def _bends_like_this(predict, generator: Generator) -> float:
    """Slope jumps per unit length of a network of 200 neurons, at three times of its training."""
    y = torch.randn(5, generator=generator, dtype=torch.float64)
    network = rescale(evenly_spread(PLACES, HALF), STRENGTH)
    rate = stable_rate(network, X, y, safety=0.02)
    run = descend(network, X, y, steps=3000, learning_rate=rate, record_every=1000)
    spline = to_spline(run.networks)
    spacing = 2 * HALF / PLACES
    found = (spline.slope_jumps[:, :PLACES] + spline.slope_jumps[:, PLACES:])[1:] / spacing
    time = run.steps[1:] * float(rate) * STRENGTH**2 / spacing
    gap = (predict(y, time, spline.breakpoints[0, :PLACES]) - found).abs().amax(1) / found.abs().amax(1)
    return float(gap.max())


def _sourced(y: Tensor, time: Tensor, beta: Tensor) -> Tensor:
    return limit_flow(X, y, HALF, time).curvature(beta)


def _both_added(y: Tensor, time: Tensor, beta: Tensor) -> Tensor:
    """μ(β, +) + μ(β, −) in place of the difference: Σ λ_n (x_n − β)."""
    return limit_flow(X, y, HALF, time).weights @ (X[:, None] - beta)


def _right_alone(y: Tensor, time: Tensor, beta: Tensor) -> Tensor:
    return limit_flow(X, y, HALF, time).weights @ torch.relu(X[:, None] - beta)


heat = Claim(
    label="thm-reg-pde",
    statement=r"$\partial_t f''(x, t) = -\sum_n \lvert x - x_n \rvert\, \varepsilon_n(t)$ "
    r"with $\dot\varepsilon = -K\varepsilon$.",
    source=f"{SAHS}, section 2.6.2, with another sign",
    method="experiment",
    tolerance=0.03,
    check=_bends_like_this,
    formula=_sourced,
    falsifiers={
        r"$f'' = \mu(x, +) + \mu(x, -)$": _both_added,
        "neurons that face right alone": _right_alone,
        "the opposite sign": lambda y, time, beta: -_sourced(y, time, beta),
        "twice as fast": lambda y, time, beta: _sourced(y, 2 * time, beta),
    },
)
