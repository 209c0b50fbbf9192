r"""Losses over all moved data, and what they do to the weights W (k, n) of a first layer, z = W ρ(g) x.

As ⟨w, ρ(g) x⟩ = ⟨ρ(g)ᵀ w, x⟩, to move the data is to move the filters w, the rows of W. The loss is the same at all
W ρ(g), and ∇L(W ρ(g)) = ∇L(W) ρ(g)⁻ᵀ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import torch
from torch import Tensor, nn

from lecturelib.core.arguments import Array, checked
from lecturelib.equivariance.groups.actions import Action

Generators = Action | Sequence[Annotated[Array, "n n"]]


@checked
def augmented_loss(
    model: Callable, group: Action, loss: Callable, *, worst: bool = False
) -> Callable[[Tensor, Any], Tensor]:
    """The loss over all moved data as a function of (x, y): the mean over the group, or for each datum the worst.

    group: a finite action on inputs. x: (N, …) with as many numbers for each datum as it moves, pixels row by row; y:
    (N, …). loss(model(x), y) gives one number for each datum, or (without `worst`) their mean. The result is the mean
    over the data. Raises ValueError where x or the loss does not fit.

    >>> from lecturelib.equivariance import symmetric
    >>> w = torch.tensor([1.0, 0.0], dtype=torch.float64)
    >>> over_swaps = augmented_loss(lambda x: x @ w, symmetric(2).vectors(), lambda z, y: (z - y) ** 2 / 2)
    >>> over_swaps([[2, 1]], torch.tensor([1.0]))  # (1/2 + 0)/2
    tensor(0.2500, dtype=torch.float64)
    """
    moves = group.elements

    def over_all(x: Tensor, y: Any) -> Tensor:
        x = torch.as_tensor(x)
        y = torch.as_tensor(y)
        if not x.ndim or not len(x) or x[0].numel() != group.size:
            raise ValueError(f"x: expected shape (N, …) with {group.size} numbers each, got {tuple(x.shape)}")
        if not y.ndim or len(y) != len(x):
            raise ValueError(f"y: expected {len(x)} rows, as x has, got shape {tuple(y.shape)}")
        x = x if x.is_floating_point() else x.to(moves)
        moved = torch.einsum("gij,nj->gni", moves.to(x), x.flatten(1)).reshape(-1, *x.shape[1:])
        found = loss(model(moved), y.repeat(len(moves), *[1] * (y.ndim - 1)))
        if not worst and found.ndim == 0:
            return found
        if found.shape != (len(moved),):
            raise ValueError(f"loss: expected one number for each datum, ({len(moved)},), got {tuple(found.shape)}")
        each = found.reshape(len(moves), -1)
        return (each.amax(0) if worst else each.mean(0)).mean()

    return over_all


@checked
def symmetrize(weights: Annotated[Array, "... n"], group: Action) -> Tensor:
    """The mean of ρ(g)ᵀ w over a finite group, for each filter w: shape (..., n). The group no longer changes it.

    It is the nearest such filter where all ρ(g) are orthogonal. Raises ValueError where the sizes differ.

    >>> from lecturelib.equivariance import cyclic
    >>> symmetrize([[1.0, 0.0, 0.0, 7.0]], cyclic(4).images(2))
    tensor([[2., 2., 2., 2.]], dtype=torch.float64)
    """
    _fits(weights, group)
    return weights @ group.elements.mean(0).to(weights)


@checked
def asymmetry(weights: Annotated[Array, "... k n"], group: Action, *, as_set: bool = False) -> Tensor:
    """How far k filters are from symmetric, relative to their size: shape (...), 0 if they are.

    Each of them: √(Σ‖w − symmetrize(w)‖² / Σ‖w‖²). With `as_set`, filters may become one another: root of the mean
    squared distance between a moved filter and the nearest filter, over that of the filters from 0.
    Raises ValueError where the sizes differ.

    >>> from lecturelib.equivariance import symmetric
    >>> swap, filters = symmetric(2).vectors(), [[1.0, 0.0], [0.0, 1.0]]
    >>> asymmetry(filters, swap), asymmetry(filters, swap, as_set=True)
    (tensor(0.7071, dtype=torch.float64), tensor(0., dtype=torch.float64))
    """
    _fits(weights, group)
    size = weights.square().mean((-2, -1)).sqrt()
    if not as_set:
        apart = (weights - symmetrize(weights, group)).square().mean((-2, -1)).sqrt()
    else:
        moved = torch.einsum("...ki,gij->...gkj", weights, group.elements.to(weights)).flatten(-3, -2)
        near = torch.cdist(moved, weights, compute_mode="donot_use_mm_for_euclid_dist").amin(-1)
        apart = (near.square().mean(-1) / weights.shape[-1]).sqrt()
    return torch.where(size > 0, apart / size.clamp(min=1e-300), 0.0)


def _fits(weights: Tensor, group: Action) -> None:
    if weights.ndim < 1 or weights.shape[-1] != group.size:
        raise ValueError(f"weights: expected shape (..., {group.size}), as group moves, got {tuple(weights.shape)}")


class Forbidden(NamedTuple):
    """directions (K, k, n): W A for each generator A of the algebra; slopes (K,): ⟨∇L, W A⟩ / (‖∇L‖ ‖W A‖)."""

    directions: Tensor
    slopes: Tensor


@checked
def forbidden_directions(model: nn.Module, loss: Callable, generators: Generators) -> Forbidden:
    """Directions W A in which a loss that does not change under e^{tA} has slope 0, and the slopes that it has.

    generators: matrices A (n, n) of an algebra, or an action with some. loss(model) gives the loss; W (k, n) is the
    first parameter of the model. The slopes are cosines: 0 as far as the loss is invariant. A filter that a generator
    leaves in place has no direction, and the slope 0. Raises ValueError where sizes differ or nothing is to be moved.

    >>> turn = [[[0.0, -1.0], [1.0, 0.0]]]
    >>> model = torch.nn.Linear(2, 1, bias=False)
    >>> found = forbidden_directions(model, lambda m: m.weight.square().sum(), turn)
    >>> found.directions.shape, bool(found.slopes.abs() < 1e-6)
    (torch.Size([1, 1, 2]), True)
    """
    weights = next(iter(model.parameters()), None)
    matrices = list(generators.algebra) if isinstance(generators, Action) else list(generators)
    if not matrices:
        raise ValueError("generators: expected one or more matrices of an algebra, got none")
    if weights is None or weights.ndim != 2 or weights.shape[1] != len(matrices[0]):
        got = "none" if weights is None else tuple(weights.shape)
        raise ValueError(f"model: expected a first parameter of shape (k, {len(matrices[0])}), got {got}")
    value = loss(model)
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.requires_grad:
        raise ValueError("loss: expected one number that depends on the parameters of the model")
    gradient = torch.autograd.grad(value.reshape(()), weights)[0]
    directions = torch.stack([weights.detach() @ one.to(weights) for one in matrices])
    sizes = directions.flatten(1).norm(dim=1) * gradient.norm()
    slopes = (directions * gradient).sum((1, 2))
    return Forbidden(directions, torch.where(sizes > 0, slopes / sizes.clamp(min=1e-300), 0.0))
