"""Signals of trained networks."""

import pytest
import torch
from sklearn.datasets import load_digits

from lecturelib.core.experiments import generator_for
from lecturelib.kernels.initialization.trained_signals import digits, size_ratios


def test_digits_are_standardized_as_a_whole():
    x, y = digits()
    images, classes = load_digits(return_X_y=True)
    torch.testing.assert_close(x, torch.from_numpy((images[:300] - images[:300].mean()) / images[:300].std(ddof=1)))
    assert y.tolist() == classes[:300].tolist()


def test_training_makes_signals_larger_than_random_signs_would():
    """Against a network of torch that starts from the same numbers, and the recursion for its squares."""
    found = size_ratios(seed=4)
    (x, y), generator = digits(), generator_for(4, "start")
    model = torch.nn.Sequential(*[part for _ in range(6) for part in (torch.nn.Linear(64, 64), torch.nn.ReLU())])
    model.append(torch.nn.Linear(64, 10, bias=False)).double()
    for k, layer in enumerate(model[::2]):
        draw = torch.randn(64, len(layer.weight), generator=generator, dtype=torch.float64).T
        layer.weight.data = draw * ((2 if k < 6 else 1) / 64) ** 0.5
        if layer.bias is not None:
            layer.bias.data.zero_()

    @torch.no_grad()
    def ratios():
        h, q, sizes = x, x.square().mean(0), [1.0]
        for layer in model[:-1:2]:
            h, q = torch.relu(layer(h)), (layer.weight.square() @ q + layer.bias.square()) / 2
            sizes.append(float(h.square().sum(1).mean() / q.sum()))
        return sizes

    assert found["start"] == pytest.approx(ratios())
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(120):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    assert found["trained"] == pytest.approx(ratios(), rel=1e-4)
    assert found["loss"] == pytest.approx([float(loss.detach())], rel=1e-4)
    assert found["trained"][-1] > 3 * found["start"][-1]
    assert size_ratios(seed=4, steps=1, learning_rate=1e-9)["trained"] == pytest.approx(found["start"], rel=1e-4)
