r"""Deep linear factorizations W = W_N ⋯ W₁ of a matrix, their starts, and the gradient of a loss in them.

W₁ has shape (..., h, n), W_N (..., m, h), those between (..., h, h), with h = min(m, n), so that the product can be any
m × n matrix. With ∇ = ∂ℓ/∂W at the product, ∂ℓ/∂W_j = (W_N ⋯ W_{j+1})ᵀ ∇ (W_{j−1} ⋯ W₁)ᵀ (Arora et al. 2018).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Annotated, Any

import torch
from torch import Generator, Tensor

from lecturelib.core.arguments import Array, Count, Ensemble, Positive, checked
from lecturelib.core.kinds import Number, Several
from lecturelib.core.records import Record

_SIZE = Number("an integer, at least 1", least=1, whole=True)
Size = Annotated[Any, Several("two sizes (m, n), integers of at least 1", _SIZE, count=2)]


class Factors(Record):
    """Matrices W₁, …, W_N, the one that is applied first comes first, with W = W_N ⋯ W₁.

    matrices: tuple of tensors, shapes (..., h₁, n), (..., h₂, h₁), …, (..., m, h_{N−1}). Raises ValueError where
    neighbours do not fit, or where there is none.

    >>> Factors([[[1.0, 2.0]], [[3.0], [4.0]]]).product.tolist()
    [[3.0, 6.0], [4.0, 8.0]]
    """

    matrices: Annotated[tuple[Array, ...], "... _m _n"]

    def __post_init__(self) -> None:
        if not self.matrices:
            raise ValueError("matrices: expected at least one")
        for inner, outer in itertools.pairwise(self.matrices):
            if outer.shape[-1] != inner.shape[-2]:
                shapes = f"{tuple(inner.shape)} before {tuple(outer.shape)}"
                raise ValueError(
                    f"matrices: expected each to have as many columns as the one before rows, got {shapes}"
                )

    @property
    def depth(self) -> int:
        """N."""
        return len(self.matrices)

    @property
    def product(self) -> Tensor:
        """W = W_N ⋯ W₁: shape (..., m, n)."""
        return functools.reduce(lambda inner, outer: outer @ inner, self.matrices)

    @property
    def imbalance(self) -> Tensor:
        """The largest ‖W_{j+1}ᵀ W_{j+1} − W_j W_jᵀ‖_F over j, 0 for depth 1: shape (...)."""
        pairs = itertools.pairwise(self.matrices)
        gaps = [torch.linalg.matrix_norm(outer.mT @ outer - inner @ inner.mT) for inner, outer in pairs]
        return torch.stack(gaps).amax(0) if gaps else self.matrices[0].new_zeros(self.shape)


@checked
def balanced_factors(product: Annotated[Array, "... m n"], *, depth: Count) -> Factors:
    """Balanced factors of a matrix U S Vᵀ: W₁ = S^{1/N} Vᵀ, W_j = S^{1/N}, W_N = U S^{1/N} (Arora et al. 2018).

    Then W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ for all j. product: shape (..., m, n).

    >>> balanced_factors([[4.0, 0.0], [0.0, 9.0]], depth=2).imbalance.item() < 1e-12
    True
    """
    if depth == 1:
        return Factors((product,))
    u, s, vh = torch.linalg.svd(product, full_matrices=False)
    root = torch.diag_embed(s ** (1 / depth))
    return Factors((root @ vh, *[root] * (depth - 2), u @ root))


@checked
def start_factors(
    shape: Size, *, depth: Count, scale: Positive, generator: Generator, balanced: bool = False,
    ensemble: Ensemble = (),
) -> Factors:  # fmt: skip
    """Random factors whose product has independent-looking entries of variance scale² / h, h = min(shape).

    The entries of all factors are normal with standard deviation scale^{1/N} / √h, as in Arora et al. 2019. balanced:
    the product is drawn so, and divided by `balanced_factors`. ensemble: its leading dimensions, one draw for each.

    >>> start_factors((3, 2), depth=3, scale=0.01, generator=torch.Generator().manual_seed(0)).product.shape
    torch.Size([3, 2])
    """
    (m, n), h = shape, min(shape)
    sizes = [n, *[h] * (depth - 1), m]
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    drawn = [torch.randn(*ensemble, b, a, **options) for a, b in itertools.pairwise(sizes)]
    start = Factors(tuple(one * (scale ** (1 / depth) / h**0.5) for one in drawn))
    return balanced_factors(start.product, depth=depth) if balanced else start


def flatten(factors: Factors) -> Tensor:
    """All numbers of each member side by side: shape (B, P)."""
    members = factors.matrices[0].shape[:-2].numel()
    return torch.cat([one.reshape(members, -1) for one in factors.matrices], dim=1)


def views(y: Tensor, sizes: list[tuple[int, int]]) -> list[Tensor]:
    """The matrices within (B, P), of these sizes, without a copy: each (B, rows, columns)."""
    parts = y.split([rows * columns for rows, columns in sizes], dim=1)
    return [part.unflatten(1, size) for part, size in zip(parts, sizes, strict=True)]


def product_of(matrices: list[Tensor]) -> Tensor:
    """W_N ⋯ W₁ of matrices (B, rows, columns)."""
    return functools.reduce(lambda inner, outer: outer @ inner, matrices)


def descent(y: Tensor, sizes: list[tuple[int, int]], pull_at: Callable[[Tensor], Tensor]) -> Tensor:
    """Minus the gradient in all factors, (B, P), for pull_at(W) = −∂ℓ/∂W of a product (B, m, n), in 2N products."""
    matrices = views(y, sizes)
    inner = [matrices[0]]
    for one in matrices[1:]:
        inner.append(one @ inner[-1])
    back = pull_at(inner[-1])
    found = []
    for j in range(len(matrices) - 1, 0, -1):
        found.append((back @ inner[j - 1].mT).flatten(1))
        back = matrices[j].mT @ back
    found.append(back.flatten(1))
    return torch.cat(found[::-1], dim=1)
