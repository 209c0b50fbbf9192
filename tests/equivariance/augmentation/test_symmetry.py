"""Losses over moved data by hand and by a loop, filters that are made symmetric, forbidden directions, and refusals."""

import math

import pytest
import torch
from torch import nn

from lecturelib.equivariance import (
    Action,
    asymmetry,
    augmented_loss,
    cyclic,
    dihedral,
    forbidden_directions,
    rotations,
    symmetric,
    symmetrize,
)

SWAP = symmetric(2).vectors()
X, Y = torch.tensor([[2.0, 1.0]]).double(), torch.tensor([1.0]).double()


def square(f, y):
    return (f - y) ** 2 / 2


def normal(*shape, seed=1):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_example_on_paper():
    w = torch.tensor([1.0, 0.0]).double().requires_grad_()
    loss = augmented_loss(lambda x: x @ w, SWAP, square)(X, Y)
    assert loss.detach().item() == 0.25
    assert torch.autograd.grad(loss, w)[0].tolist() == [1.0, 0.5]
    assert float(augmented_loss(lambda x: x @ w, SWAP, square, worst=True)(X, Y).detach()) == 0.5


def test_images_go_in_whole_and_each_datum_has_its_own_worst_position():
    x, y = normal(3, 1, 4, 4), torch.tensor([0.0, 1.0, 2.0]).double()
    model = lambda z: (z[:, 0] ** 3 * torch.arange(16.0).double().reshape(4, 4)).sum((1, 2))  # noqa: E731
    each = torch.stack([square(model(x.rot90(k, (2, 3))), y) for k in range(4)])
    images = cyclic(4).images(4)
    torch.testing.assert_close(augmented_loss(model, images, square)(x, y), each.mean())
    torch.testing.assert_close(augmented_loss(model, images, square, worst=True)(x, y), each.amax(0).mean())


def test_a_loss_may_be_a_mean_already_and_precision_stays():
    found = augmented_loss(lambda x: x.sum(1), SWAP, nn.functional.mse_loss)(X.float(), Y.float())
    assert found.dtype == torch.float32
    assert float(found) == 4.0


def test_labels_are_repeated_as_the_data_are():
    model = lambda x: torch.stack([x[:, 0], x[:, 1], 0 * x[:, 0]], 1)  # noqa: E731
    x, y = normal(4, 2), torch.tensor([0, 1, 2, 1])
    by_hand = (nn.functional.cross_entropy(model(x), y) + nn.functional.cross_entropy(model(x.flip(1)), y)) / 2
    torch.testing.assert_close(augmented_loss(model, SWAP, nn.functional.cross_entropy)(x, y), by_hand)


def test_what_a_loss_refuses():
    with pytest.raises(ValueError, match=r"^x: expected shape \(N, …\) with 2 numbers each, got \(1, 3\)"):
        augmented_loss(lambda x: x, SWAP, square)(torch.ones(1, 3), Y)
    with pytest.raises(ValueError, match="^y: expected 1 rows"):
        augmented_loss(lambda x: x, SWAP, square)(X, torch.ones(2))
    with pytest.raises(ValueError, match=r"^loss: expected one number for each datum, \(2,\)"):
        augmented_loss(lambda x: x, SWAP, lambda f, y: f)(X, Y)
    with pytest.raises(ValueError, match="^loss: expected one number for each datum"):
        augmented_loss(lambda x: x[:, 0], SWAP, nn.functional.mse_loss, worst=True)(X, Y)
    with pytest.raises(ValueError, match="^group: expected a finite one"):
        augmented_loss(lambda x: x, rotations(2).vectors(), square)


def test_symmetric_filters_of_orthogonal_and_other_groups():
    w = normal(2, 3, 9)
    images = dihedral(4).images(3)
    made = symmetrize(w, images)
    assert made.shape == w.shape
    for one in (made.reshape(2, 3, 3, 3).rot90(1, (2, 3)), made.reshape(2, 3, 3, 3).flip(2)):
        torch.testing.assert_close(one.flatten(2), made)
    sheared = Action(cyclic(2), [[[1.0, 1.0], [0.0, -1.0]]])
    assert symmetrize([[3.0, 1.0]], sheared).tolist() == [[3.0, 1.5]]
    assert float(asymmetry([[2.0, 1.0]], sheared)) == 0


def test_distance_from_symmetric_by_hand():
    assert float(asymmetry([[3.0, 1.0]], SWAP)) == pytest.approx(math.sqrt(2 / 10))
    # (3, 1) becomes (1, 3), which is 2√2 from it; the identity moves nothing
    assert float(asymmetry([[3.0, 1.0]], SWAP, as_set=True)) == pytest.approx(math.sqrt((8 + 0) / 2 / 10))
    both = asymmetry(torch.stack([normal(4, 9), torch.ones(4, 9).double()]), cyclic(4).images(3), as_set=True)
    assert both.shape == (2,)
    assert both[1] == 0 < both[0]
    assert float(asymmetry([[0.0, 0.0]], SWAP)) == 0
    with pytest.raises(ValueError, match=r"^weights: expected shape \(..., 2\)"):
        asymmetry([[1.0, 2.0, 3.0]], SWAP)


def network(seed=0):
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)).double()
    with torch.no_grad():
        for k, one in enumerate(net.parameters()):
            one.copy_(normal(*one.shape, seed=seed + k))
    return net


def test_directions_are_turns_of_all_filters_together():
    net, space = network(), rotations(3).vectors()
    found = forbidden_directions(net, lambda m: m[0].weight.norm(dim=1).sum() + m[2].weight.sum(), space)
    assert found.directions.shape == (3, 4, 3)
    torch.testing.assert_close(found.directions[0], net[0].weight.detach() @ space.algebra[0])
    assert float(found.slopes.abs().max()) < 1e-15
    other = forbidden_directions(net, lambda m: m[0].weight[:, 0].sum(), space)
    along = float(other.directions[0][:, 0].sum())
    assert float(other.slopes[0]) == pytest.approx(along / (2 * float(other.directions[0].norm())))


def test_a_filter_that_does_not_move_has_the_slope_0():
    net = nn.Linear(3, 1, bias=False).double()
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[0.0, 0.0, 2.0]]))
    found = forbidden_directions(net, lambda m: m.weight.sum(), rotations(3).vectors().algebra[:1])
    assert found.slopes.tolist() == [0.0]


def test_what_directions_refuse():
    net = network()
    with pytest.raises(ValueError, match="^generators: expected one or more"):
        forbidden_directions(net, lambda m: m[0].weight.sum(), SWAP)
    with pytest.raises(ValueError, match=r"^model: expected a first parameter of shape \(k, 2\), got \(4, 3\)"):
        forbidden_directions(net, lambda m: m[0].weight.sum(), rotations(2).vectors())
    with pytest.raises(ValueError, match=r"^model: expected a first parameter of shape \(k, 2\), got none"):
        forbidden_directions(nn.Tanh(), lambda m: 0, rotations(2).vectors())
    for loss in (lambda m: 1.0, lambda m: m[0].weight, lambda m: torch.ones(())):
        with pytest.raises(ValueError, match="^loss: expected one number that depends"):
            forbidden_directions(net, loss, rotations(3).vectors())
