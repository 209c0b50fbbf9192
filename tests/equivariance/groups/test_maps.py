"""Bases of equivariant maps: by hand, numbers that are known, three ways to the same space, and what is refused."""

import pytest
import torch

from lecturelib.equivariance import (
    EquivariantLinear,
    Group,
    assert_equivariant,
    average,
    cyclic,
    dihedral,
    dimension,
    equivariant_basis,
    octahedral,
    rotations,
    symmetric,
    translations,
)
from lecturelib.equivariance.groups.maps import _by_constraints, _pairs

SWAP = [[[0.0, 1.0], [1.0, 0.0]]]
SHEARED = Group([[[2.0, -5.0], [1.0, -2.0]]])  # four times it is the identity, and it is not orthogonal


def projector(basis):
    return basis.flatten(1).T @ basis.flatten(1)


def by_equations(one, other):
    """The basis from all equations at once, for any two actions."""
    elements, algebra = _pairs(one, other)
    return _by_constraints([*elements, *algebra])


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def test_two_numbers_by_hand():
    basis = equivariant_basis(SWAP, SWAP)
    torch.testing.assert_close((basis * 2**0.5).round().sum(0), torch.ones(2, 2).double())
    assert sorted(one.flatten().tolist() for one in (basis * 2**0.5).round()) == [[0, 1, 1, 0], [1, 0, 0, 1]]


@pytest.mark.parametrize("nodes", range(1, 7))
def test_graphs_are_counted_by_partitions(nodes):
    pairs = symmetric(nodes).tensors(2)
    assert len(equivariant_basis(pairs, pairs)) == {1: 1, 2: 8, 3: 14}.get(nodes, 15)


def cases():
    square, cube, plane, space = dihedral(4), octahedral(), rotations(2), rotations(3)
    yield square.images(3), square.vectors() + square.trivial(), 5
    yield cube.tensors(3), cube.tensors(2), 10
    yield cyclic(4).vectors(), cyclic(4).vectors(), 2
    yield square.vectors(), square.vectors(), 1
    yield SHEARED.vectors(), SHEARED.vectors() + SHEARED.regular(), 4
    yield square.vectors(), square.trivial(), 0
    yield plane.tensors(2), plane.tensors(2), 6
    yield space.tensors(2), space.vectors(), 1
    yield space.tensors(2), space.tensors(2), 3
    yield translations(rows=2, columns=3).vectors(), translations(rows=2, columns=3).vectors(), 6


@pytest.mark.parametrize(("one", "other", "count"), list(cases()))
def test_the_space_the_number_and_the_layer(one, other, count):
    basis = equivariant_basis(one, other)
    assert basis.shape == (count, other.size, one.size)
    assert dimension(one, other) == count
    torch.testing.assert_close(basis.flatten(1) @ basis.flatten(1).T, torch.eye(count).double())
    known = by_equations(one, other)
    torch.testing.assert_close(projector(basis), projector(known))
    if not one.algebra:  # the same from matrices alone, of which nobody says that they are a group
        again = equivariant_basis(list(one.generators), list(other.generators))
        torch.testing.assert_close(projector(basis), projector(again))
    layer = EquivariantLinear(one, other, generator=draw())
    assert assert_equivariant(layer, one, other) < 1e-10
    fixed = by_equations(one.group.trivial(), other)
    assert len(layer.offsets) == len(fixed)


def test_matrices_that_are_no_finite_group():
    stretch = [[[2.0, 0.0], [0.0, 0.5]]]
    found = equivariant_basis(stretch, stretch)
    torch.testing.assert_close(projector(found), torch.diag(torch.tensor([1.0, 0, 0, 1])).double())


def test_an_offset_that_moves_is_noticed():
    layer = EquivariantLinear(SWAP, SWAP, generator=draw())
    with torch.no_grad():
        layer.offsets += 3
    assert assert_equivariant(layer, SWAP, SWAP) < 1e-12
    with pytest.raises(AssertionError, match=r"^module: not equivariant, the error is [\d.]+ at generator 0"):
        assert_equivariant(lambda x: x + torch.tensor([0.0, 1.0]), SWAP, SWAP)


def test_the_generator_that_shows_it_is_named():
    square = dihedral(4)
    with pytest.raises(AssertionError, match="generator 1"):  # the quarter turn commutes with turns, not with mirrors
        assert_equivariant(lambda x: x @ square.generators[0], square.vectors(), square.vectors())
    with pytest.raises(AssertionError, match="of the algebra"):
        assert_equivariant(torch.relu, rotations(2).vectors(), rotations(2).vectors())
    with pytest.raises(AssertionError, match="nan"):
        assert_equivariant(lambda x: x / 0 * 0, SWAP, SWAP)


def test_a_module_of_another_shape_and_precision():
    class Mean(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(()))

        def forward(self, x):
            assert x.shape[1:] == (1, 3, 3)
            assert x.dtype == torch.float32
            return self.scale * x.mean((2, 3))

    turns = cyclic(4)
    assert assert_equivariant(Mean(), turns.images(3), turns.trivial(), shape=(1, 3, 3)) < 1e-6
    with pytest.raises(ValueError, match="^shape: expected 9 numbers"):
        assert_equivariant(Mean(), turns.images(3), turns.trivial(), shape=(1, 3))
    with pytest.raises(ValueError, match="^module: expected 2 outputs"):
        assert_equivariant(Mean(), turns.images(3), turns.vectors(), shape=(1, 3, 3))


@pytest.mark.parametrize("group", [dihedral(4), SHEARED], ids=["D4", "sheared"])
def test_averages_are_equivariant(group):
    matrix = torch.randn(3, 2, generator=draw()).double()

    def function(x):
        return torch.sin(x @ matrix.T + 0.3)[..., :2]

    vectors = group.vectors()
    with pytest.raises(AssertionError):
        assert_equivariant(function, vectors, vectors)
    assert_equivariant(average(function, vectors, vectors), vectors, vectors, tolerance=1e-10)
    invariant = average(lambda x: function(x)[..., :1], vectors)
    assert_equivariant(invariant, vectors, group.trivial(), tolerance=1e-10)
    again = average(average(function, vectors, vectors), vectors, vectors)
    x = torch.randn(5, 2, generator=draw(1)).double()
    torch.testing.assert_close(again(x), average(function, vectors, vectors)(x))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="^rho_out: expected an action of the same group"):
        equivariant_basis(cyclic(3).vectors(), cyclic(4).vectors())
    with pytest.raises(ValueError, match="^rho_out: expected 1 matrices"):
        equivariant_basis(SWAP, SWAP + SWAP)
    with pytest.raises(ValueError, match="^x: expected shape"):
        EquivariantLinear(SWAP, SWAP, generator=draw())(torch.ones(3))
    shift = Group([], [[[0.0, 1.0], [0.0, 0.0]]])
    with pytest.raises(ValueError, match="^rho_in: expected an action of a finite group"):
        dimension(shift.vectors(), shift.vectors())
    assert len(equivariant_basis(shift.vectors(), shift.vectors())) == 2  # polynomials of the shear


def test_a_layer_learns():
    one = symmetric(3).vectors()
    layer = EquivariantLinear(one, one, generator=draw())
    x = torch.randn(20, 3, generator=draw(1)).double()
    target = 2 * x - x.sum(1, keepdim=True)
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=50)

    def closure():
        optimizer.zero_grad()
        loss = (layer(x) - target).square().mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    torch.testing.assert_close(layer.weight, 2 * torch.eye(3).double() - 1, atol=1e-4, rtol=0)
