"""Small networks, compiled: by hand, against automatic differentiation and torch.optim, compiled against in torch."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from lecturelib.core import small_steps
from lecturelib.core.small_networks import ACTIVATIONS, LOSSES, OPTIMIZERS, Layout, Rule, fit, room

SIZES = [(2, 3), (1, 5, 1), (3, 4, 6, 2)]
TIGHT, LOOSE = {"rtol": 0.0, "atol": 1e-12}, {"rtol": 0.0, "atol": 3e-5}


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def network(sizes, activation, dtype=torch.float64, members=1):
    layout = Layout(sizes, activation)
    theta = layout.start(members, generator=torch.Generator().manual_seed(3)) + 0.3 * drawn(members, layout.count)
    return layout, theta.to(dtype)


def sequential(layout, theta):
    """The same network as torch.nn has it, whose parameters come in the same order."""
    kinds = {"relu": nn.ReLU, "tanh": nn.Tanh, "softplus": nn.Softplus, "sigmoid": nn.Sigmoid}
    modules = []
    for fan, width in itertools.pairwise(layout.sizes):
        modules += [nn.Linear(fan, width, dtype=theta.dtype), kinds[layout.activation]()]
    model = nn.Sequential(*modules[:-1])
    nn.utils.vector_to_parameters(theta, model.parameters())
    return model


def test_one_neuron_by_hand():
    layout = Layout((1, 1, 1), "relu")
    theta = torch.tensor([[2.0, -1.0, 3.0, 0.5]], dtype=torch.float64)  # w, b, v, b0
    x, y = torch.tensor([[1.0], [0.0]], dtype=torch.float64), torch.tensor([[3.0], [0.5]], dtype=torch.float64)
    assert layout.count == 4
    assert layout.outputs(theta, x).flatten().tolist() == [3.5, 0.5]
    run = fit(layout, theta, x, y, steps=1, learning_rate=0.1)
    assert run.steps == [0, 1]
    assert run.losses.tolist() == [[0.0625]]
    # the residual is 1/2 at the first of two points: slopes 3/4, 3/4, 1/4 and 1/4
    torch.testing.assert_close(run.parameters[1, 0], torch.tensor([1.925, -1.075, 2.975, 0.475], dtype=torch.float64))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_gradients_and_second_derivatives_are_those_of_autograd(sizes, activation, dtype):
    layout, theta = network(sizes, activation, dtype)
    theta, points = theta[0], 9
    x, way = drawn(points, sizes[0], seed=1, dtype=dtype), drawn(layout.count, seed=2, dtype=dtype)
    along = drawn(points, sizes[0], seed=4, dtype=dtype)
    y = drawn(points, sizes[-1], seed=5, dtype=dtype)

    def loss(theta, x):
        return (0.5 * (layout.outputs(theta, x) - y).square().sum(-1)).mean()

    slopes = torch.autograd.functional.vjp(loss, (theta, x))[1]
    turned = torch.autograd.functional.hvp(loss, (theta, x), (way, along))[1]

    ours, number = small_steps, theta.numpy().dtype
    sizes = np.array(layout.sizes)
    h, s, back, delta, rz, rh, rback, rdelta = room(layout, points, number, 8)
    gradient, change = np.zeros_like(theta.numpy()), np.zeros_like(theta.numpy())
    h[: sizes[0]], rh[: sizes[0]] = x.T.numpy(), along.T.numpy()
    first, last = theta.numpy(), -sizes[-1]
    ours.forward(first, sizes, layout.kind, h, s, 0, points)
    value = ours.lose(ours.SQUARE, h, delta, np.ascontiguousarray(y.T.numpy()), 0, points)
    ours.backward(first, sizes, h, s, back, delta, gradient, 0, points, True, True)
    ours.turn_forward(first, way.numpy(), sizes, h, s, rz, rh, 0, points, True)
    rdelta[last:] = rh[last:] / points
    ours.turn_backward(
        first, way.numpy(), sizes, layout.kind, h, s, back, delta, rz, rh, rback, rdelta, change, 0, points, True
    )
    close = TIGHT if dtype == torch.float64 else LOOSE
    assert value == pytest.approx(float(loss(theta, x)), abs=close["atol"])
    for found, expected in [(gradient, slopes[0]), (back[: sizes[0]].T, slopes[1]), (change, turned[0])]:
        torch.testing.assert_close(torch.from_numpy(np.ascontiguousarray(found)), expected, **close)


def test_only_the_columns_asked_for_are_touched():
    layout, theta = network((2, 4, 1), "tanh")
    h, s, back, delta = room(layout, 6, np.dtype(float), 4)
    gradient = np.zeros(layout.count)
    delta[-1] = 1.0
    small_steps.forward(theta[0].numpy(), np.array(layout.sizes), layout.kind, h, s, 2, 4)
    small_steps.backward(theta[0].numpy(), np.array(layout.sizes), h, s, back, delta, gradient, 2, 4, False, True)
    assert not gradient.any()
    for block in (h[2:], back[:-1]):
        assert block[:, 2:4].all(0).any()
        assert not np.delete(block, [2, 3], axis=1).any()


@pytest.mark.parametrize(("optimizer", "loss"), list(itertools.product(OPTIMIZERS, LOSSES)))
def test_training_is_that_of_torch(optimizer, loss):
    layout, theta = network((2, 5, 3, 2), "tanh", members=2)
    x, y = drawn(7, 2, seed=6), (drawn(7, 2, seed=7) > 0).double()
    run = fit(layout, theta, x, y, steps=30, learning_rate=0.02, loss=loss, optimizer=optimizer)
    for member in range(2):
        model = sequential(layout, theta[member])
        torch.testing.assert_close(layout.outputs(theta[member], x), model(x), **TIGHT)
        kinds = {
            "sgd": torch.optim.SGD, "momentum": lambda p, lr: torch.optim.SGD(p, lr, momentum=0.9),
            "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam,
        }  # fmt: skip
        steps, losses = kinds[optimizer](model.parameters(), lr=0.02), []
        for _ in range(30):
            steps.zero_grad()
            if loss == "square":
                value = 0.5 * (model(x) - y).square().sum() / len(x)
            else:
                value = nn.functional.binary_cross_entropy_with_logits(model(x), y, reduction="sum") / len(x)
            value.backward()
            losses.append(value.detach())
            steps.step()
        torch.testing.assert_close(run.losses[member], torch.stack(losses), **TIGHT)
        end = nn.utils.parameters_to_vector(model.parameters()).detach()
        torch.testing.assert_close(run.parameters[-1, member], end, **TIGHT)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("activation", "optimizer"), list(zip(ACTIVATIONS, OPTIMIZERS, strict=True)))
def test_batches_compiled_are_those_in_torch(activation, optimizer, dtype):
    layout, theta = network((1, 6, 1), activation, dtype, members=3)
    x = drawn(20, 1, seed=8, dtype=dtype)
    options = {"steps": 25, "learning_rate": 0.01, "optimizer": optimizer, "batch": 4, "record_every": 10}
    found = [
        fit(layout, theta, x, x.sin(), generator=torch.Generator().manual_seed(5), device=device, **options)
        for device in (None, "cpu")
    ]
    close = TIGHT if dtype == torch.float64 else LOOSE
    assert found[0].steps == [0, 10, 20, 25]
    torch.testing.assert_close(found[0].parameters, found[1].parameters, **close)
    torch.testing.assert_close(found[0].losses, found[1].losses, **close)
    assert float(found[0].losses.std(0).max()) > 0.01  # other points for each network


def test_a_network_does_as_it_would_alone():
    layout, theta = network((1, 6, 1), "relu", members=3)
    x = drawn(20, 1, seed=8)
    options = {"steps": 40, "learning_rate": 0.01, "batch": 4}
    found = [
        fit(layout, some, x, x.sin(), generator=torch.Generator().manual_seed(5), **options).parameters
        for some in (theta, theta[:1])
    ]
    assert torch.equal(found[0][:, :1], found[1])


def test_the_constants_of_an_optimizer():
    assert Rule.of("rmsprop") == ("rmsprop", 0.9, 0.99)
    assert Rule.of("adam", 0.0, 0.99) == ("adam", 0.0, 0.99)


def test_starts_have_the_variance_of_glorot():
    layout = Layout((40, 60, 20))
    theta = layout.start(30, generator=torch.Generator().manual_seed(0))
    for (weights, biases), total in zip(layout.layers(theta), (100, 80), strict=True):
        assert float(weights.var()) == pytest.approx(2 / total, rel=0.02)
        assert not biases.any()


def test_what_does_not_fit_is_refused():
    layout, theta = network((2, 3, 1), "relu")
    x, y = drawn(5, 2), drawn(5, 1)
    with pytest.raises(ValueError, match="sizes"):
        Layout((2,))
    with pytest.raises(ValueError, match="activation"):
        Layout((2, 1), "sine")
    with pytest.raises(ValueError, match="y:"):
        fit(layout, theta, x, drawn(5, 2), steps=1, learning_rate=0.1)
    with pytest.raises(ValueError, match="theta:"):
        fit(layout, theta[:, 1:], x, y, steps=1, learning_rate=0.1)
    with pytest.raises(ValueError, match="generator:"):
        fit(layout, theta, x, y, steps=1, learning_rate=0.1, batch=2)
