"""Layered networks: one worked by hand, shapes, errors."""

import pytest
import torch

from lecturelib.kernels import LayeredNetwork, backpropagate, random_network
from lecturelib.kernels.models.activations import relu, tanh

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


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("biases", lambda: LayeredNetwork((W,), (), B, relu)),
        ("biases", lambda: LayeredNetwork((W,), (B[:1],), B, relu)),
        ("matrices", lambda: LayeredNetwork((B,), (B,), B, relu)),
        ("matrices", lambda: LayeredNetwork((W, B), (B, B), B, relu)),
        ("matrices", lambda: LayeredNetwork((W, torch.ones(3, 2, dtype=torch.float64)), (B, B), B, relu)),
        ("output", lambda: LayeredNetwork((W,), (B,), B[:1], relu)),
        ("widths", lambda: random_network((3,), relu, generator=torch.Generator())),
        ("widths", lambda: random_network((3, 0), relu, generator=torch.Generator())),
        ("x", lambda: LayeredNetwork((W,), (B,), B, relu)(B)),
    ],
)
def test_bad_arguments_are_named(name, call):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        call()
