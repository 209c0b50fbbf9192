r"""All linear maps W with ρ_out(g) W = W ρ_in(g): a basis, their number, and whether somebody's map is one.

It is enough to ask the generators. Where all matrices are permutations, W is constant on the orbits of pairs (i, j).
For finite groups the mean of ρ_out(g) W ρ_in(g)⁻¹ over the group projects on these maps, and their number is the mean
of χ_out(g) χ_in(g); for an algebra, ρ_out(A) W = W ρ_in(A) is solved.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Generator, Tensor, nn

from lecturelib.core.arguments import Array, Count, Ensemble, Positive, checked
from lecturelib.equivariance.groups.actions import Action, closure, kron

In = Action | Sequence[Annotated[Array, "n n"]]
Out = Action | Sequence[Annotated[Array, "m m"]]
JOINT = 1000  # elements up to which matrices without a group are taken for a finite one


def _pairs(rho_in: Any, rho_out: Any) -> tuple[list[tuple[Tensor, Tensor]], list[tuple[Tensor, Tensor]]]:
    """(ρ_in, ρ_out) of each generator, and of each one of the algebra. Raises ValueError where they do not fit."""
    both = isinstance(rho_in, Action) and isinstance(rho_out, Action)
    if both and rho_in.group is not rho_out.group and rho_in.group != rho_out.group:
        raise ValueError("rho_out: expected an action of the same group as rho_in")
    found = []
    for place in ("generators", "algebra"):
        a, b = (
            getattr(one, place) if isinstance(one, Action) else one if place == "generators" else ()
            for one in (rho_in, rho_out)
        )
        if len(a) != len(b):
            raise ValueError(f"rho_out: expected {len(a)} matrices, one per generator as rho_in has, got {len(b)}")
        found.append(list(zip(a, b, strict=True)))
    if not found[0] and not found[1]:
        raise ValueError("rho_in: expected one or more matrices, got none")
    return found[0], found[1]


def _permutation(matrix: Tensor) -> np.ndarray | None:
    """Where each coordinate is moved to, or None where the matrix does more than that."""
    array = matrix.numpy()
    to = array.argmax(0)
    moved = array[to, np.arange(len(array))]
    alone = (moved == 1).all() and np.count_nonzero(array) == len(array)
    return to if alone and len(np.unique(to)) == len(to) else None


def _orbits(permutations: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """The orbit of each pair (i, j) of coordinates, numbered from 0: (n_out, n_in)."""
    n, m = (len(one) for one in permutations[0])
    place = np.arange(n * m)
    targets = [(to_out[:, None] * n + to_in).ravel() for to_in, to_out in permutations]
    sources = np.tile(place, len(targets))
    graph = coo_array((np.ones(len(sources), dtype=np.int8), (sources, np.concatenate(targets))), shape=(n * m, n * m))
    return connected_components(graph, directed=False)[1].reshape(m, n)


def _by_orbits(permutations: list[tuple[np.ndarray, np.ndarray]]) -> Tensor:
    orbit = _orbits(permutations)
    sizes = np.bincount(orbit.ravel())
    basis = np.zeros((len(sizes), orbit.size))
    basis[orbit.ravel(), np.arange(orbit.size)] = 1 / np.sqrt(sizes[orbit.ravel()])
    return torch.from_numpy(basis).reshape(-1, *orbit.shape)


def _by_averaging(elements_in: Tensor, elements_out: Tensor) -> Tensor:
    """As many random maps as the characters say, averaged over the group, which leaves them independent."""
    traces = [one.diagonal(dim1=-2, dim2=-1).sum(-1) for one in (elements_in, elements_out)]
    count = round(float((traces[0] * traces[1]).mean()))
    n, m = elements_in.shape[-1], elements_out.shape[-1]
    if count == 0:
        return elements_in.new_zeros(0, m, n)
    draws = torch.randn(m, count * n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    square = elements_in @ elements_in.mT
    orthogonal = bool((square - torch.eye(n, dtype=square.dtype)).abs().max() < 1e-9)
    inverse = elements_in.mT if orthogonal else torch.linalg.inv(elements_in)
    left = (elements_out.reshape(-1, m) @ draws.to(elements_out)).reshape(-1, m * count, n).transpose(0, 1)
    mean = (left.reshape(m * count, -1) @ inverse.reshape(-1, n)).reshape(m, count, n).transpose(0, 1)
    return torch.linalg.qr(mean.reshape(count, -1).T)[0].T.reshape(count, m, n)


def _by_constraints(pairs: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The null space of all ρ_out W − W ρ_in, from one large matrix."""
    n, m = (len(one) for one in pairs[0])
    rows = [kron(b, torch.eye(n).to(b)) - kron(torch.eye(m).to(a), a.T) for a, b in pairs]
    sigma, vt = torch.linalg.svd(torch.cat(rows))[1:]
    known = int((sigma > 1e-9 * max(1.0, float(sigma[0]))).sum())
    return vt[known:].reshape(-1, m, n)


@checked
def equivariant_basis(rho_in: In, rho_out: Out) -> Tensor:
    """An orthonormal basis of all W with ρ_out W = W ρ_in: shape (dimension, n_out, n_in).

    Each an action of one group, or a list with one matrix per generator. Raises ValueError where they do not fit.

    >>> turn = [[[0.0, -1.0], [1.0, 0.0]]]
    >>> equivariant_basis(turn, turn).shape  # two: turns themselves commute with turns
    torch.Size([2, 2, 2])
    """
    elements, algebra = _pairs(rho_in, rho_out)
    if not algebra:
        permutations = [(_permutation(a), _permutation(b)) for a, b in elements]
        if all(a is not None and b is not None for a, b in permutations):
            return _by_orbits(permutations)
        if isinstance(rho_in, Action) and isinstance(rho_out, Action):
            return _by_averaging(rho_in.elements, rho_out.elements)
        found = closure([torch.block_diag(a, b).numpy() for a, b in elements], JOINT)
        if found is not None:
            joint, n = torch.from_numpy(np.stack(found[0])), len(elements[0][0])
            return _by_averaging(joint[:, :n, :n], joint[:, n:, n:])
    return _by_constraints(elements + algebra)


@checked
def dimension(rho_in: Action, rho_out: Action) -> int:
    """How many equivariant maps there are: the mean of χ_out(g) χ_in(g), for SO(2) and SO(3) as an integral.

    In SO(3) the angle θ has the density (1 − cos θ)/π on [0, π]. Raises ValueError for other infinite groups.

    >>> from lecturelib.equivariance import symmetric
    >>> dimension(symmetric(5).tensors(2), symmetric(5).tensors(2))
    15
    """
    algebra = _pairs(rho_in, rho_out)[1]
    if not algebra:
        return round(float((rho_in.characters * rho_out.characters).mean()))
    if rho_in.group.name not in ("SO(2)", "SO(3)"):
        raise ValueError("rho_in: expected an action of a finite group, of SO(2) or SO(3)")
    speeds = [torch.linalg.eigvals(one).imag for one in algebra[0]]
    count = 2 * math.ceil(sum(float(one.abs().max()) for one in speeds)) + 5  # exact for this degree
    angle = 2 * torch.pi * torch.arange(count, dtype=torch.float64) / count
    product = math.prod((one[:, None] * angle).cos().sum(0) for one in speeds)
    density = 1 - angle.cos() if rho_in.group.name == "SO(3)" else torch.ones_like(angle)
    return round(float((density * product).mean()))


@checked
def assert_equivariant(
    module: Callable, rho_in: In, rho_out: Out, *, shape: Ensemble = (), count: Count = 8, tolerance: Positive = 1e-5
) -> float:
    """The largest |f(ρ_in x) − ρ_out f(x)| over the largest |f(x)| (or 1e-12), for `count` random x and all generators.

    module: f from (count, n_in), or (count, *shape), to n_out numbers for each. Raises AssertionError, with the error
    and the generator that shows it, where it is above the tolerance, and ValueError where shapes do not fit.

    >>> swap = [[[0.0, 1.0], [1.0, 0.0]]]
    >>> assert_equivariant(lambda x: x**3, swap, swap)
    0.0
    """
    elements, algebra = _pairs(rho_in, rho_out)
    moves = [(f"generator {k}", a, b) for k, (a, b) in enumerate(elements)]
    for k, (a, b) in enumerate(algebra):
        moves.append((f"exp(0.7 A) of generator {k} of the algebra", (0.7 * a).matrix_exp(), (0.7 * b).matrix_exp()))
    n, m = len(moves[0][1]), len(moves[0][2])
    shape = shape or (n,)
    if math.prod(shape) != n:
        raise ValueError(f"shape: expected {n} numbers, as rho_in moves, got {shape}")
    draws = torch.randn(count, n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = next(module.parameters(), draws) if isinstance(module, nn.Module) else draws

    def f(x: Tensor) -> Tensor:
        with torch.no_grad():
            y = module(x.reshape(count, *shape).to(weight)).reshape(count, -1)
        if y.shape[1] != m:
            raise ValueError(f"module: expected {m} outputs, as rho_out moves, got {y.shape[1]}")
        return y.to(draws)

    known = f(draws)
    size = max(float(known.abs().max()), 1e-12)
    errors = [(float((f(draws @ a.T) - known @ b.T).abs().max()) / size, name) for name, a, b in moves]
    worst, name = max(errors, key=lambda one: one[0] if one[0] == one[0] else math.inf)
    if not worst <= tolerance:
        raise AssertionError(f"module: not equivariant, the error is {worst:.3g} at {name}")
    return worst


@checked
def average(function: Callable, rho_in: Action, rho_out: Action | None = None) -> Callable[[Tensor], Tensor]:
    """The mean of ρ_out(g)⁻¹ f(ρ_in(g) x) over a finite group, which is equivariant; invariant without rho_out.

    function: from (..., n_in) to (..., n_out). What comes back takes the same.

    >>> from lecturelib.equivariance import symmetric
    >>> first = average(lambda x: x[..., :1], symmetric(3).vectors())
    >>> first(torch.tensor([1.0, 2.0, 6.0]).double())
    tensor([3.], dtype=torch.float64)
    """
    if rho_out is not None:
        _pairs(rho_in, rho_out)
    moves = rho_in.elements
    back = None if rho_out is None else torch.linalg.inv(rho_out.elements)

    def averaged(x: Tensor) -> Tensor:
        found = [function(x @ one.T.to(x)) for one in moves]
        if back is not None:
            found = [y @ one.T.to(y) for y, one in zip(found, back, strict=True)]
        return torch.stack(found).mean(0)

    return averaged


class EquivariantLinear(nn.Module):
    """A layer y = W x + b, (..., n_in) → (..., n_out), with W in the span of `equivariant_basis` and b that stays.

    Its parameters are coefficients of orthonormal maps. They start normal, so that y is about as large as x. Raises
    ValueError where the actions do not fit.

    >>> swap = [[[0.0, 1.0], [1.0, 0.0]]]
    >>> layer = EquivariantLinear(swap, swap, generator=torch.Generator().manual_seed(0))
    >>> layer.coefficients.shape, layer(torch.ones(5, 2)).shape
    (torch.Size([2]), torch.Size([5, 2]))
    """

    @checked
    def __init__(self, rho_in: In, rho_out: Out, *, generator: Generator, bias: bool = True) -> None:
        super().__init__()
        elements, algebra = _pairs(rho_in, rho_out)
        basis = equivariant_basis(rho_in, rho_out)
        fixed = [(torch.eye(1).to(b), b) for _, b in elements], [(torch.zeros(1, 1).to(b), b) for _, b in algebra]
        shifts = _by_constraints([*fixed[0], *fixed[1]])[..., 0] if bias else basis.new_zeros(0, basis.shape[1])
        self.register_buffer("basis", basis)
        self.register_buffer("shifts", shifts)
        scale = math.sqrt(basis.shape[1] / max(1, len(basis)))
        self.coefficients = nn.Parameter(
            scale * torch.randn(len(basis), generator=generator, dtype=torch.float64).to(basis)
        )
        self.offsets = nn.Parameter(basis.new_zeros(len(shifts)))

    @property
    def weight(self) -> Tensor:
        """W, shape (n_out, n_in)."""
        return torch.einsum("k,kij->ij", self.coefficients, self.basis)

    @checked
    def forward(self, x: Array) -> Tensor:
        """W x + b, shape (..., n_out), for x of shape (..., n_in). Raises ValueError for another size."""
        if x.ndim < 1 or x.shape[-1] != self.basis.shape[-1]:
            raise ValueError(f"x: expected shape (..., {self.basis.shape[-1]}), got {tuple(x.shape)}")
        return x.to(self.basis) @ self.weight.T + self.offsets @ self.shifts
