"""Layered networks: one worked by hand, shapes, errors."""

import pytest
import torch
from torch import nn

from lecturelib.kernels import LayeredNetwork, backpropagate, random_network
from lecturelib.kernels.models.activations import elu, identity, leaky_relu, relu, sigmoid, tanh

W = torch.tensor([[1.0, -1.0], [2.0, 0.0]], dtype=torch.float64)
B = torch.tensor([0.5, 0.0], dtype=torch.float64)


def test_a_shallow_network_by_hand():
    f = LayeredNetwork((W,), (B,), torch.tensor([3.0, 1.0], dtype=torch.float64), relu)
    x = torch.tensor([[1.0, 1.0], [-2.0, 0.0]], dtype=torch.float64)
    # z = (1 + 2 + 0.5, −1) and (−2 + 0.5, 2)
    assert f(x).tolist() == [10.5, 2.0]
    found = backpropagate(f, x)
    assert found.biases[0].tolist() == [[3.0, 0.0], [0.0, 1.0]]
    assert found.matrices[0][0].tolist() == [[3.0, 0.0], [3.0, 0.0]]
    assert found.output.tolist() == [[3.5, 0.0], [0.0, 2.0]]
    assert found.inputs.tolist() == [[3.0, 6.0], [-1.0, 0.0]]


def test_shapes_of_a_deep_network():
    f = random_network((3, 5, 4), tanh, generator=torch.Generator().manual_seed(0))
    found = backpropagate(f, torch.zeros(7, 3, dtype=torch.float64))
    assert [tuple(one.shape) for one in found.matrices] == [(7, 3, 5), (7, 5, 4)]
    assert [tuple(one.shape) for one in found.biases] == [(7, 5), (7, 4)]
    assert tuple(found.output.shape) == (7, 4)
    assert tuple(found.inputs.shape) == (7, 3)


def test_weights_have_variance_one_over_fan_in():
    f = random_network((400, 100, 900), tanh, generator=torch.Generator().manual_seed(0))
    for matrix, expected in zip(f.matrices, (1 / 20, 1 / 10), strict=True):
        assert float(matrix.std()) == pytest.approx(expected, rel=0.05)
    assert float(f.output.std()) == pytest.approx(1 / 30, rel=0.1)
    assert float(f.biases[1].std()) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("one", [relu, tanh, sigmoid, identity, leaky_relu(0.3), elu(0.7)], ids=lambda one: one.name)
def test_modules_of_torch_and_back(one):
    network = random_network((3, 5, 4), one, generator=torch.Generator().manual_seed(0))
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    module = network.to_module()
    torch.testing.assert_close(module(x)[:, 0], network(x))
    assert LayeredNetwork.from_module(module) == network
    module[0].weight.data.zero_()
    assert float(network.matrices[0].abs().min()) > 0  # weights of its own


def test_a_module_without_biases():
    module = nn.Sequential(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 1, bias=False))
    network = LayeredNetwork.from_module(module)
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    assert network.dtype == torch.float32
    assert network.biases[0].tolist() == [0] * 4
    torch.testing.assert_close(network(x), module(x)[:, 0].detach())
    assert not network(x).requires_grad


def test_modules_that_are_no_such_network():
    first, last = nn.Linear(3, 4), nn.Linear(4, 1, bias=False)
    for layers, said in (
        ((first, nn.ReLU(), nn.Linear(4, 1)), "without a bias"),
        ((first, nn.ReLU(), nn.Linear(4, 2, bias=False)), "one output"),
        ((first, nn.GELU(), last), "known activation"),
        ((first, nn.ReLU(), nn.Linear(4, 4), nn.Tanh(), last), "known activation"),
        ((first, nn.ReLU()), "known activation"),
        ((last,), "known activation"),
        ((first, nn.ReLU(), nn.LayerNorm(4)), "linear layers"),
    ):
        with pytest.raises(ValueError, match=f"^module: expected .*{said}"):
            LayeredNetwork.from_module(nn.Sequential(*layers))
    many = random_network((3, 5), relu, generator=torch.Generator(), ensemble=2)
    with pytest.raises(ValueError, match="^self: expected a single network"):
        many.to_module()


def test_ensembles_are_their_members():
    many = random_network((3, 5, 4), tanh, generator=torch.Generator().manual_seed(0), ensemble=(2, 3))
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert (many.shape, many(x).shape) == ((2, 3), (2, 3, 6))
    torch.testing.assert_close(many(x)[1, 2], many[1, 2](x))
    found, one = backpropagate(many, x), backpropagate(many[1, 2], x)
    for part, other in zip((*found[1, 2].matrices, found[1, 2].inputs), (*one.matrices, one.inputs), strict=True):
        torch.testing.assert_close(part, other)


def test_networks_are_saved_and_keep_their_precision(tmp_path):
    network = random_network((3, 5), elu(0.7), generator=torch.Generator().manual_seed(0), dtype=torch.float32)
    torch.save(network, tmp_path / "network.pt")
    assert torch.load(tmp_path / "network.pt") == network
    assert network([[1, 2, 3]]).dtype == backpropagate(network, [[1, 2, 3]]).inputs.dtype == torch.float32


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("biases", lambda: LayeredNetwork((W,), (), B, relu)),
        ("biases", lambda: LayeredNetwork((W,), (B[:1],), B, relu)),
        ("matrices", lambda: LayeredNetwork((B,), (B,), B, relu)),
        ("matrices", lambda: LayeredNetwork((W, B), (B, B), B, relu)),
        ("matrices", lambda: LayeredNetwork((W, torch.ones(3, 2, dtype=torch.float64)), (B, B), B, relu)),
        ("output", lambda: LayeredNetwork((W,), (B,), B[:1], relu)),
        ("x", lambda: backpropagate(LayeredNetwork((W,), (B,), B, relu), [[1.0, 2.0, 3.0]])),
        ("widths", lambda: random_network((3,), relu, generator=torch.Generator())),
        ("widths", lambda: random_network((3, 0), relu, generator=torch.Generator())),
        ("x", lambda: LayeredNetwork((W,), (B,), B, relu)(B)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=rf"^{name}(\[\d\])?: expected"):
        call()
