"""Claims of the chapter `splines/loss_surface`: critical points of the loss."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from lecturelib.core.old_claims import Claim
from lecturelib.splines.breakpoints.network import Network, Spline, to_network
from lecturelib.splines.loss_surface.checks import SAHS
from lecturelib.splines.loss_surface.hessian import blocks, critical_residuals, flatten


def autograd_jacobian(network: Network, x: Tensor) -> Tensor:
    """Derivatives of f(x_n) by all parameters by automatic differentiation: (N, 3 H + 1)."""
    return torch.func.jacrev(lambda parameters: unflatten_unchecked(parameters, x))(flatten(network))


def unflatten_unchecked(parameters: Tensor, x: Tensor) -> Tensor:
    """Outputs at x from all parameters in a row, written so that torch can transform it."""
    width = (parameters.numel() - 1) // 3
    w, b, v = parameters[:width], parameters[width : 2 * width], parameters[2 * width : -1]
    return v @ torch.relu(w[:, None] * x + b[:, None]) + parameters[-1]


def one_sided(generator: Generator) -> tuple[Network, Tensor]:
    """A network whose neurons all face right and none is active on all data, with two data or more in each piece."""
    x = torch.sort(torch.rand(12, generator=generator, dtype=torch.float64))[0]
    beta = (x[[2, 5, 8]] + x[[3, 6, 9]]) / 2
    mu = 0.5 + torch.rand(3, generator=generator, dtype=torch.float64)
    return to_network(Spline(beta, mu, torch.ones(3), 0.1), 0.7), x


def spread_out(generator: Generator) -> tuple[Network, Tensor]:
    """A network of three neurons that cut twelve points into four times three; their facings are drawn."""
    x = torch.sort(torch.rand(12, generator=generator, dtype=torch.float64))[0]
    beta = (x[[2, 5, 8]] + x[[3, 6, 9]]) / 2
    mu = 0.5 + torch.rand(3, generator=generator, dtype=torch.float64)
    sides = 2.0 * torch.randint(0, 2, (3,), generator=generator) - 1
    return to_network(Spline(beta, mu, sides, 0.1), 0.7), x


def mixed(generator: Generator, width: int = 5, points: int = 12) -> tuple[Network, Tensor]:
    """A network with Gaussian weights and points from a Gaussian."""
    w, b, v = torch.randn(3, width, generator=generator, dtype=torch.float64)
    x = torch.sort(torch.randn(points, generator=generator, dtype=torch.float64))[0]
    return Network(w, b, v, 0.2), x


def _are_the_critical_residuals(basis, generator: Generator) -> float:
    """Projections onto the residuals that are orthogonal to all derivatives, by the formula and by autograd."""
    worst = 0.0
    for network, x in (one_sided(generator), mixed(generator), mixed(generator)):
        left, sizes, _ = torch.linalg.svd(autograd_jacobian(network, x))
        range_ = left[:, : int((sizes > 1e-9 * sizes[0]).sum())]
        found = basis(network, x)
        true = torch.eye(len(x), dtype=torch.float64) - range_ @ range_.T
        worst = max(worst, float((found @ found.T - true).abs().max()))
    return worst


def _least_squares_on_each_piece(network: Network, x: Tensor) -> Tensor:
    inside = _members(network, x)
    return _orthogonal_to(torch.cat([inside, inside * x]))


def _members(network: Network, x: Tensor) -> Tensor:
    cut = blocks(network, x)
    where = torch.bucketize(torch.arange(len(x)), cut.bounds, right=True) - 1
    return (where == torch.arange(len(cut.bounds) - 1)[:, None]).double()


def _orthogonal_to(conditions: Tensor) -> Tensor:
    _, sizes, right = torch.linalg.svd(conditions, full_matrices=True)
    return right[int((sizes > 1e-10 * sizes[0]).sum()) :].T


critical = Claim(
    label="thm-loss-critical",
    statement=r"With every $v_i \neq 0$, a network is critical iff residuals sum to 0 in each piece, and their first "
    r"moment in piece $p$ is $T c_p$ with one number $T$.",
    source=f"{SAHS}, Theorem 4, completed",
    method="exact identity",
    tolerance=1e-8,
    check=_are_the_critical_residuals,
    formula=critical_residuals,
    falsifiers={
        r"least squares on each piece ($T = 0$)": _least_squares_on_each_piece,
        "residuals sum to 0 in each piece": lambda network, x: _orthogonal_to(_members(network, x)),
        "least squares over all data": lambda network, x: _orthogonal_to(torch.stack([torch.ones_like(x), x])),
    },
)


def _decides(condition, generator: Generator) -> float:
    """Share of networks for which the condition and autograd disagree on whether every critical point is a fit."""
    x = torch.arange(6, dtype=torch.float64)
    beta = torch.tensor([1.0, 3.0]) + 0.2 + 0.6 * torch.rand(2, generator=generator, dtype=torch.float64)
    cases = [(to_network(Spline(beta, torch.ones(2), torch.ones(2), 0.0)), x)]  # two data in each piece, T free
    for _ in range(25):
        width, points = (int(torch.randint(low, high, (1,), generator=generator)) for low, high in ((3, 12), (3, 7)))
        cases.append(mixed(generator, width, points))
    wrong = 0
    for network, x in cases:
        sizes = torch.linalg.svdvals(autograd_jacobian(network, x))
        fits = len(sizes) >= len(x) and bool(sizes[len(x) - 1] > 1e-9 * sizes[0])
        wrong += condition(network, x) != fits
    return wrong / len(cases)


def _crowd(network: Network, x: Tensor) -> int:
    return int(blocks(network, x).bounds.diff().max())


fits = Claim(
    label="cor-loss-fits",
    statement=r"With every $v_i \neq 0$: all critical points on a cell fit the data iff each piece holds at most two "
    r"and $T = 0$ is forced. A lonely partition suffices.",
    source=f"{SAHS}, Corollary 3, where the partition must be lonely and more",
    method="exact identity",
    tolerance=0.0,
    check=_decides,
    formula=lambda network, x: _crowd(network, x) <= 2 and not blocks(network, x).free,
    falsifiers={
        "if and only if the partition is lonely": lambda network, x: _crowd(network, x) <= 1,
        "if and only if each piece holds at most two": lambda network, x: _crowd(network, x) <= 2,
        "lonely, and two that face apart in one gap": lambda network, x: (
            _crowd(network, x) <= 1 and blocks(network, x).turns is None
        ),
    },
)
