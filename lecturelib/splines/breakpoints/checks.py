"""Claims of the chapter `splines/breakpoints`: the form of a network, its pieces, its symmetry."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import (
    Network,
    Pieces,
    Spline,
    balance,
    pieces,
    rescale,
    to_network,
    to_spline,
)

SAHS = "Sahs et al. 2022, section 2.1"
EXACT = 1e-11
X = torch.linspace(-6.0, 6.0, 481, dtype=torch.float64)


def draw(generator: Generator, width: int = 9) -> Network:
    """A network with standard normal weights: shape (width,)."""
    w, b, v = torch.randn(3, width, generator=generator, dtype=torch.float64)
    return Network(w, b, v, torch.randn((), generator=generator, dtype=torch.float64))


def _positive(generator: Generator, width: int) -> Tensor:
    return torch.exp(torch.randn(width, generator=generator, dtype=torch.float64))


# The form of a network as a spline


def _computes_the_same(form, generator: Generator) -> float:
    network = draw(generator)
    return relative_gap(form(network)(X), network(X))


spline_form = Claim(
    label="thm-spline-form",
    statement=r"A network is $b_0 + \sum_i \mu_i (x - \beta_i)$, summed over the neurons that are active at $x$.",
    source=f"{SAHS}, equation 2",
    method="exact identity",
    tolerance=EXACT,
    check=_computes_the_same,
    formula=to_spline,
    falsifiers={
        r"breakpoint at $+b_i/w_i$": lambda n: Spline(n.b / n.w, n.w * n.v, torch.sign(n.w), n.b0),
        r"delta-slope $v_i$": lambda n: Spline(-n.b / n.w, n.v, torch.sign(n.w), n.b0),
        r"delta-slope $\lvert w_i \rvert v_i$": lambda n: Spline(-n.b / n.w, n.w.abs() * n.v, torch.sign(n.w), n.b0),
        "every neuron active to the right": lambda n: Spline(-n.b / n.w, n.w * n.v, torch.ones_like(n.w), n.b0),
    },
)


# Its pieces


def _same_pieces(cut, generator: Generator) -> float:
    spline = to_spline(draw(generator))
    return relative_gap(cut(spline)(X), spline(X))


def _jumps_without_orientation(spline: Spline) -> Pieces:
    found = pieces(spline)
    knots, slopes, intercepts = found.knots, found.slopes, found.intercepts
    order = torch.argsort(spline.breakpoints)
    wrong = torch.cumsum((spline.delta_slopes - spline.slope_jumps)[order], 0)
    return Pieces(knots, torch.cat([slopes[:1], slopes[1:] + wrong]), intercepts)


def _wrong_side(spline: Spline) -> Pieces:
    found = pieces(spline)
    knots, slopes, intercepts = found.knots, found.slopes, found.intercepts
    right = spline.delta_slopes * spline.orientations
    return Pieces(knots, slopes + right.sum(), intercepts)


pieces_from_left_to_right = Claim(
    label="thm-pieces",
    statement=r"The leftmost slope is $\sum_{s_i = -1} \mu_i$; across breakpoint $i$ the slope changes by $s_i \mu_i$.",
    source=f"{SAHS}; the pieces are derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_same_pieces,
    formula=pieces,
    falsifiers={
        r"the slope changes by $\mu_i$": _jumps_without_orientation,
        "the leftmost slope counts the neurons that face right": _wrong_side,
        "a knot leaves the intercept as it is": lambda s: replace(
            pieces(s), intercepts=pieces(s).intercepts[:1].expand(s.breakpoints.numel() + 1)
        ),
    },
)


def _line_and_hinges(spline: Spline, *, slope: float = 1.0, jumps: bool = True, height: float = 1.0) -> Tensor:
    """The line of the leftmost piece and a hinge to the right for every breakpoint, at X."""
    found = pieces(spline)
    slopes, intercepts = found.slopes, found.intercepts
    weights = spline.slope_jumps if jumps else spline.delta_slopes
    return slope * slopes[0] * X + height * intercepts[0] + weights @ torch.relu(X - spline.breakpoints[:, None])


def _is_the_spline(form, generator: Generator) -> float:
    spline = to_spline(draw(generator))
    return relative_gap(form(spline), spline(X))


truncated_powers = Claim(
    label="cor-pieces-hinges",
    statement=r"$f(x) = m_0 x + \gamma_0 + \sum_i s_i \mu_i (x - \beta_i)_+$.",
    source=f"{SAHS}, on traditional splines",
    method="exact identity",
    tolerance=EXACT,
    check=_is_the_spline,
    formula=_line_and_hinges,
    falsifiers={
        r"hinges with $\mu_i$": lambda s: _line_and_hinges(s, jumps=False),
        r"no slope $m_0$, as if all neurons faced right": lambda s: _line_and_hinges(s, slope=0.0),
        r"$b_0$ in place of $\gamma_0$": lambda s: _line_and_hinges(s, height=0.0) + s.b0,
    },
)


# The scaling symmetry


def _moves_and_keeps_the_function(move, generator: Generator) -> float:
    network = draw(generator)
    alpha = _positive(generator, network.w.numel())
    return relative_gap(move(network, alpha)(X), network(X))


scaling = Claim(
    label="prop-scaling",
    statement=r"$(w_i, b_i, v_i) \mapsto (\alpha_i w_i, \alpha_i b_i, v_i / \alpha_i)$, $\alpha_i > 0$, keeps $f$.",
    source=SAHS,
    method="exact identity",
    tolerance=EXACT,
    check=_moves_and_keeps_the_function,
    formula=rescale,
    falsifiers={
        r"with $\alpha_i < 0$": lambda n, a: Network(-a * n.w, -a * n.b, -n.v / a, n.b0),
        r"$v_i$ stays": lambda n, a: Network(a * n.w, a * n.b, n.v, n.b0),
        r"$b_i$ stays": lambda n, a: Network(a * n.w, n.b, n.v / a, n.b0),
        r"$v_i$ is multiplied too": lambda n, a: Network(a * n.w, a * n.b, n.v * a, n.b0),
    },
)


def _does_not_change_on_the_orbit(invariants, generator: Generator) -> float:
    network = draw(generator)
    moved = rescale(network, _positive(generator, network.w.numel()))
    return relative_gap(invariants(moved), invariants(network))


invariants = Claim(
    label="thm-quotient",
    statement=r"$\beta_i = -b_i/w_i$, $\mu_i = w_i v_i$, $s_i = \operatorname{sign} w_i$ are constant on an orbit.",
    source=SAHS,
    method="exact identity",
    tolerance=EXACT,
    check=_does_not_change_on_the_orbit,
    formula=lambda n: torch.stack([to_spline(n).breakpoints, to_spline(n).delta_slopes, to_spline(n).orientations]),
    falsifiers={
        r"$w_i / v_i$ is kept": lambda n: n.w / n.v,
        r"$b_i$ is kept": lambda n: n.b,
        r"$w_i^2 + b_i^2 + v_i^2$ is kept": lambda n: n.w**2 + n.b**2 + n.v**2,
        r"$w_i^2 + b_i^2 - v_i^2$ is kept": lambda n: n.w**2 + n.b**2 - n.v**2,
    },
)


def _leads_from_one_to_the_other(alpha, generator: Generator) -> float:
    spline = to_spline(draw(generator))
    width = spline.breakpoints.numel()
    one, other = (to_network(spline, _positive(generator, width)) for _ in range(2))
    moved = rescale(one, alpha(one, other))
    return max(relative_gap(getattr(moved, name), getattr(other, name)) for name in ("w", "b", "v"))


orbits = Claim(
    label="thm-orbits",
    statement=r"Networks with the same $(\beta_i, \mu_i, s_i)$ lie on one orbit, "
    r"$\alpha_i = \lvert w_i' / w_i \rvert$ apart.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_leads_from_one_to_the_other,
    formula=lambda one, other: (other.w / one.w).abs(),
    falsifiers={
        "the other way round": lambda one, other: (one.w / other.w).abs(),
        r"$\lvert v_i' / v_i \rvert$": lambda one, other: (other.v / one.v).abs(),
        "its square root": lambda one, other: (other.w / one.w).abs().sqrt(),
    },
)


def _norms(network: Network) -> Tensor:
    return network.w**2 + network.b**2 + network.v**2


def _has_least_norm(point, generator: Generator) -> float:
    network = draw(generator)
    low, high = torch.full((2, network.w.numel()), 12.0, dtype=torch.float64) * torch.tensor([[-1.0], [1.0]])
    for _ in range(90):  # the norm is convex in log α, so a third of the interval can go
        first, second = low + (high - low) / 3, high - (high - low) / 3
        left = _norms(rescale(network, first.exp())) < _norms(rescale(network, second.exp()))
        low, high = torch.where(left, low, first), torch.where(left, second, high)
    return relative_gap(_norms(point(network)), _norms(rescale(network, low.exp())))


least_norm = Claim(
    label="prop-least-norm",
    statement=r"The point of least norm on an orbit has $v_i^2 = w_i^2 + b_i^2$ "
    r"and squared norm $2 \lvert v_i \rvert \sqrt{w_i^2 + b_i^2}$.",
    source="derived here",
    method="exact identity",
    tolerance=1e-9,
    check=_has_least_norm,
    formula=balance,
    falsifiers={
        "without the square root in α": lambda n: rescale(n, n.v.abs() / torch.hypot(n.w, n.b)),
        r"$v_i^2 = w_i^2$": lambda n: rescale(n, (n.v.abs() / n.w.abs()).sqrt()),
        r"$v_i^2 = 2 (w_i^2 + b_i^2)$": lambda n: rescale(balance(n), 2**-0.25),
    },
)


def _vanishes_for_every_loss(combination, generator: Generator) -> float:
    network = draw(generator)
    leaves = [part.clone().requires_grad_() for part in (network.w, network.b, network.v)]
    target = torch.randn(X.shape, generator=generator, dtype=torch.float64)
    (torch.relu(leaves[0][:, None] * X + leaves[1][:, None]).T @ leaves[2] - target).abs().pow(1.5).sum().backward()
    terms = [leaf.detach() * leaf.grad for leaf in leaves]
    size = max(float(term.abs().max()) for term in terms)
    return float(combination(*terms).abs().max()) / size


gradient_across = Claim(
    label="prop-gradient",
    statement=r"For every loss of $f$: $w_i \partial_{w_i} \ell + b_i \partial_{b_i} \ell = v_i \partial_{v_i} \ell$.",
    source="derived here",
    method="exact identity",
    tolerance=EXACT,
    check=_vanishes_for_every_loss,
    formula=lambda w, b, v: w + b - v,
    falsifiers={
        "a plus sign on the right": lambda w, b, v: w + b + v,
        "without the bias": lambda w, b, v: w - v,
    },
)
