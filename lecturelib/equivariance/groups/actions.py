r"""Groups by their generators, and actions: one matrix ρ(g) for each element, with ρ(gh) = ρ(g) ρ(h).

A finite group is all products of its generators; SO(2) and SO(3) are given by generators A of their algebra, whose
elements are e^{tA}. An action holds one matrix per generator. On functions, (T_g f)(x) = f(g⁻¹x).
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from lecturelib.core.arguments import Array, Count, Matrix, Naturals, checked
from lecturelib.core.records import Record

LIMIT = 5000  # elements that are listed
Matrices = tuple[Annotated[Array, "n n"], ...]


def closure(matrices: list[np.ndarray], limit: int = LIMIT) -> tuple[list[np.ndarray], list[tuple[int, int]]] | None:
    """All products, and of each where it comes from, (element, generator); None if too many or large."""

    def key(matrix: np.ndarray) -> bytes:
        return (np.rint(1e6 * matrix).astype(np.int64)).tobytes()

    found, words = [np.eye(len(matrices[0]))], [(0, 0)]
    known, place = {key(found[0])}, 0
    while place < len(found):
        for number, matrix in enumerate(matrices):
            new = found[place] @ matrix
            if len(found) > limit or np.abs(new).max() > 1e6:
                return None
            if (name := key(new)) not in known:
                known.add(name)
                found.append(new)
                words.append((place, number))
        place += 1
    return found, words


def kron(a: Tensor, b: Tensor) -> Tensor:
    """The Kronecker product, also of matrices that are transposed views, which `torch.kron` refuses."""
    return torch.kron(a.contiguous(), b.contiguous())


class Group(Record):
    """A group of matrices by generators: matrices (n, n) of elements, or of its algebra for elements e^{tA}.

    Raises ValueError where there is no generator, or one of the elements has no inverse.

    >>> square = Group([[[0.0, -1.0], [1.0, 0.0]], [[-1.0, 0.0], [0.0, 1.0]]])
    >>> square.order, square.vectors().size, square.images(3).size
    (8, 2, 9)
    >>> square.tensors(2).size, square.trivial(3).size, square.points([[1, 0], [0, 1], [-1, 0], [0, -1]]).size
    (4, 3, 4)
    """

    generators: Matrices
    algebra: Matrices = ()
    name: str = ""

    def __post_init__(self) -> None:
        if not self.generators and not self.algebra:
            raise ValueError("generators: expected one or more matrices, or such of the algebra, got none")
        if any(not float(torch.linalg.det(one).abs()) > 1e-9 for one in self.generators):
            raise ValueError("generators: expected matrices with an inverse")

    @staticmethod
    @checked
    def from_permutations(permutations: tuple[Naturals, ...], name: str = "") -> Group:
        """The group that permutations generate, each a list of the images of 0, …, M − 1.

        Raises ValueError where a list is no permutation.
        """
        for one in permutations:
            if sorted(one) != list(range(len(one))):
                raise ValueError(f"permutations: expected each of 0, …, M − 1 once, got {list(one)}")
        eyes = [torch.eye(len(one), dtype=torch.float64) for one in permutations]
        return Group([eye[:, list(one)] for eye, one in zip(eyes, permutations, strict=True)], (), name)

    @cached_property
    def listed(self) -> tuple[list[np.ndarray], list[tuple[int, int]]]:
        """All elements, and of each which (element, generator) it is the product of. Raises ValueError for too many."""
        found = None if self.algebra else closure([one.numpy() for one in self.generators])
        if found is None:
            raise ValueError(f"group: expected a finite one of at most {LIMIT} elements, got {self.name or 'another'}")
        return found

    @property
    def elements(self) -> Tensor:
        """All elements of a finite group, shape (order, n, n), the identity first. Raises ValueError for others."""
        return torch.from_numpy(np.stack(self.listed[0]))

    @property
    def order(self) -> int:
        """The number of elements. Raises ValueError for an infinite group."""
        return len(self.listed[0])

    def vectors(self) -> Action:
        """The group as it is, on vectors; for permutations, on sets of M numbers."""
        return Action(self, self.generators, self.algebra)

    @checked
    def trivial(self, size: Count = 1) -> Action:
        """Nothing moves: numbers that say the same from every side."""
        eye = torch.eye(size, dtype=torch.float64)
        return Action(self, [eye] * len(self.generators), [0 * eye] * len(self.algebra))

    @checked
    def tensors(self, order: Count) -> Action:
        """Tensors with `order` indices; for permutations, values on pairs (graphs), triples, and so on."""
        found = self.vectors()
        for _ in range(order - 1):
            found = found * self.vectors()
        return found

    def regular(self) -> Action:
        """Functions on the group itself, in the order of `elements`, (T_g f)(u) = f(g⁻¹u). Raises ValueError if it is
        infinite."""
        return self._moving(self.elements.flatten(1), left=True)

    @checked
    def images(self, size: Count) -> Action:
        """Images of size × size pixels, or voxels in space, row by row, moved about their centre, exactly.

        The first coordinate of a pixel points down the rows. Raises ValueError where pixels do not fall on pixels.
        """
        half = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
        dimension = self.generators[0].shape[-1] if self.generators else 2
        if dimension > 3:
            raise ValueError(f"self: expected a group of the plane or of space, got one on {dimension} coordinates")
        places = torch.cartesian_prod(*[half] * dimension).reshape(size**dimension, dimension)
        return self._moving(places)

    @checked
    def points(self, places: Matrix) -> Action:
        """Functions on points (P, n) that the group moves among themselves, such as the corners of a cube.

        Raises ValueError where a point is moved to none of them, or stands there twice.
        """
        if self.generators and places.shape[1] != self.generators[0].shape[-1]:
            raise ValueError(f"places: expected shape (P, {self.generators[0].shape[-1]}), got {tuple(places.shape)}")
        return self._moving(places, name="places")

    def _moving(self, places: Tensor, left: bool = False, name: str = "self") -> Action:
        """The same, also for points that are matrices (P, n·n) multiplied from the left."""
        if self.algebra:
            raise ValueError("self: expected a finite group, points do not stay in place under others")
        moved = []
        for one in self.generators:
            to = (one @ places.unflatten(1, one.shape)).flatten(1) if left else places @ one.T
            near = torch.cdist(to, places, compute_mode="donot_use_mm_for_euclid_dist")
            arrived = near.argmin(1)
            if float(near.amin(1).max()) > 1e-6 or len(arrived.unique()) < len(arrived):
                raise ValueError(f"{name}: expected points that the group moves to one another, each of them once")
            moved.append(torch.eye(len(places), dtype=places.dtype)[:, arrived])
        return Action(self, moved)


class Action(Record):
    """An action of a group on vectors: one matrix (n, n) per generator, of elements and of the algebra.

    a + b acts on both side by side, a * b on their products, 3 * a on three copies. Raises ValueError where there are
    not as many matrices as generators.

    >>> flip = Group([[[-1.0]]])
    >>> both = Action(flip, [[[0.0, 1.0], [1.0, 0.0]]]) + 2 * flip.vectors()
    >>> both.size, (both * both).size, both.elements.shape
    (4, 16, torch.Size([2, 4, 4]))
    """

    group: Group
    generators: Matrices
    algebra: Matrices = ()

    def __post_init__(self) -> None:
        for name in ("generators", "algebra"):
            wanted, found = len(getattr(self.group, name)), len(getattr(self, name))
            if wanted != found:
                raise ValueError(f"{name}: expected {wanted} matrices, one per generator of the group, got {found}")

    @property
    def size(self) -> int:
        """n, the number of coordinates that are moved."""
        return (self.generators or self.algebra)[0].shape[-1]

    @cached_property
    def elements(self) -> Tensor:
        """The matrix of each element, shape (order, n, n), in the order of those of the group, which is finite."""
        matrices = [one.numpy() for one in self.generators]
        found = [np.eye(self.size)]
        for before, number in self.group.listed[1][1:]:
            found.append(found[before] @ matrices[number])
        return torch.from_numpy(np.stack(found))

    @property
    def characters(self) -> Tensor:
        """χ(g) = tr ρ(g) of every element of a finite group, shape (order,)."""
        return self.elements.diagonal(dim1=-2, dim2=-1).sum(-1)

    def __add__(self, other: Action) -> Action:
        pairs = zip(self.generators, other.generators, strict=True), zip(self.algebra, other.algebra, strict=True)
        return Action(self.group, *[[torch.block_diag(a, b) for a, b in one] for one in pairs])

    def __mul__(self, other: Action) -> Action:
        def turned(a: Tensor, b: Tensor) -> Tensor:
            one, two = (torch.eye(len(x), dtype=x.dtype) for x in (a, b))
            return kron(a, two) + kron(one, b)  # the derivative of a product

        elements = [kron(a, b) for a, b in zip(self.generators, other.generators, strict=True)]
        return Action(self.group, elements, [turned(a, b) for a, b in zip(self.algebra, other.algebra, strict=True)])

    def __rmul__(self, copies: int) -> Action:
        return self.group.trivial(copies) * self


def _turn(angle: float) -> Tensor:
    angle = torch.tensor(angle, dtype=torch.float64)
    return torch.stack([torch.stack([angle.cos(), -angle.sin()]), torch.stack([angle.sin(), angle.cos()])])


@checked
def cyclic(order: Count) -> Group:
    """C_n: turns of the plane by multiples of 2π/n.

    >>> cyclic(4).order
    4
    """
    found = _turn(2 * np.pi / order)
    return Group([found.round() if order in (1, 2, 4) else found], (), f"C{order}")


@checked
def dihedral(order: Count) -> Group:
    """D_n: turns of the plane by multiples of 2π/n, and mirror images, 2n elements.

    >>> dihedral(4).order
    8
    """
    return Group([*cyclic(order).generators, [[1.0, 0.0], [0.0, -1.0]]], (), f"D{order}")


@checked
def symmetric(count: Count) -> Group:
    """S_M: all permutations of M things, generated by a swap and a cycle.

    >>> symmetric(4).order, symmetric(5).tensors(2).size
    (24, 25)
    """
    swap = [1, 0, *range(2, count)][:count] if count > 1 else [0]
    return Group.from_permutations([swap, [*range(1, count), 0]], f"S{count}")


@checked
def translations(*, rows: Count, columns: Count = 1) -> Group:
    """Shifts of a grid of rows × columns pixels, with what leaves at one side entering at the other.

    >>> translations(rows=3, columns=4).order
    12
    """
    grid = np.arange(rows * columns).reshape(rows, columns)
    moves = [np.roll(grid, -1, axis).ravel().tolist() for axis in (0, 1)]
    return Group.from_permutations(moves, f"translations of {rows} × {columns}")


@checked
def octahedral() -> Group:
    """O: the 24 turns of space that keep a cube in place.

    >>> octahedral().order
    24
    """
    about_z = [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    about_x = [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
    return Group([about_z, about_x], (), "O")


@checked
def rotations(dimension: Literal[2, 3]) -> Group:
    """SO(2) or SO(3), by generators of its algebra: turns by any angle, about z first.

    >>> rotations(3).tensors(2).algebra[0].shape
    torch.Size([9, 9])
    """
    if dimension == 2:
        return Group([], [[[0.0, -1.0], [1.0, 0.0]]], "SO(2)")
    found = torch.zeros(3, 3, 3, dtype=torch.float64)
    for place, (i, j) in enumerate([(0, 1), (1, 2), (2, 0)]):
        found[place, i, j], found[place, j, i] = -1.0, 1.0
    return Group([], list(found), "SO(3)")
