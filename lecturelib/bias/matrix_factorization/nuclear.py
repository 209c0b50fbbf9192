r"""The completion of least nuclear norm, by Douglas–Rachford splitting, and the effective rank.

The nuclear norm ‖W‖_* is the sum of the singular values. Least among all W with |W_ij − b_ij| ≤ δ at the observed
entries is found by alternating its proximal map, which shrinks singular values, with the projection to these W. Its
dual is max ⟨b, Y⟩ − δ ‖Y‖₁ over Y that vanish at unobserved entries and have spectral norm at most 1: every such Y
gives a lower bound, and the iteration ends when the two meet.
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from lecturelib.bias.matrix_factorization.completion import Places, observed
from lecturelib.bias.matrix_factorization.factors import Size
from lecturelib.core.arguments import Array, NonNegative, Positive, Vector, checked
from lecturelib.core.records import Record

MOST_ROUNDS = 20_000


class NuclearCompletion(Record):
    """A matrix (m, n) that keeps to the observed entries, its nuclear norm, and a lower bound for that of all such.

    >>> NuclearCompletion([[3.0, 0.0]], norm=3.0, bound=2.5).norm.item()
    3.0
    """

    matrix: Annotated[Array, "m n"]
    norm: Annotated[Array, ""]
    bound: Annotated[Array, ""]


@checked
def nuclear_completion(
    values: Annotated[Vector, "K"], rows: Annotated[Places, "K"], columns: Annotated[Places, "K"], shape: Size, *,
    slack: NonNegative = 0.0, tolerance: Positive = 1e-6,
) -> NuclearCompletion:  # fmt: skip
    """The matrix of least nuclear norm with |W_ij − b_ij| ≤ slack at the observed entries (Candès and Recht 2009).

    The norm exceeds its bound by at most tolerance × norm. Raises ValueError where no entry is given, where one is
    given twice or lies outside of the shape, and where 20,000 rounds are not enough.

    >>> found = nuclear_completion([1, 2, 3], [0, 0, 1], [0, 1, 0], (2, 2), tolerance=1e-10)
    >>> round(found.matrix[1, 1].item(), 3), round(found.norm.item(), 6)
    (1.0, 5.0)
    """
    target, seen = observed(values, rows, columns, shape)
    low, high = target - slack, target + slack
    step = float(torch.linalg.matrix_norm(target, 2)) / 4 or 1.0
    z, gap = target.clone(), 0.0
    for count in range(MOST_ROUNDS):
        u, s, vh = torch.linalg.svd(z, full_matrices=False)
        shrunk = (u * (s - step).clamp(min=0)) @ vh
        inside = torch.where(seen > 0, (2 * shrunk - z).clamp(low, high), 2 * shrunk - z)
        z += inside - shrunk
        if count % 5 == 4:
            kept = torch.where(seen > 0, shrunk.clamp(low, high), shrunk)
            norm = torch.linalg.svdvals(kept).sum()
            bound = _dual((z - inside) * seen / step, target, slack)
            gap = float(norm - bound)
            if gap <= tolerance * float(norm):
                return NuclearCompletion(kept, norm, bound).to(values.dtype)
    raise ValueError(f"tolerance: expected one that {MOST_ROUNDS:,} rounds meet, they left a gap of {gap:.3g}")


def _dual(y: Tensor, target: Tensor, slack: float) -> Tensor:
    """The lower bound that Y gives once it is scaled to spectral norm 1, at least 0."""
    y = y / torch.linalg.matrix_norm(y, 2).clamp(min=1e-300)
    return ((target * y).sum() - slack * y.abs().sum()).clamp(min=0)


@checked
def effective_rank(matrix: Annotated[Array, "... m n"]) -> Tensor:
    """exp of the entropy −Σ p_r ln p_r of the shares p_r = σ_r / Σ σ of singular values (Roy and Vetterli 2007).

    It is k for k equal singular values and zeros, and lies between 1 and the rank. Shape (...).
    Raises ValueError for a matrix that is 0.

    >>> round(effective_rank([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]).item(), 6)
    2.0
    """
    values = torch.linalg.svdvals(matrix)
    total = values.sum(-1, keepdim=True)
    if not bool((total > 0).all()):
        raise ValueError("matrix: expected one that is not 0, which has no effective rank")
    shares = values / total
    return torch.special.entr(shares).sum(-1).exp()
