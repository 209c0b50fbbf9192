"""Multilayer networks as vectors: by hand, against torch's modules, ensembles, and errors that name the argument."""

import pytest
import torch
from torch import nn

from lecturelib.bias import Multilayer, random_network, square_loss

HAND = Multilayer([[[1.0, 2.0], [0.0, -1.0]], [[1.0, 3.0]]], "relu")


def test_a_network_worked_by_hand():
    assert HAND([[1.0, 1.0], [1.0, -1.0]]).tolist() == [[3.0], [3.0]]  # (3, 0), then (0, 1)
    assert HAND.vector.tolist() == [1.0, 2.0, 0.0, -1.0, 1.0, 3.0]
    assert HAND.at(2 * HAND.vector)([[1.0, 1.0]]).tolist() == [[12.0]]
    loss = square_loss(HAND, [[1.0, 1.0]], [[1.0]], penalty=0.5)
    assert float(loss(HAND.vector)) == 0.5 * 2**2 + 0.25 * 16
    assert Multilayer(HAND.weights, "square")([[1.0, 1.0]]).tolist() == [[12.0]]
    assert Multilayer(HAND.weights, "linear")([[1.0, 1.0]]).tolist() == [[0.0]]


@pytest.mark.parametrize(("module", "name"), [(nn.ReLU, "relu"), (nn.Tanh, "tanh"), (nn.Identity, "linear")])
def test_modules_compute_the_same(module, name):
    with torch.random.fork_rng():
        layers = nn.Sequential(nn.Linear(3, 4, bias=False), module(), nn.Linear(4, 2, bias=False)).double()
    net, x = Multilayer.from_module(layers), torch.linspace(-1, 1, 15).double().reshape(5, 3)
    assert net.nonlinearity == name
    torch.testing.assert_close(net(x), layers(x).detach())


def test_an_ensemble_is_its_members():
    nets = random_network([3, 4, 2], "tanh", generator=torch.Generator().manual_seed(0), ensemble=(2, 3))
    x, y = torch.ones(5, 3).double(), torch.zeros(5, 2).double()
    assert nets.shape == (2, 3)
    assert nets(x).shape == (2, 3, 5, 2)
    assert nets.vector.shape == (2, 3, 20)
    torch.testing.assert_close(nets(x)[1, 2], nets[1, 2](x))
    assert nets.at(nets.vector) == nets
    torch.testing.assert_close(
        square_loss(nets, x, y)(nets.vector)[0, 1], square_loss(nets[0, 1], x, y)(nets[0, 1].vector)
    )


def test_weights_start_with_the_scale_asked_for():
    net = random_network([400, 300, 200], generator=torch.Generator().manual_seed(0), scale=3.0)
    for matrix, size in zip(net.weights, (400, 300), strict=True):
        assert float(matrix.std()) == pytest.approx(3 / size**0.5, rel=0.02)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match="weights: expected matrices that can be multiplied"):
        Multilayer([[[1.0, 2.0]], [[1.0, 2.0]]], "relu")
    with pytest.raises(ValueError, match="nonlinearity: expected one of 'linear', 'relu', 'square', 'tanh'"):
        Multilayer([[[1.0]]], "cube")
    with pytest.raises(ValueError, match="x: expected 2 columns"):
        square_loss(HAND, [[1.0]], [[1.0]])
    with pytest.raises(ValueError, match="y: expected 1 columns"):
        square_loss(HAND, [[1.0, 2.0]], [[1.0, 2.0]])
    for module in (nn.Sequential(nn.Linear(2, 2)), nn.Sequential(nn.Linear(2, 2, bias=False), nn.ReLU()),
                   nn.Sequential(nn.Linear(2, 2, bias=False), nn.GELU(), nn.Linear(2, 1, bias=False))):  # fmt: skip
        with pytest.raises(ValueError, match="module: expected linear layers without biases"):
            Multilayer.from_module(module)
