"""Matrices of known spectrum, of which some entries are observed."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Generator, Tensor

from lecturelib.bias.matrix_factorization.factors import Size
from lecturelib.core.arguments import Array, Count, Ensemble, NonNegativeArray, checked


class Observed(NamedTuple):
    """Some entries of a matrix: values b_k at rows i_k and columns j_k, each of shape (K,)."""

    values: Tensor
    rows: Tensor
    columns: Tensor


@checked
def low_rank_matrix(shape: Size, rank: Count, *, generator: Generator, ensemble: Ensemble = ()) -> Tensor:
    """U Vᵀ with standard normal U (m, r), V (n, r), scaled so that the mean square of its entries is 1.

    Shape (*ensemble, m, n). As Arora et al. 2019 draw them: ‖W‖_F = n for m = n. Raises ValueError where the rank is
    more than min(m, n).

    >>> low_rank_matrix((4, 3), 1, generator=torch.Generator().manual_seed(0)).square().mean().item()
    1.0...
    """
    m, n = shape
    if rank > min(m, n):
        raise ValueError(f"rank: expected at most {min(m, n)} for shape {(m, n)}, got {rank}")
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    u, v = torch.randn(*ensemble, m, rank, **options), torch.randn(*ensemble, n, rank, **options)
    product = u @ v.mT
    return product / product.square().mean((-2, -1), keepdim=True).sqrt()


@checked
def matrix_with_spectrum(spectrum: Annotated[NonNegativeArray, "k"], *, generator: Generator) -> Tensor:
    """Q₁ diag(s) Q₂ᵀ, shape (k, k), with independent orthogonal Q₁, Q₂ from QR of Gaussian matrices (Haar measure).

    >>> matrix_with_spectrum([3.0, 4.0], generator=torch.Generator().manual_seed(0)).norm().item()
    5.0...
    """
    k = len(spectrum)
    options = {"generator": generator, "dtype": torch.float64, "device": generator.device}
    q, r = torch.linalg.qr(torch.randn(2, k, k, **options))
    q = (q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None, :]).to(spectrum)
    return (q[0] * spectrum) @ q[1].mT


@checked
def observe(matrix: Annotated[Array, "m n"], count: Count, *, generator: Generator) -> Observed:
    """`count` entries of a matrix, every set of so many places equally likely; see `Observed`.

    Raises ValueError where it has fewer.

    >>> observe([[1.0, 2.0]], 2, generator=torch.Generator().manual_seed(0)).values.sum().item()
    3.0
    """
    if count > matrix.numel():
        raise ValueError(f"count: expected at most {matrix.numel()}, the number of entries, got {count}")
    places = torch.randperm(matrix.numel(), generator=generator, device=generator.device)[:count].to(matrix.device)
    rows, columns = places // matrix.shape[1], places % matrix.shape[1]
    return Observed(matrix[rows, columns], rows, columns)
