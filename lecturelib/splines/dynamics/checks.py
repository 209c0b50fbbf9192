"""Claims of the chapter `splines/dynamics`: gradient, laws of motion, what they conserve, what scaling does."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network, Spline, rescale, to_spline
from lecturelib.splines.dynamics import motion
from lecturelib.splines.dynamics.motion import Moments, Speeds
from lecturelib.splines.initialization.starts import initialize
from lecturelib.splines.training.descend import descend

SAHS = "Sahs et al. 2022, section 2.5"
EXACT = 1e-9  # a small w makes large speeds, and rounding errors of their size


def problem(generator: Generator, width: int = 9, size: int = 14) -> tuple[Network, Tensor, Tensor]:
    """A network with |w| away from 0, unsorted points, some of them twice, and targets."""
    w, b, v = torch.randn(3, width, generator=generator, dtype=torch.float64)
    w = torch.sign(w) * (0.3 + w.abs())
    x, y = torch.randn(2, size, generator=generator, dtype=torch.float64)
    x[-2:] = x[:2]
    return Network(w, b, v, torch.randn((), generator=generator, dtype=torch.float64)), x, y


def _leaves(network: Network) -> list[Tensor]:
    return [part.clone().requires_grad_() for part in (network.w, network.b, network.v, network.b0)]


def _function(w, b, v, b0, x) -> Tensor:
    return torch.relu(w * x[:, None] + b) @ v + b0


def autograd_gradient(network: Network, x, y) -> tuple[Tensor, ...]:
    """∂ℓ by w, b, v, b₀ from automatic differentiation of the network as written."""
    leaves = _leaves(network)
    loss = 0.5 * (_function(*leaves, x) - y).square().sum()
    return torch.autograd.grad(loss, leaves)


def along_the_flow(network: Network, x, y, what) -> Tensor:
    """d/dt of what(w, b, v) when (w, b, v) follow minus the gradient, all by automatic differentiation."""
    down = tuple(-part for part in autograd_gradient(network, x, y)[:3])
    return torch.autograd.functional.jvp(what, (network.w, network.b, network.v), down)[1]


def _spline_numbers(w, b, v) -> Tensor:
    return torch.cat([-b / w, w * v])


# The gradient in terms of the spline


def _is_the_gradient(formula, generator: Generator) -> float:
    network, x, y = problem(generator)
    found = torch.cat(formula(network, motion.moments(network, x, y)))
    return relative_gap(found, torch.cat(autograd_gradient(network, x, y)[:3]))


def _gradient(network: Network, at: Moments) -> tuple[Tensor, ...]:
    beta = to_spline(network).breakpoints
    return network.v * at.tilt, network.v * at.pull, network.w * (at.tilt - beta * at.pull)


gradient_in_spline_terms = Claim(
    label="prop-dyn-gradient",
    statement=r"$\partial_{w_i} \ell = v_i T_i$, $\partial_{b_i} \ell = v_i P_i$, "
    r"$\partial_{v_i} \ell = w_i (T_i - \beta_i P_i)$.",
    source="Sahs et al. 2022, section 2.4",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_gradient,
    formula=_gradient,
    falsifiers={
        r"$\partial_v = w (T + \beta P)$": lambda n, m: (
            *_gradient(n, m)[:2],
            n.w * (m.tilt + to_spline(n).breakpoints * m.pull),
        ),
        "pull and tilt exchanged": lambda n, m: _gradient(n, Moments(m.tilt, m.pull)),
        "without the factor $v$": lambda n, m: (m.tilt, m.pull, _gradient(n, m)[2]),
    },
)


# The laws of motion


def _moves_the_spline(law, generator: Generator) -> float:
    network, x, y = problem(generator)
    found = torch.cat(law(network, motion.moments(network, x, y), (network(x) - y).sum()))
    return relative_gap(found, along_the_flow(network, x, y, _spline_numbers))


def _law(network: Network, at: Moments, _total) -> Speeds:
    return motion.speeds(network, at)


def _minus_gradient(network: Network, at: Moments, _total) -> Speeds:
    return Speeds(*(-part for part in motion.spline_gradient(to_spline(network), at)))


laws_of_motion = Claim(
    label="thm-dyn-laws",
    statement=r"$\dot\beta_i = \frac{v_i}{w_i} (P_i + \beta_i T_i)$ and "
    r"$\dot\mu_i = -(v_i^2 + w_i^2) T_i - w_i b_i P_i$.",
    source=f"{SAHS}, theorem 6",
    method="exact identity",
    tolerance=EXACT,
    check=_moves_the_spline,
    formula=_law,
    falsifiers={
        r"$\dot\beta = -\partial_\beta \ell$, $\dot\mu = -\partial_\mu \ell$, as the slides add": _minus_gradient,
        "residuals of all points in place of $P_i$, as one slide has it": lambda n, m, total: motion.speeds(
            n, Moments(total.expand_as(m.pull), m.tilt)
        ),
        r"$w_i/w_i$ in place of $v_i/w_i$, as another has it": lambda n, m, total: Speeds(
            n.w / n.v * motion.speeds(n, m).breakpoints, motion.speeds(n, m).delta_slopes
        ),
        r"residuals $y - f$": lambda n, m, total: motion.speeds(n, Moments(-m.pull, -m.tilt)),
        r"$+ w_i b_i P_i$": lambda n, m, total: Speeds(
            motion.speeds(n, m).breakpoints, -(n.v**2 + n.w**2) * m.tilt + n.w * n.b * m.pull
        ),
        r"$P_i - \beta_i T_i$": lambda n, m, total: Speeds(
            n.v / n.w * (m.pull + n.b / n.w * m.tilt), motion.speeds(n, m).delta_slopes
        ),
    },
)


def _metric_times_gradient(metric, generator: Generator) -> float:
    network, x, y = problem(generator)
    by = motion.spline_gradient(to_spline(network), motion.moments(network, x, y))
    found = -(metric(network) @ torch.stack(by, -1)[..., None])[..., 0]
    return relative_gap(found.T.flatten(), along_the_flow(network, x, y, _spline_numbers))


preconditioned = Claim(
    label="prop-dyn-metric",
    statement=r"$(\dot\beta_i, \dot\mu_i) = -G_i \, (\partial_{\beta_i} \ell, \partial_{\mu_i} \ell)$ with "
    r"$G_i = J_i J_i^\top$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_metric_times_gradient,
    formula=motion.metric,
    falsifiers={
        "$G_i$ the identity": lambda n: torch.eye(2, dtype=torch.float64).expand(n.w.numel(), 2, 2),
        "$G_i$ diagonal": lambda n: torch.diag_embed(torch.diagonal(motion.metric(n), dim1=-2, dim2=-1)),
        r"off the diagonal $+\beta v/w$": lambda n: (
            motion.metric(n) * torch.tensor([[1.0, -1.0], [-1.0, 1.0]], dtype=torch.float64)
        ),
    },
)


# What is conserved


def _stays(quantity, generator: Generator) -> float:
    network, x, y = problem(generator)
    speed = along_the_flow(network, x, y, quantity)
    size = along_the_flow(network, x, y, lambda w, b, v: w**2).abs().max()
    return float(speed.abs().max() / size)


conserved = Claim(
    label="thm-dyn-conserved",
    statement="Gradient flow conserves $q_i = w_i^2 + b_i^2 - v_i^2$ of every neuron.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_stays,
    formula=lambda w, b, v: w**2 + b**2 - v**2,
    falsifiers={
        "$w^2 - v^2$, without the bias": lambda w, b, v: w**2 - v**2,
        "$w^2 + b^2 + v^2$": lambda w, b, v: w**2 + b**2 + v**2,
        "$w^2 + b^2 - 2 v^2$": lambda w, b, v: w**2 + b**2 - 2 * v**2,
        r"the delta-slope $w v$": lambda w, b, v: w * v,
    },
)


def _after_a_step(change, generator: Generator) -> float:
    network, x, y = problem(generator)
    rate = 0.01 + 0.05 * float(torch.rand((), generator=generator))
    after = descend(network, x, y, steps=1, learning_rate=rate).final
    before = [part**2 for part in (network.w, network.b, network.v)]
    now = [part**2 for part in (after.w, after.b, after.v)]
    measured = (now[0] - before[0]) + (now[1] - before[1]) - (now[2] - before[2])
    found = change(autograd_gradient(network, x, y), rate)
    return float((found - measured).abs().max() / measured.abs().max())


leaks = Claim(
    label="prop-dyn-leak",
    statement=r"A step of gradient descent changes $q_i$ by $\eta^2 \bigl((\partial_{w_i} \ell)^2 + "
    r"(\partial_{b_i} \ell)^2 - (\partial_{v_i} \ell)^2\bigr)$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_after_a_step,
    formula=lambda g, rate: rate**2 * (g[0] ** 2 + g[1] ** 2 - g[2] ** 2),
    falsifiers={
        r"by $\eta$ times that": lambda g, rate: rate * (g[0] ** 2 + g[1] ** 2 - g[2] ** 2),
        "a plus before the last": lambda g, rate: rate**2 * (g[0] ** 2 + g[1] ** 2 + g[2] ** 2),
        "not at all": lambda g, rate: 0 * g[0],
    },
)


def _never_turns(rule, generator: Generator) -> float:
    """The largest share, over both parts of the rule, of its neurons that break it while they train."""
    start = initialize(20, "he", generator=generator, ensemble=(25,))
    start = replace(start, v=3 * start.v)
    x = torch.linspace(-2, 2, 12, dtype=torch.float64)
    record = descend(start, x, 3 * torch.sin(3 * x), steps=2000, learning_rate=4e-4, record_every=50)
    q = motion.imbalance(start)
    fixed_v = (torch.sign(record.networks.v) == torch.sign(start.v)).all(0)
    length = torch.hypot(record.networks.w, record.networks.b).amin(0)
    never_zero = length >= 0.98 * torch.sqrt(q.clamp(min=0))
    negative, positive = q < -0.05, q > 0.05
    return rule(negative, positive, fixed_v, never_zero)


def _broken(which: Tensor, kept: Tensor) -> float:
    return float((which & ~kept).sum() / which.sum())


barriers = Claim(
    label="prop-dyn-barriers",
    statement=r"If $q_i < 0$, the output weight never changes sign; if $q_i > 0$, $w_i^2 + b_i^2 \ge q_i$ always.",
    source="derived here",
    method="experiment",
    tolerance=0.0,
    check=_never_turns,
    formula=lambda low, high, kept, away: max(_broken(low, kept), _broken(high, away)),
    falsifiers={
        "the output weight never changes sign where $q_i > 0$": lambda low, high, kept, away: _broken(high, kept),
        "no output weight ever changes sign": lambda low, high, kept, away: _broken(low | high, kept),
    },
)


# The laws without weights


def _closes(law, generator: Generator) -> float:
    network, x, y = problem(generator)
    spline, q = to_spline(network), motion.imbalance(network)
    found = torch.cat(law(spline, q, motion.moments(network, x, y)))
    return relative_gap(found, along_the_flow(network, x, y, _spline_numbers))


def _with_square(square):
    def law(spline: Spline, q: Tensor, at: Moments) -> Speeds:
        w2 = square(spline, q)
        beta, mu = spline.breakpoints, spline.delta_slopes
        falls = mu**2 / w2 * at.tilt + w2 * (at.tilt - beta * at.pull)
        return Speeds(mu / w2 * (at.pull + beta * at.tilt), -falls)

    return law


closed = Claim(
    label="thm-dyn-closed",
    statement=r"With $w_i^2 = \bigl(q_i + \sqrt{q_i^2 + 4(1 + \beta_i^2)\mu_i^2}\bigr) / (2 (1 + \beta_i^2))$ the laws "
    r"of motion hold in $\beta$, $\mu$ and the constants $q$ alone.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_closes,
    formula=motion.closed_speeds,
    falsifiers={
        "balanced neurons, $q = 0$": lambda s, q, m: motion.closed_speeds(s, 0 * q, m),
        r"$w^2 - v^2$ in place of $q$": _with_square(lambda s, q: (q + torch.sqrt(q**2 + 4 * s.delta_slopes**2)) / 2),
        "the sign of $q$ turned": lambda s, q, m: motion.closed_speeds(s, -q, m),
        "$w^2 = 1$": _with_square(lambda s, q: torch.ones_like(q)),
    },
)


# What the scale of the start changes


def _speeds_after_scaling(law, generator: Generator) -> float:
    network, x, y = problem(generator)
    alpha = float(torch.exp(torch.randn((), generator=generator).clamp(-1, 1)))
    alpha = alpha if abs(alpha - 1) > 0.2 else 1.5
    found = torch.cat(law(network, motion.moments(network, x, y), alpha))
    return relative_gap(found, along_the_flow(rescale(network, alpha), x, y, _spline_numbers))


def _powers(first: float, second: float):
    def law(network: Network, at: Moments, alpha: float) -> Speeds:
        now = motion.speeds(network, at)
        return Speeds(alpha**first * now.breakpoints, alpha**second * now.delta_slopes)

    return law


scaling_of_speeds = Claim(
    label="prop-dyn-scale",
    statement=r"At $(\alpha w, \alpha b, v/\alpha)$ breakpoints move at $\alpha^{-2} \dot\beta_i$, delta-slopes at "
    r"$-\alpha^{-2} v_i^2 T_i - \alpha^2 w_i^2 (T_i - \beta_i P_i)$.",
    source=f"{SAHS}.1, which says approximately",
    method="exact identity",
    tolerance=EXACT,
    check=_speeds_after_scaling,
    formula=motion.scaled_speeds,
    falsifiers={
        r"$\dot\mu$ grows as $\alpha^2$, as the source has it": _powers(-2, 2),
        r"$\dot\beta$ falls as $1/\alpha$": lambda n, m, a: Speeds(
            a * motion.scaled_speeds(n, m, a).breakpoints, motion.scaled_speeds(n, m, a).delta_slopes
        ),
        "both stay": _powers(0, 0),
    },
)
