r"""Second derivatives of the loss ½ Σ_n (f(x_n) − y_n)² of a shallow ReLU network, and how many directions are flat.

On sorted data the active sets of two neurons meet in an interval, so every entry is a difference of running sums of
1, x and x². Parameters stand in the order w₁ … w_H, b₁ … b_H, v₁ … v_H, b₀. See section 2.4 of Sahs et al. 2022.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from lecturelib.core.arguments import Array, NonNegative, Square, Vector, checked
from lecturelib.splines.breakpoints.network import Network
from lecturelib.splines.training.prefix_sums import Data, Parameters, find_rows, outputs, over_points, prepare

Networks, One, Places = Annotated[Network, "... H"], Annotated[Network, "H"], Annotated[Vector, "N"]


@checked
def jacobian(network: Networks, x: Places) -> Tensor:
    """Derivatives of f(x_n) by all parameters: shape (..., N, 3 H + 1) for x of shape (N,).

    The columns are the vectors v_i x_i, v_i 1_i, w_i x_i + b_i 1_i and 1, where x_i and 1_i are x and 1 on the data at
    which neuron i is active and 0 elsewhere.

    >>> jacobian(Network([2.0], [-1.0], [3.0], 0.5), [1.0, 2.0]).tolist()
    [[3.0, 3.0, 1.0, 1.0], [6.0, 3.0, 3.0, 1.0]]
    """
    w, b, v = (part[..., None, :] for part in (network.w, network.b, network.v))
    x = x[:, None]
    inner = w * x + b
    seen = (inner > 0).to(w.dtype)  # (..., N, H)
    return torch.cat([v * x * seen, v * seen, inner * seen, torch.ones_like(seen[..., :1])], dim=-1)


@checked
def hessian(network: Networks, x: Places, y: Annotated[Array, "[...] N"]) -> Tensor:
    """Second derivatives of ½ Σ_n (f(x_n) − y_n)² by all parameters: shape (..., 3 H + 1, 3 H + 1), in O(H² + N log N).

    It is `gram` plus, for each neuron, the tilt Σ ε_n x_n and the pull Σ ε_n over its active data in the two places
    (w_i, v_i) and (b_i, v_i). x: (N,), in any order; y: (N,) or (..., N). Computed in float64, returned in the
    network's precision. Raises ValueError where a breakpoint lies on a datum: there are no second derivatives.

    >>> hessian(Network([1.0], [0.0], [1.0], 0.0), [2.0], [5.0])[0].tolist()  # by w: x², x, x² + ε x, x, and ε = −3
    [4.0, 2.0, -2.0, 2.0]
    """
    parameters, rows, data = _off_kinks(network, x, y)
    matrix = _gram(parameters, rows, data)
    width = parameters.w.shape[1]
    i = torch.arange(width, device=rows.device)
    for row, residual in zip((i, width + i), _tilt_and_pull(parameters, rows, data), strict=True):
        matrix[:, row, 2 * width + i] += residual
        matrix[:, 2 * width + i, row] += residual
    return matrix.reshape(*network.w.shape[:-1], *matrix.shape[1:]).to(network.w.dtype)


@checked
def gram(network: Networks, x: Places) -> Tensor:
    """Inner products of the columns of `jacobian`: shape (..., 3 H + 1, 3 H + 1), in O(H² + N log N).

    Computed in float64, returned in the network's precision. Raises ValueError where a breakpoint lies on a datum.

    >>> gram(Network([1.0], [0.0], [1.0], 0.0), [1.0, 2.0])[0].tolist()  # by w: Σ x², Σ x, Σ x², Σ x
    [5.0, 3.0, 5.0, 3.0]
    """
    matrix = _gram(*_off_kinks(network, x, torch.zeros_like(x)))
    return matrix.reshape(*network.w.shape[:-1], *matrix.shape[1:]).to(network.w.dtype)


def _off_kinks(network: Network, x: Tensor, y: Tensor) -> tuple[Parameters, Tensor, Data]:
    """Parameters, rows and data as in `prefix_sums`, after making sure that no breakpoint lies on a datum."""
    parameters, data = prepare(network, x, y)
    w, b, _, _ = parameters
    rows = find_rows(w, b, data)
    gaps = rows % (len(data.x) + 1)
    touches = (w * data.walls[gaps] == -b) | (w * data.walls[gaps + 1] == -b) | ((w == 0) & (b == 0))
    if bool(touches.any()):
        raise ValueError("network: expected no breakpoint on a datum, since the loss has no second derivatives there")
    return parameters, rows, data


def _tilt_and_pull(parameters: Parameters, rows: Tensor, data: Data) -> tuple[Tensor, Tensor]:
    """Σ ε_n x_n and Σ ε_n over the data that each neuron sees: shape (M, H) each."""
    r = outputs(parameters, rows, data) - data.y
    return over_points(rows, r * data.x), over_points(rows, r)


def _gram(parameters: Parameters, rows: Tensor, data: Data) -> Tensor:
    w, b, v, _ = parameters
    size, count = len(data.x), len(w)
    first = torch.where(rows <= size, rows, 0)  # a neuron sees the data first … last − 1
    last = torch.where(rows <= size, size, rows - size - 1)
    sums = [torch.cat([data.x.new_zeros(1), (data.x**k).cumsum(0)]) for k in range(3)]
    low = torch.maximum(first[:, :, None], first[:, None, :])
    high = torch.maximum(low, torch.minimum(last[:, :, None], last[:, None, :]))
    n, sx, sxx = ((total[high] - total[low])[:, None, :, None] for total in sums)  # over what both see: (M, 1, H, 1, H)
    own, own_x = ((total[last] - total[first])[:, None] for total in sums[:2])  # (M, 1, H)
    none = torch.zeros_like(w)
    slope, height = torch.stack([v, none, w], 1), torch.stack([none, v, b], 1)  # of all columns: slope · x + height
    edge = (slope * own_x + height * own).reshape(count, -1, 1)
    (si, sj), (hi, hj) = ((part[:, :, :, None, None], part[:, None, None]) for part in (slope, height))
    inner = (si * sj).mul_(sxx).addcmul_((si * hj).addcmul_(hi, sj), sx).addcmul_(hi * hj, n)
    inner = inner.reshape(count, edge.shape[1], -1)
    corner = edge.new_full((count, 1, 1), size)
    return torch.cat([torch.cat([inner, edge], dim=2), torch.cat([edge.mT, corner], dim=2)], dim=1)


class Blocks(NamedTuple):
    """How neurons cut the distinct data x: block p holds data c_p, …, c_{p+1} − 1.

    rows: of the neurons, as in `prefix_sums`. bounds: 0 = c_0 < c_1 < … < c_K = number of distinct data, (K + 1,).
    turns: for each block 1, 0 or −1, the change of facing from its left to its right end, where facing right counts 1
    and facing left 0; the far left end counts as a neuron facing left, the far right end as one facing right. None
    where two with one cut face apart.
    """

    x: Tensor
    rows: Tensor
    bounds: Tensor
    turns: Tensor | None

    @property
    def free(self) -> bool:
        """May the first moment of the residuals be distributed over blocks, rather than vanish in each?"""
        return self.turns is not None and bool((self.bounds.diff()[self.turns != 0] >= 2).all())

    @property
    def rank(self) -> int:
        """Σ over blocks of min(2, number of distinct data), less 1 where `free`."""
        return int(self.bounds.diff().clamp(max=2).sum()) - self.free


@checked
def blocks(network: One, x: Places) -> Blocks:
    """Cut the data of shape (N,), in any order, repeats allowed, by the neurons of one network.

    Raises ValueError for a breakpoint on a datum, and for a neuron with v = 0 that sees a datum, to which the theorem
    on ranks does not apply.

    >>> blocks(Network([1.0], [-1.5], [1.0], 0.0), [0.0, 1.0, 2.0, 2.0])[2:]
    (tensor([0, 2, 3]), tensor([1, 0]))
    """
    x = torch.unique(x.to(torch.float64))
    size, rows = len(x), _off_kinks(network, x, torch.zeros_like(x))[1][0]
    if bool(((network.v == 0) & ~_dead(rows, size)).any()):
        raise ValueError("network: expected v ≠ 0 for every neuron that is active on some datum")
    faces = torch.zeros(2, size + 1, dtype=torch.bool, device=rows.device)  # does a neuron face left, right at a cut?
    faces[(rows <= size).long(), rows % (size + 1)] = True
    faces[0, 0] = faces[1, size] = True
    bounds = torch.nonzero(faces.any(0)).flatten()
    return Blocks(x, rows, bounds, None if bool(faces.all(0).any()) else faces[1, bounds].long().diff())


def _dead(rows: Tensor, size: int) -> Tensor:
    """Neurons that see no datum: rows N (facing right, behind all data) and N + 1 (facing left, before all data)."""
    return (rows == size) | (rows == size + 1)


@checked
def gram_rank(network: One, x: Places) -> int:
    """Rank of `gram` by counting: `Blocks.rank`. Raises ValueError as `blocks` does.

    >>> gram_rank(Network([1.0], [-1.5], [1.0], 0.0), [0.0, 1.0, 2.0, 3.0])
    3
    """
    return blocks(network, x).rank


@checked
def critical_residuals(network: One, x: Places) -> Tensor:
    """An orthonormal basis of the residuals for which a network is a critical point: (N, N − rank), rows as in x.

    In each block the residuals sum to 0; the sum of residual times x is 0 too, or, where `Blocks.free`, the sum over
    all data times the block's turn. Raises ValueError as `blocks` does.

    >>> critical_residuals(Network([1.0], [-1.5], [1.0], 0.0), [0.0, 1.0, 2.0, 3.0]).abs().round(decimals=4).tolist()
    [[0.7071], [0.7071], [0.0], [0.0]]
    """
    cut = blocks(network, x)
    inner = cut.bounds[1:-1]
    block = torch.searchsorted(cut.x[inner], x.to(cut.x.dtype), right=True)
    inside = (block == torch.arange(len(inner) + 1, device=x.device)[:, None]).double()
    moments = inside * x if cut.turns is None else (inside - cut.turns[:, None]) * x
    _, sizes, right = torch.linalg.svd(torch.cat([inside, moments]), full_matrices=True)
    return right[int((sizes > 1e-10 * sizes[0]).sum()) :].T


class ZeroCount(NamedTuple):
    """Zero eigenvalues of `gram`, by their origin; `total` is their sum."""

    scaling: int
    dead: int
    shared: int
    function: int

    @property
    def total(self) -> int:
        return sum(self)


@checked
def zero_count(network: One, x: Places) -> ZeroCount:
    """How many eigenvalues of `gram` are 0, and why, for a network in which v ≠ 0 where a neuron is active.

    scaling: one for each neuron; dead: two more for each neuron that sees no datum; shared: two for each neuron whose
    active data are also those of an earlier one; function: what other changes leave f on the data as it is.
    Raises ValueError as `blocks` does.

    >>> zero_count(Network([1.0, 1.0], [-1.5, -9.0], [1.0, 1.0], 0.0), [0.0, 1.0, 2.0])
    ZeroCount(scaling=2, dead=2, shared=0, function=1)
    """
    cut = blocks(network, x)
    size, width = len(cut.x), len(cut.rows)
    live = cut.rows[~_dead(cut.rows, size)]
    patterns = len(torch.unique(torch.where(live == 2 * size + 1, 0, live)))  # both rows mean: active everywhere
    return ZeroCount(width, 2 * (width - len(live)), 2 * (len(live) - patterns), 2 * patterns + 1 - cut.rank)


@checked
def zeros_off_critical(network: One, x: Places, y: Places) -> int:
    """How many eigenvalues of `hessian` are 0 at least, whatever the residuals; at generic points just so many are.

    With L neurons that see data and D that see none it is L + 1 + 3 D less the rank of 1 and of the L vectors
    v_i (P_i x_i − T_i 1_i), where P_i = Σ ε_n and T_i = Σ ε_n x_n over the active data of neuron i.
    Raises ValueError where a breakpoint lies on a datum.

    >>> with_dead = Network([1.0, 1.0], [-1.5, -9.0], [1.0, 1.0], 0.0)
    >>> zeros_off_critical(with_dead, [0.0, 1.0, 2.0, 3.0], [1.0, 2.0, 0.0, 4.0])
    3
    """
    parameters, rows, data = _off_kinks(network, x, y)
    tilt, pull = _tilt_and_pull(parameters, rows, data)
    width, dead = len(network.w), int(_dead(rows, data.x.numel()).sum())
    columns = jacobian(network.to(torch.float64), data.x)
    turned = columns[:, :width] * pull - columns[:, width : 2 * width] * tilt
    return width + 1 + 2 * dead - int(torch.linalg.matrix_rank(torch.cat([turned, columns[:, -1:]], dim=1), rtol=1e-9))


@checked
def measured_zeros(matrix: Square, *, tolerance: NonNegative = 1e-9) -> int:
    """How many eigenvalues of a symmetric matrix are at most `tolerance` times the largest in size.

    >>> measured_zeros([[2.0, 2.0], [2.0, 2.0]])
    1
    """
    values = torch.linalg.eigvalsh(matrix).abs()
    return int((values <= tolerance * values.max()).sum())
