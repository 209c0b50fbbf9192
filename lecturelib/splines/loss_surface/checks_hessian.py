"""Claims of the chapter `splines/loss_surface` on second derivatives, checked by automatic differentiation."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim, relative_gap
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.loss_surface.checks import SAHS
from lecturelib.splines.loss_surface.checks_critical import (
    autograd_jacobian,
    mixed,
    one_sided,
    spread_out,
    unflatten_unchecked,
)
from lecturelib.splines.loss_surface.hessian import (
    blocks,
    flatten,
    gram,
    gram_rank,
    hessian,
    measured_zeros,
    zero_count,
    zeros_off_critical,
)

EXACT = 1e-10


def autograd_hessian(network: Network, x: Tensor, y: Tensor) -> Tensor:
    """Second derivatives of the loss by automatic differentiation."""
    # reverse mode twice: forward mode, as in torch.func.hessian, loads parts of torch that warn
    slope = torch.func.grad(lambda p: 0.5 * (unflatten_unchecked(p, x) - y).square().sum())
    return torch.func.jacrev(slope)(flatten(network))


def _targets(generator: Generator, x: Tensor) -> Tensor:
    return torch.randn(x.shape, generator=generator, dtype=torch.float64)


def _is_autograd(formula, generator: Generator) -> float:
    network, x = mixed(generator)
    y = _targets(generator, x)
    return relative_gap(formula(network, x, y), autograd_hessian(network, x, y))


second = Claim(
    label="thm-loss-hessian",
    statement=r"The Hessian is the Gram matrix plus $\sum \varepsilon_n x_n$ at $(w_i, v_i)$ and "
    r"$\sum \varepsilon_n$ at $(b_i, v_i)$, "
    "summed over the active data of each neuron.",
    source=f"{SAHS}, section 2.4; slides, extra pages",
    method="exact identity",
    tolerance=EXACT,
    check=_is_autograd,
    formula=hessian,
    falsifiers={
        "the Gram matrix alone": lambda n, x, y: gram(n, x),
        "residual terms with the other sign": lambda n, x, y: 2 * gram(n, x) - hessian(n, x, y),
        "residual terms counted twice": lambda n, x, y: 2 * hessian(n, x, y) - gram(n, x),
    },
)


# When it is the Gram matrix


def residual_at_critical(network: Network, x: Tensor, columns: slice | Tensor, generator: Generator) -> Tensor:
    """A random residual that is orthogonal to the chosen derivatives of the network at x."""
    chosen = autograd_jacobian(network, x)[:, columns]
    left, sizes, _ = torch.linalg.svd(chosen)
    rest = left[:, int((sizes > 1e-9 * sizes[0]).sum()) :]
    return rest @ torch.randn(rest.shape[1], generator=generator, dtype=torch.float64)


def _is_gram(make, generator: Generator) -> float:
    network, x, r = make(generator)
    found = autograd_hessian(network, x, network(x) - r)
    derivatives = autograd_jacobian(network, x)
    return relative_gap(found, derivatives.T @ derivatives)


def _critical(generator: Generator) -> tuple[Network, Tensor, Tensor]:
    network, x = spread_out(generator)
    return network, x, residual_at_critical(network, x, slice(None), generator)


def critical_with_idle(generator: Generator) -> tuple[Network, Tensor, Tensor]:
    """A critical point at which one neuron has output weight 0 although it is active on some data."""
    network, x = spread_out(generator)
    network = Network(network.w, network.b, network.v * torch.tensor([1.0, 0.0, 1.0]), network.b0)
    return network, x, residual_at_critical(network, x, slice(None), generator)


def _fitted_slopes(generator: Generator) -> tuple[Network, Tensor, Tensor]:
    network, x = spread_out(generator)
    return network, x, residual_at_critical(network, x, slice(6, None), generator)


def _not_critical(generator: Generator) -> tuple[Network, Tensor, Tensor]:
    network, x = spread_out(generator)
    return network, x, _targets(generator, x)


is_gram = Claim(
    label="thm-loss-gram",
    statement=r"At a critical point with every $v_i \neq 0$ the Hessian is the Gram matrix, whatever the residuals.",
    source=f"{SAHS}, Theorem 5, without the condition",
    method="exact identity",
    tolerance=1e-8,
    check=_is_gram,
    formula=_critical,
    falsifiers={
        r"at every critical point, as the source has it (here one $v_i = 0$)": critical_with_idle,
        r"where the derivatives by $v_i$ and $b_0$ vanish": _fitted_slopes,
        "everywhere": _not_critical,
    },
)


def _acts_on_the_orbit(formula, generator: Generator) -> float:
    network, x = mixed(generator)
    y = _targets(generator, x)
    matrix = autograd_hessian(network, x, y)
    slope = torch.func.grad(lambda p: 0.5 * (unflatten_unchecked(p, x) - y).square().sum())(flatten(network))
    worst, width = 0.0, network.w.numel()
    dead = ((network.w[:, None] * x + network.b[:, None]) <= 0).all(1)
    for i in torch.nonzero(~dead).flatten().tolist():
        where = torch.tensor([i, width + i, 2 * width + i])
        along = torch.zeros_like(slope)
        along[where] = torch.stack([network.w[i], network.b[i], -network.v[i]])
        predicted = torch.zeros_like(slope)
        predicted[where] = formula(*slope[where])
        worst = max(worst, relative_gap(predicted, matrix @ along))
    return worst


orbit = Claim(
    label="prop-loss-orbit",
    statement=r"The Hessian takes the direction $(w_i, b_i, -v_i)$ of the symmetry to "
    r"$(-\partial_{w_i} \ell, -\partial_{b_i} \ell, \partial_{v_i} \ell)$.",
    source=f"derived here, for {SAHS}, Remark 2",
    method="exact identity",
    tolerance=EXACT,
    check=_acts_on_the_orbit,
    formula=lambda w, b, v: torch.stack([-w, -b, v]),
    falsifiers={
        "to 0 everywhere, as the source has it": lambda w, b, v: 0 * torch.stack([w, b, v]),
        "to minus the gradient": lambda w, b, v: -torch.stack([w, b, v]),
        "to its opposite": lambda w, b, v: torch.stack([w, b, -v]),
    },
)


# Ranks and zero eigenvalues


def _some(generator: Generator) -> tuple[Network, Tensor]:
    width, points = (int(size) for size in torch.randint(2, 9, (2,), generator=generator))
    return mixed(generator, width, points)


def _ranks(formula, generator: Generator) -> float:
    cases = [one_sided(generator), *(_some(generator) for _ in range(14))]
    wrong = 0
    for network, x in cases:
        sizes = torch.linalg.svdvals(autograd_jacobian(network, x))
        wrong += formula(network, x) != int((sizes > 1e-11 * sizes[0]).sum())
    return wrong / len(cases)


def _two_each(network: Network, x: Tensor) -> int:
    return int(blocks(network, x).bounds.diff().clamp(max=2).sum())


rank = Claim(
    label="thm-loss-rank",
    statement=r"With $v_i \neq 0$ for active neurons, the Gram matrix has rank $\sum_p \min(2, n_p)$, "
    r"or one less where $T$ is free.",
    source=f"derived here; {SAHS}, Corollary 3, has one case",
    method="exact identity",
    tolerance=0.0,
    check=_ranks,
    formula=gram_rank,
    falsifiers={
        "$N$": lambda network, x: len(x),
        r"$\min(N, 2 H + 1)$": lambda network, x: min(len(x), 2 * network.w.numel() + 1),
        r"$\sum_p \min(2, n_p)$ always": _two_each,
        r"$\sum_p \min(2, n_p) - 1$ always": lambda network, x: _two_each(network, x) - 1,
    },
)


def _zeros(formula, generator: Generator) -> float:
    wrong, draws = 0, 6
    for _ in range(draws):
        network, x = _some(generator)
        values = torch.linalg.eigvalsh(autograd_hessian(network, x, network(x))).abs()
        wrong += formula(network, x) != int((values <= 1e-13 * values.max()).sum())
    return wrong / draws


def _parts(*names: str):
    """Only some of the four kinds of zeros."""
    return lambda network, x: sum(getattr(zero_count(network, x), name) for name in names)


zeros = Claim(
    label="thm-loss-zeros",
    statement=r"Where the data are fitted, $H$ eigenvalues are 0 by symmetry, two more for each dead neuron, two for "
    "each repeated pattern, and $2P + 1 - \\text{rank}$ by the function.",
    source=f"derived here, for {SAHS}, Remark 2",
    method="exact identity",
    tolerance=0.0,
    check=_zeros,
    formula=lambda network, x: zero_count(network, x).total,
    falsifiers={
        r"$3 H + 1 - N$": lambda network, x: 3 * network.w.numel() + 1 - len(x),
        "by symmetry alone": _parts("scaling"),
        "without dead neurons": _parts("scaling", "shared", "function"),
        "without repeated patterns": _parts("scaling", "dead", "function"),
        "three more for each dead neuron": lambda network, x: (
            zero_count(network, x).total + zero_count(network, x).dead // 2
        ),
    },
)


def _zeros_anywhere(formula, generator: Generator) -> float:
    wrong, draws = 0, 8
    for _ in range(draws):
        network, x = mixed(generator, width=int(torch.randint(3, 15, (), generator=generator)), points=8)
        y = _targets(generator, x)
        wrong += formula(network, x, y) != measured_zeros(autograd_hessian(network, x, y), tolerance=1e-12)
    return wrong / draws


anywhere = Claim(
    label="prop-loss-off",
    statement=r"With $L$ live and $D$ dead neurons at least $L + 1 + 3D$ eigenvalues are 0, less the rank of "
    r"$\mathbf 1$ and the $v_i (P_i x_i - T_i \mathbf 1_i)$; at random points just as many.",
    source="derived here",
    method="exact identity",
    tolerance=0.0,
    check=_zeros_anywhere,
    formula=zeros_off_critical,
    falsifiers={
        "as many as at a critical point": lambda n, x, y: zero_count(n, x).total,
        "$H$": lambda n, x, y: n.w.numel(),
        "none": lambda n, x, y: 0,
    },
)
