r"""Second derivatives of the loss ½ Σ_n (f(x_n) − y_n)² of a shallow ReLU network, and how many directions are flat.

On sorted data the active sets of two neurons meet in an interval, so every entry is a difference of running sums of
1, x and x². Parameters stand in the order w₁ … w_H, b₁ … b_H, v₁ … v_H, b₀. See section 2.4 of Sahs et al. 2022.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import one_dimensional
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training.prefix_sums import Data, Parameters, find_rows, outputs, prepare, pull_back


def flatten(network: Network) -> Tensor:
    """All parameters of a network in the order of the Hessian: shape (..., 3 H + 1)."""
    return torch.cat([network.w, network.b, network.v, network.b0[..., None]], dim=-1)


def unflatten(parameters: Tensor) -> Network:
    """The network with these parameters, shape (..., 3 H + 1). Raises ValueError for a length that is not 3 H + 1."""
    width, rest = divmod(parameters.shape[-1] - 1, 3)
    if rest or width < 1:
        raise ValueError(f"parameters: expected shape (..., 3 H + 1), got {tuple(parameters.shape)}")
    w, b, v, b0 = parameters.split([width, width, width, 1], dim=-1)
    return Network(w, b, v, b0.squeeze(-1))


def jacobian(network: Network, x) -> Tensor:
    """Derivatives of f(x_n) by all parameters: shape (..., N, 3 H + 1) for x of shape (N,).

    The columns are the vectors v_i x_i, v_i 1_i, w_i x_i + b_i 1_i and 1, where x_i and 1_i are x and 1 on the data at
    which neuron i is active and 0 elsewhere.
    """
    x = one_dimensional("x", x, dtype=network.w.dtype)[:, None]
    w, b, v = (part[..., None, :] for part in (network.w, network.b, network.v))
    seen = (w * x + b > 0).to(x.dtype)  # (..., N, H)
    return torch.cat([v * x * seen, v * seen, (w * x + b) * seen, torch.ones_like(seen[..., :1])], dim=-1)


def hessian(network: Network, x, y) -> Tensor:
    """Second derivatives of ½ Σ_n (f(x_n) − y_n)² by all parameters: shape (..., 3 H + 1, 3 H + 1), in O(H² + N log N).

    It is `gram` plus, for each neuron, the tilt Σ ε_n x_n and the pull Σ ε_n over its active data in the two places
    (w_i, v_i) and (b_i, v_i). x: (N,), in any order; y: (N,) or (..., N).
    Raises ValueError where a breakpoint lies on a datum: there are no second derivatives.
    """
    parameters, data = prepare(network, x, y)
    rows = _rows(parameters, data)
    matrix = _gram(parameters, rows, data)
    r = outputs(parameters, rows, data) - data.y
    pushes = pull_back(Parameters(*(torch.ones_like(part) for part in parameters)), rows, r, data)
    width = parameters.w.shape[1]
    i = torch.arange(width)
    for row, residual in ((i, pushes.w), (width + i, pushes.b)):
        matrix[:, row, 2 * width + i] += residual
        matrix[:, 2 * width + i, row] += residual
    return matrix.reshape(*network.w.shape[:-1], 3 * width + 1, 3 * width + 1)


def gram(network: Network, x) -> Tensor:
    """Inner products of the columns of `jacobian`: shape (..., 3 H + 1, 3 H + 1), in O(H² + N log N).

    Raises ValueError where a breakpoint lies on a datum.
    """
    parameters, data = prepare(network, x, torch.zeros_like(one_dimensional("x", x, dtype=torch.float64)))
    width = parameters.w.shape[1]
    matrix = _gram(parameters, _rows(parameters, data), data)
    return matrix.reshape(*network.w.shape[:-1], 3 * width + 1, 3 * width + 1)


def _rows(parameters: Parameters, data: Data) -> Tensor:
    """Rows as in `prefix_sums`, after making sure that no breakpoint lies on a datum."""
    w, b = parameters.w, parameters.b
    rows = find_rows(w, b, data)
    gaps = torch.where(rows > data.x.numel(), rows - data.x.numel() - 1, rows)
    touches = (w * data.walls[gaps] == -b) | (w * data.walls[gaps + 1] == -b) | ((w == 0) & (b == 0))
    if bool(touches.any()):
        raise ValueError("network: expected no breakpoint on a datum, since the loss has no second derivatives there")
    return rows


def _gram(parameters: Parameters, rows: Tensor, data: Data) -> Tensor:
    w, b, v, _ = parameters
    size = data.x.numel()
    right = rows <= size
    gaps = torch.where(right, rows, rows - size - 1)
    first, last = torch.where(right, gaps, 0), torch.where(right, size, gaps)  # neuron sees points first … last − 1
    sums = [torch.cat([data.x.new_zeros(1), (data.x**k).cumsum(0)]) for k in range(3)]
    low = torch.maximum(first[:, :, None], first[:, None, :])
    high = torch.maximum(low, torch.minimum(last[:, :, None], last[:, None, :]))
    n, sx, sxx = (total[high] - total[low] for total in sums)  # over the data that both neurons see: (M, H, H)
    vi, vj = v[:, :, None], v[:, None, :]
    wi, wj, bi, bj = w[:, :, None], w[:, None, :], b[:, :, None], b[:, None, :]
    ww, wb, bb = vi * vj * sxx, vi * vj * sx, vi * vj * n
    wv, bv = vi * (wj * sxx + bj * sx), vi * (wj * sx + bj * n)
    vv = wi * wj * sxx + (wi * bj + bi * wj) * sx + bi * bj * n
    own, own_x = (total[last] - total[first] for total in sums[:2])  # (M, H)
    edge = torch.cat([v * own_x, v * own, w * own_x + b * own], dim=1)[:, :, None]
    corner = torch.full_like(edge[:, :1], size)
    top, middle = torch.cat([ww, wb, wv], dim=2), torch.cat([wb.mT, bb, bv], dim=2)
    inner = torch.cat([top, middle, torch.cat([wv.mT, bv.mT, vv], dim=2)], dim=1)
    return torch.cat([torch.cat([inner, edge], dim=2), torch.cat([edge.mT, corner], dim=2)], dim=1)


class Blocks(NamedTuple):
    """How neurons cut the distinct data x: block p holds data c_p, …, c_{p+1} − 1.

    bounds: 0 = c_0 < c_1 < … < c_K = number of distinct data, shape (K + 1,). turns: for each block 1, 0 or −1, the
    change of facing from its left to its right end, where facing right counts 1 and facing left 0; the far left end
    counts as a neuron facing left, the far right end as one facing right. None where two with one cut face apart.
    """

    x: Tensor
    bounds: Tensor
    turns: Tensor | None

    @property
    def free(self) -> bool:
        """May the first moment of the residuals be distributed over blocks, rather than vanish in each?"""
        if self.turns is None:
            return False
        return bool((self.bounds.diff()[self.turns != 0] >= 2).all())


def blocks(network: Network, x) -> Blocks:
    """Cut the data of shape (N,) by the neurons of one network, shape (H,).

    Raises ValueError for an ensemble, and for a neuron with v = 0 that sees a datum, to which the theorem on ranks
    does not apply.
    """
    rows, data = _one_network(network, x)
    size = data.x.numel()
    cuts = torch.where(rows <= size, rows, rows - size - 1).tolist()
    facing = (rows <= size).tolist()
    at: dict[int, set[bool]] = {}
    for cut, right in zip([*cuts, 0, size], [*facing, False, True], strict=True):
        at.setdefault(cut, set()).add(right)
    bounds = sorted(at)
    turns = None
    if all(len(ways) == 1 for ways in at.values()):
        ends = [int(next(iter(at[cut]))) for cut in bounds]
        turns = torch.tensor([after - before for before, after in pairwise(ends)])
    return Blocks(data.x, torch.tensor(bounds), turns)


def _one_network(network: Network, x) -> tuple[Tensor, Data]:
    """Rows of the neurons of one network on the distinct data."""
    if network.w.ndim != 1:
        raise ValueError(f"network: expected one network, shape (H,), got {tuple(network.w.shape)}")
    x = torch.unique(one_dimensional("x", x, dtype=torch.float64))
    parameters, data = prepare(network, x, torch.zeros_like(x))
    rows = _rows(parameters, data)[0]
    dead = _dead(rows, data)
    if bool(((network.v == 0) & ~dead).any()):
        raise ValueError("network: expected v ≠ 0 for every neuron that is active on some datum")
    return rows, data


def _dead(rows: Tensor, data: Data) -> Tensor:
    """Neurons that see no datum: rows N (facing right, behind all data) and N + 1 (facing left, before all data)."""
    return (rows == data.x.numel()) | (rows == data.x.numel() + 1)


def gram_rank(network: Network, x) -> int:
    """Rank of `gram` by counting: Σ over blocks of min(2, number of distinct data), less 1 where `Blocks.free`."""
    cut = blocks(network, x)
    return int(cut.bounds.diff().clamp(max=2).sum()) - cut.free


def critical_residuals(network: Network, x) -> Tensor:
    """An orthonormal basis of the residuals for which a network is a critical point: shape (N, N − rank), x sorted.

    In each block the residuals sum to 0; the sum of residual times x is 0 too, or, where `Blocks.free`, some number
    common to all blocks times the block's turn. Data of shape (N,), distinct and sorted, or ValueError.
    """
    cut = blocks(network, x)
    if cut.x.numel() != len(x) or not bool((cut.x == torch.as_tensor(x)).all()):
        raise ValueError("x: expected distinct data, sorted")
    block = torch.arange(len(cut.bounds) - 1)
    inside = (torch.bucketize(torch.arange(cut.x.numel()), cut.bounds, right=True) - 1 == block[:, None]).double()
    moments = inside * cut.x
    if cut.turns is not None:  # keep only combinations of moments that the common number leaves at 0
        turns = cut.turns.double()
        moments = moments - torch.outer(turns, turns @ moments) / turns.square().sum()
    conditions = torch.cat([inside, moments])
    _, sizes, right = torch.linalg.svd(conditions, full_matrices=True)
    rank = int((sizes > 1e-10 * sizes[0]).sum())
    return right[rank:].T


class ZeroCount(NamedTuple):
    """Zero eigenvalues of `gram`, by their origin; `total` is their sum."""

    scaling: int
    dead: int
    shared: int
    function: int

    @property
    def total(self) -> int:
        return sum(self)


def zero_count(network: Network, x) -> ZeroCount:
    """How many eigenvalues of `gram` are 0, and why, for a network in which v ≠ 0 where a neuron is active.

    scaling: one a neuron; dead: two more for each neuron that sees no datum; shared: two for each neuron whose active
    data are also those of an earlier one; function: what other changes leave f on the data as it is.
    Raises ValueError as `blocks` does.
    """
    rows, data = _one_network(network, x)
    dead = _dead(rows, data)
    size = data.x.numel()
    patterns = set(torch.where(rows == 2 * size + 1, 0, rows)[~dead].tolist())  # both rows mean: active everywhere
    live, width = int((~dead).sum()), rows.numel()
    other = 2 * len(patterns) + 1 - gram_rank(network, x)
    return ZeroCount(width, 2 * (width - live), 2 * (live - len(patterns)), other)


def zeros_off_critical(network: Network, x, y) -> int:
    """How many eigenvalues of `hessian` are 0 at least, whatever the residuals; at generic points just so many are.

    With L neurons that see data and D that see none it is L + 1 + 3 D less the rank of 1 and of the L vectors
    v_i (P_i x_i − T_i 1_i), where P_i = Σ ε_n and T_i = Σ ε_n x_n over the active data of neuron i.
    One network, shape (H,). Raises ValueError where a breakpoint lies on a datum.
    """
    parameters, data = prepare(network, x, y)
    rows = _rows(parameters, data)
    r = outputs(parameters, rows, data) - data.y
    pushes = pull_back(Parameters(*(torch.ones_like(part) for part in parameters)), rows, r, data)
    width, dead = network.w.numel(), int(_dead(rows, data).sum())
    columns = jacobian(network, data.x)
    turned = columns[:, :width] * pushes.b[0] - columns[:, width : 2 * width] * pushes.w[0]
    return width + 1 + 2 * dead - int(torch.linalg.matrix_rank(torch.cat([turned, columns[:, -1:]], dim=1), rtol=1e-9))


def measured_zeros(matrix: Tensor, *, tolerance: float = 1e-9) -> int:
    """How many eigenvalues of a symmetric matrix are at most `tolerance` times the largest in size."""
    values = torch.linalg.eigvalsh(matrix).abs()
    return int((values <= tolerance * values.max()).sum())
