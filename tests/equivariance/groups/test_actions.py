"""Groups and actions: by hand, and the laws that they have to keep."""

import pytest
import torch

from lecturelib.equivariance import (
    Action,
    Group,
    cyclic,
    dihedral,
    equivariant_basis,
    octahedral,
    rotations,
    symmetric,
    translations,
)

GROUPS = [cyclic(5), dihedral(4), symmetric(4), octahedral(), translations(rows=2, columns=3)]


@pytest.mark.parametrize(("group", "order"), list(zip(GROUPS, (5, 8, 24, 24, 6), strict=True)), ids=str)
def test_the_number_of_elements(group, order):
    assert group.order == order
    assert group.elements[0].equal(torch.eye(group.elements.shape[-1]).double())
    assert len({tuple(one.flatten().mul(1e6).round().tolist()) for one in group.elements}) == order


def test_permutations_move_what_is_at_i():
    cycle = Group.from_permutations([[1, 2, 0]])
    assert (cycle.vectors().generators[0] @ torch.tensor([5.0, 6.0, 7.0]).double()).tolist() == [7, 5, 6]
    # a pair (0, 1) becomes (1, 2)
    pair = torch.zeros(9).double()
    pair[1] = 1
    assert (cycle.tensors(2).generators[0] @ pair).reshape(3, 3)[1, 2] == 1


def test_images_turn_as_torch_turns_them():
    image = torch.arange(16.0).double().reshape(4, 4)
    moved = cyclic(4).images(4).generators[0] @ image.flatten()
    assert moved.reshape(4, 4).equal(image.rot90(1))
    with pytest.raises(ValueError, match=r"^self: expected points"):
        cyclic(3).images(3)


def test_translations_shift_rows_and_columns():
    down, right = translations(rows=2, columns=3).vectors().generators
    image = torch.arange(6.0).double()
    assert (down @ image).tolist() == [3, 4, 5, 0, 1, 2]
    assert (right @ image).tolist() == [2, 0, 1, 5, 3, 4]


@pytest.mark.parametrize("group", [dihedral(3), symmetric(3), octahedral()], ids=lambda one: one.name)
def test_actions_keep_products(group):
    """ρ(gh) = ρ(g) ρ(h) for all g and h, of the regular action, of sums, products and copies."""
    elements = group.elements
    for action in (group.regular(), group.vectors() + group.trivial(2), group.tensors(2), 2 * group.vectors()):
        for number in (1, 2, len(elements) - 1):
            after = elements[number] @ elements
            place = torch.cdist(after.flatten(1), elements.flatten(1)).argmin(1)
            torch.testing.assert_close(action.elements[place], action.elements[number] @ action.elements)


def test_the_regular_action_is_free():
    assert octahedral().regular().characters.tolist() == [24] + [0] * 23


def test_the_algebra_is_the_derivative():
    space = rotations(3)
    both = space.tensors(2), space.vectors() + space.trivial()
    for k in range(3):
        turn = space.algebra[k].mul(0.3).matrix_exp()
        torch.testing.assert_close(both[0].algebra[k].mul(0.3).matrix_exp(), torch.kron(turn, turn))
        ends = torch.block_diag(turn, torch.eye(1).double())
        torch.testing.assert_close(both[1].algebra[k].mul(0.3).matrix_exp(), ends)
    about_z = space.algebra[0].mul(torch.pi / 2).matrix_exp()
    torch.testing.assert_close(about_z @ torch.tensor([1.0, 0, 0]).double(), torch.tensor([0.0, 1, 0]).double())


def test_matrices_may_be_transposed_views():
    group = dihedral(4)
    dual = Action(group, [torch.linalg.inv(one).T for one in group.generators])  # those of orthogonal ones, again
    for mine, known in zip((dual * dual).generators, group.tensors(2).generators, strict=True):
        torch.testing.assert_close(mine, known)
    space = rotations(3)
    assert len(equivariant_basis(Action(space, [], [-one.T for one in space.algebra]), space.vectors())) == 1


def test_what_is_refused():
    with pytest.raises(ValueError, match="^generators: expected matrices with an inverse"):
        Group([[[1.0, 0.0], [0.0, 0.0]]])
    with pytest.raises(ValueError, match="^permutations: expected each"):
        Group.from_permutations([[0, 0]])
    with pytest.raises(ValueError, match="^group: expected a finite one"):
        Group([[[1.0, 1.0], [0.0, 1.0]]]).elements  # noqa: B018
    with pytest.raises(ValueError, match="^group: expected a finite one"):
        rotations(2).order  # noqa: B018
    with pytest.raises(ValueError, match="^generators: expected 2 matrices"):
        Action(dihedral(3), [[[1.0]]])
    with pytest.raises(ValueError, match="^places: expected points"):
        dihedral(4).points([[1.0, 0.0], [0.0, 1.0]])
