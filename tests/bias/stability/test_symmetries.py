"""Flat directions: counted by hand for small networks, checked to be flat, and errors that name the argument."""

import pytest
import torch

from lecturelib.bias import Multilayer, flat_directions, random_network, settle, square_loss
from lecturelib.bias.stability.checks_more import best_alone, copies
from lecturelib.bias.stability.curvature import dense


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(11)


def fitted(net, x):
    """The loss on data that the network fits exactly."""
    return square_loss(net, x, net(x))


def test_the_valley_by_hand():
    valley = Multilayer([[[2.0]], [[0.5]]], "linear")
    found = flat_directions(valley, square_loss(valley, [[1.0]], [[1.0]]))
    assert found.counts == {"scaling": 0, "mixing": 1, "twins": 0, "rest": 0}
    assert found.eigenvalues.tolist() == pytest.approx([0.0, 4.25])
    direction = found.mixing[0] / found.mixing[0, 0]
    assert direction.tolist() == pytest.approx([1.0, -0.25])  # along (u, −v)


def test_relu_neurons_trade_in_for_out_without_a_penalty(generator):
    net = random_network([3, 4, 2], "relu", generator=generator)
    x = torch.randn(40, 3, generator=generator, dtype=torch.float64)
    assert flat_directions(net, fitted(net, x), x).counts == {"scaling": 4, "mixing": 0, "twins": 0, "rest": 0}
    square = Multilayer(net.weights, "square")
    assert flat_directions(square, fitted(square, x), x).counts["scaling"] == 4
    tanh = Multilayer(net.weights, "tanh")
    assert sum(flat_directions(tanh, fitted(tanh, x), x).counts.values()) == 0


def test_what_no_symmetry_explains_is_the_rest(generator):
    net = random_network([3, 4, 1], "tanh", generator=generator)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    assert flat_directions(net, fitted(net, x)).counts == {"scaling": 0, "mixing": 0, "twins": 0, "rest": 16 - 5}


def test_all_layers_of_a_deep_linear_network_mix(generator):
    x = torch.randn(9, 5, generator=generator, dtype=torch.float64)
    # behind a layer that is narrower W_1 may also move in the kernel of W_2: 5 directions, 3 of them by mixing
    for widths, mixing, rest in (([5, 3, 3, 4], 9 + 9, 0), ([5, 3, 2, 4], 9 + 4, 2)):
        net = random_network(widths, generator=generator)
        counts = flat_directions(net, fitted(net, x)).counts
        assert counts == {"scaling": 0, "mixing": mixing, "twins": 0, "rest": rest}


@pytest.mark.parametrize("by_inputs", [True, False])
def test_twins_share_at_one_penalty(by_inputs):
    w = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64)
    x, y = best_alone(w, w.norm())
    for shares, twins in (([1.0], 0), ([0.25, 0.75], 1), ([0.2, 0.3, 0.5], 2)):
        net = copies(w, w.norm(), torch.tensor(shares, dtype=torch.float64))
        loss = square_loss(net, x, y, penalty=0.2)
        counts = flat_directions(net, loss, x if by_inputs else None).counts
        assert counts == {"scaling": 0, "mixing": 0, "twins": twins, "rest": 0}


def test_rows_are_an_orthonormal_basis_of_what_is_flat(generator):
    start = random_network([4, 3, 3], generator=generator)
    x, y = (torch.randn(8, size, generator=generator, dtype=torch.float64) for size in (4, 3))
    loss = square_loss(start, x, y, penalty=0.1)
    net = start.at(settle(loss, start.vector))
    found = flat_directions(net, loss)
    rows = torch.cat([found.scaling, found.mixing, found.twins, found.rest])
    assert found.counts["mixing"] == len(rows) == 3
    torch.testing.assert_close(rows @ rows.T, torch.eye(3, dtype=torch.float64))
    assert float((rows @ dense(loss, net.vector)).abs().max()) < 1e-9
    turned = net.vector + 1e-3 * rows[0]
    assert float(loss(turned) - loss(net.vector)) < 1e-10  # a quadratic one of curvature 0.1 would give 5e-8


def test_errors_name_the_argument(generator):
    net = random_network([3, 2, 1], "tanh", generator=generator)
    x, y = torch.ones(2, 3).double(), torch.ones(2, 1).double()
    with pytest.raises(ValueError, match="model: expected a critical point"):
        flat_directions(net, square_loss(net, x, y))
    with pytest.raises(ValueError, match="model: expected a single Multilayer, got an ensemble"):
        flat_directions(random_network([3, 2, 1], generator=generator, ensemble=(2,)), square_loss(net, x, y))
    with pytest.raises(ValueError, match="x: expected"):
        flat_directions(net, fitted(net, x), torch.ones(2, 5))
    with pytest.raises(ValueError, match="loss: expected a function of a vector of 8 numbers"):
        flat_directions(net, lambda theta: theta)
