r"""Which flat directions of a minimum come from symmetries of the network.

Between W_k and W_{k+1} sit the neurons of a hidden layer. Adding t times neuron j to neuron i on the way in, and taking
t times the outgoing weights of i from those of j, keeps the function to first order, and as part of e^{tA} to all
orders, in three cases: the layer is linear; i = j and the nonlinearity is homogeneous; both are ReLU neurons that are
active on the same inputs (twins). A penalty keeps some combinations of these and bends the loss along the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import torch
from torch import Tensor

from lecturelib.bias.stability.curvature import dense, number_at
from lecturelib.bias.stability.multilayer import Multilayer, pre_activations
from lecturelib.core.arguments import Array, Matrix, Positive, checked
from lecturelib.core.records import Record

DEGREES = {"relu": 1, "square": 2}


class FlatDirections(Record):
    """The zero eigenvalues of a Hessian of P parameters by origin; the rows of each matrix, (_, P), are orthonormal.

    scaling: neurons that trade incoming for outgoing weights; mixing: hidden linear layers, turned or stretched; twins:
    ReLU neurons, active alike, that share what they do; rest: what no symmetry explains. All rows together are an
    orthonormal basis of the zero directions. eigenvalues: all P, increasing.

    >>> e = torch.eye(6)
    >>> FlatDirections([0.0, 0.0, 0.0, 0.0, 0.0, 2.0], e[:1], e[1:2], e[2:3], e[3:5]).counts
    {'scaling': 1, 'mixing': 1, 'twins': 1, 'rest': 2}
    """

    eigenvalues: Annotated[Array, "P"]
    scaling: Annotated[Array, "_a? P?"]
    mixing: Annotated[Array, "_b? P?"]
    twins: Annotated[Array, "_c? P?"]
    rest: Annotated[Array, "_d? P?"]

    @property
    def counts(self) -> dict[str, int]:
        """Origin → how many zero eigenvalues it explains, of those that the origins before it do not."""
        return {name: len(getattr(self, name)) for name in ("scaling", "mixing", "twins", "rest")}


@checked
def flat_directions(
    model: Annotated[Multilayer, "d"], loss: Callable, x: Annotated[Matrix, "_N d"] | None = None,
    *, tolerance: Positive = 1e-7,
) -> FlatDirections:  # fmt: skip
    """Which directions of a minimum are flat, and which of these the symmetries of the network explain.

    loss: a function of `model.vector`, as `square_loss` makes it. x: inputs on which ReLU neurons are compared; without
    them twins are neurons with parallel incoming weights. tolerance: eigenvalues up to this share of the largest count
    as 0. Forms the Hessian, so for up to about a thousand parameters; computes in float64. See the module. Raises
    ValueError where the model is an ensemble, no critical point of the loss, or x has another number of columns.

    >>> valley = Multilayer([[[2.0]], [[0.5]]], "linear")  # v u x, with u v = 1
    >>> flat_directions(valley, square_loss(valley, [[1.0]], [[1.0]])).counts
    {'scaling': 0, 'mixing': 1, 'twins': 0, 'rest': 0}
    """
    model = model.detach().to(torch.float64)
    theta = model.vector
    number_at(loss, theta)
    slope, matrix = torch.func.grad(loss)(theta), dense(loss, theta)
    values, vectors = torch.linalg.eigh(matrix)
    size = float(values.abs().max())
    if not float(slope.norm()) <= 1e-6 * max(size, 1e-300) * float(theta.norm()):
        raise ValueError(f"model: expected a critical point of the loss, where the gradient is 0, "
                         f"got one of size {float(slope.norm()):.1e}")  # fmt: skip
    zeros = vectors[:, values.abs() <= tolerance * size].T
    found, tangents, known = {}, theta.new_zeros(0, len(theta)), theta.new_zeros(0, len(theta))
    for name, more in zip(("scaling", "mixing", "twins"), _tangents(model, x), strict=True):
        tangents = torch.cat([tangents, more])
        flat = _meet(_basis(tangents), zeros)
        found[name] = _basis(flat - flat @ known.T @ known)
        known = torch.cat([known, found[name]])
    rest = _basis(zeros - zeros @ known.T @ known)
    return FlatDirections(values, **found, rest=rest)


def _basis(rows: Tensor) -> Tensor:
    """Orthonormal rows that span what these rows of length near 1 span."""
    _, sizes, right = torch.linalg.svd(rows, full_matrices=False)
    return right[sizes > 1e-5]


def _meet(one: Tensor, other: Tensor) -> Tensor:
    """Orthonormal rows that span what two spaces have in common: those with an angle of 0."""
    left, cosines, _ = torch.linalg.svd(one @ other.T, full_matrices=False)
    return left[:, cosines > 1 - 1e-6].T @ one


def _tangents(model: Multilayer, x: Tensor | None) -> Iterator[Tensor]:
    """Directions of the symmetries, rows of length 1: scaling, mixing, twins."""
    pairs: dict[str, list[Tensor]] = {"scaling": [], "mixing": [], "twins": []}
    inner = None if x is None else pre_activations(model, x.to(model.dtype))
    for layer, matrix in enumerate(model.weights[:-1]):
        alike = _active_alike(matrix if inner is None else inner[layer].T, inner is not None)
        for i, j in torch.cartesian_prod(*[torch.arange(len(matrix))] * 2).reshape(-1, 2).tolist():
            if model.nonlinearity == "linear":
                pairs["mixing"].append(_tangent(model, layer, i, j, 1))
            elif model.nonlinearity in DEGREES and i == j:
                pairs["scaling"].append(_tangent(model, layer, i, i, DEGREES[model.nonlinearity]))
            elif model.nonlinearity == "relu" and alike[i, j]:
                pairs["twins"].append(_tangent(model, layer, i, j, 1))
    for rows in pairs.values():
        kept = [row / row.norm() for row in rows if row.norm() > 0]
        yield torch.stack(kept) if kept else model.vector.new_zeros(0, model.vector.shape[0])


def _active_alike(rows: Tensor, by_inputs: bool) -> Tensor:
    """Which neurons are active on the same inputs, or have parallel incoming weights: (h, h)."""
    if by_inputs:
        return ((rows > 0)[:, None] == (rows > 0)).all(-1)
    unit = rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-300)
    return (unit @ unit.T) > 1 - 1e-9


def _tangent(model: Multilayer, layer: int, i: int, j: int, degree: int) -> Tensor:
    """t times neuron j is added to neuron i, and `degree` t times what leaves i is taken from what leaves j."""
    moved = [torch.zeros_like(one) for one in model.weights]
    moved[layer][i] = model.weights[layer][j]
    moved[layer + 1][:, j] -= degree * model.weights[layer + 1][:, i]
    return torch.cat([one.flatten() for one in moved])
