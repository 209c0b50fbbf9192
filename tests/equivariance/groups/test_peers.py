"""Bases against three packages: e3nn as it runs, emlp and escnn as `make_emlp.py` and `make_escnn.py` stored them."""

import json
from pathlib import Path

import pytest
import torch
from e3nn import o3
from torch import Tensor

from lecturelib.equivariance import Action, Group, cyclic, dihedral, dimension, equivariant_basis, rotations, symmetric


def stored(name: str) -> list[dict]:
    return json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))["cases"]


def projector(basis: Tensor) -> Tensor:
    """On the span of maps, which need not be orthonormal."""
    flat = basis.flatten(1)
    return torch.linalg.pinv(flat) @ flat


@pytest.fixture
def doubles():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def turns() -> Tensor:
    """Two turns of space of which all others are limits of products."""
    angles = torch.tensor([[0.3, 1.1, -0.7], [2.0, 0.4, 0.9]], dtype=torch.float64)
    return torch.stack([o3.angles_to_matrix(*one) for one in angles])


@pytest.mark.parametrize(
    ("inside", "outside"), [("2x0e+1x1e+2x2e", "1x0e+2x1e+1x2e+1x3e"), ("1x1e+1x3e", "1x2e"), ("3x1e", "2x1e+1x0e")]
)
def test_layers_of_e3nn_are_all_equivariant_maps(doubles, inside, outside):
    ends = o3.Irreps(inside), o3.Irreps(outside)
    found = equivariant_basis(*[[one.D_from_matrix(turn) for turn in turns()] for one in ends])
    layer = o3.Linear(*ends)
    assert len(found) == layer.weight_numel
    if not len(found):
        return
    maps = []
    for k in range(layer.weight_numel):
        with torch.no_grad():
            layer.weight.zero_()[k] = 1
        maps.append(layer(torch.eye(ends[0].dim)).detach().T)
    assert torch.allclose(projector(found), projector(torch.stack(maps)), atol=1e-9)


@pytest.mark.parametrize("degree", range(4))
def test_products_of_vectors_go_to_irreps_as_e3nn_couples_them(doubles, degree):
    space = rotations(3)
    irrep = o3.Irreps(f"1x{degree}e")
    vectors = [o3.Irreps("1x1e").D_from_matrix(turn) for turn in turns()]
    for mine, turn in zip(vectors, turns(), strict=True):  # its vectors are ours, coordinate by coordinate
        assert torch.allclose(mine, turn, atol=1e-9)
    found = equivariant_basis(
        [torch.kron(one, one) for one in vectors], [irrep.D_from_matrix(turn) for turn in turns()]
    )
    if degree > 2:
        assert len(found) == 0
        return
    coupling = o3.wigner_3j(1, 1, degree, dtype=torch.float64).flatten(0, 1).T
    assert torch.allclose(projector(found), projector(coupling[None]), atol=1e-9)
    assert dimension(space.tensors(2), space.tensors(2)) == 3  # one for each degree


def test_three_parts_of_a_matrix_are_those_of_e3nn(doubles):
    pair = rotations(3).tensors(2)
    parts = [o3.wigner_3j(1, 1, degree, dtype=torch.float64).flatten(0, 1) for degree in range(3)]
    expected = torch.stack([part @ part.T for part in parts])  # projections on each of them
    assert torch.allclose(projector(equivariant_basis(pair, pair)), projector(expected), atol=1e-9)


GROUPS = {"S4": symmetric(4), "S5": symmetric(5), "SO3": rotations(3), "SO2": rotations(2)}
GROUPS["C5"] = Group.from_permutations([[1, 2, 3, 4, 0]])


@pytest.mark.parametrize("case", stored("emlp"), ids=lambda one: f"{one['group']}-{one['inputs']}-{one['outputs']}")
def test_equals_emlp(case):
    group = GROUPS[case["group"]]
    ends = [group.tensors(order) if order else group.trivial() for order in (case["inputs"], case["outputs"])]
    found = equivariant_basis(*ends)
    assert len(found) == dimension(*ends) == case["count"]
    if "basis" in case:
        theirs = torch.tensor(case["basis"], dtype=torch.float64)
        assert torch.allclose(projector(found), projector(theirs), atol=1e-5)  # theirs are in single precision


@pytest.mark.parametrize("case", stored("escnn"), ids=lambda one: f"{one['group']}-{one['inputs']}-{one['size']}")
def test_filters_of_escnn_are_some_of_all(case):
    """Its filters are smooth in the angle, since other groups turn them by less than a quarter: inclusion only."""
    plane = {"C4": cyclic(4), "D4": dihedral(4)}[case["group"]]
    inside, outside = (Action(plane, case[f"moves_{side}"]) for side in ("inputs", "outputs"))
    given = inside * plane.images(case["size"])
    found = equivariant_basis(given, outside)
    filters = torch.tensor(case["filters"], dtype=torch.float64)
    assert filters.shape[1] == found[0].numel()
    left = filters - filters @ projector(found)
    assert float(left.norm() / filters.norm()) < 1e-4
    assert torch.linalg.matrix_rank(filters, atol=1e-3) == len(filters) < len(found) == dimension(given, outside)
    # turned the other way the same filters would not do
    back = [Action(one.group, [move.T for move in one.generators]) for one in (inside, outside)]
    other = equivariant_basis(back[0] * plane.images(case["size"]), back[1])
    assert float((filters - filters @ projector(other)).norm() / filters.norm()) > 0.1
