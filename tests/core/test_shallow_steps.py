"""Networks of one hidden layer by masks: a case by hand, against automatic differentiation, and what they are for."""

import numpy as np
import pytest
import torch

from lecturelib.core import shallow_steps
from lecturelib.core.small_networks import Layout

SIZES = [(2, 128, 1), (2, 9, 3), (3, 6, 2), (1, 5, 1), (5, 7, 2)]


def drawn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def filled(layout, theta, x, *, turns=True):
    """A room for these inputs, (N, in), after a step forward, and theta as it is there."""
    room = shallow_steps.room_for(layout.sizes, len(x), theta.numpy().dtype, turns=turns)
    room.x[:-1, : len(x)] = x.T.numpy()
    ours = theta.numpy()[shallow_steps.order(layout.sizes)]
    shallow_steps.forward(ours, room)
    return room, ours


def test_two_neurons_by_hand():
    """3 relu(2x − 1) − relu(1 − x) + 0.5 at −1, 0.75 and 2, where the neurons are active in turn, both, and one."""
    layout = Layout((1, 2, 1))
    theta = torch.tensor([2.0, -1.0, -1.0, 1.0, 3.0, -1.0, 0.5], dtype=torch.float64)
    room, _ = filled(layout, theta, torch.tensor([[-1.0], [0.75], [2.0]], dtype=torch.float64))
    assert room.by_point[:3, :2].tolist() == [[0, 1], [1, 1], [1, 0]]
    assert room.slopes[0, :3].tolist() == [1, 7, 6]
    assert room.out[0, :3].tolist() == [-1.5, 1.75, 9.5]


@pytest.mark.parametrize("turns", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("points", [8, 11])
@pytest.mark.parametrize("sizes", SIZES)
def test_it_is_what_autograd_finds(sizes, points, dtype, turns):
    layout = Layout(sizes)
    theta = 0.5 * drawn(layout.count, dtype=dtype)
    x, y, way = (
        drawn(points, sizes[0], seed=1, dtype=dtype),
        drawn(points, sizes[-1], seed=2, dtype=dtype),
        drawn(layout.count, seed=3, dtype=dtype),
    )

    def loss(theta, x):
        return 0.5 * (layout.outputs(theta, x) - y).square().sum() / points

    room, ours = filled(layout, theta, x, turns=turns)
    close = {"rtol": 0.0, "atol": 1e-12 if dtype == torch.float64 else 1e-4}
    outputs = layout.outputs(theta, x)
    torch.testing.assert_close(torch.from_numpy(room.out[:, :points]).mT, outputs, **close)
    slopes = torch.autograd.functional.jacobian(lambda x: layout.outputs(theta, x).sum(0), x)  # (out, N, in)
    found = torch.from_numpy(room.slopes[: sizes[2] * (sizes[0] + 1), :points]).unflatten(0, (sizes[2], -1))
    torch.testing.assert_close(found[:, :-1].movedim(1, 2), slopes, **close)

    room.u[:, :points] = ((outputs - y) / points).mT.numpy()
    order, gradient, turned = shallow_steps.order(sizes), np.zeros_like(ours), np.zeros_like(ours)
    shallow_steps.backward(ours, room, gradient)
    torch.testing.assert_close(torch.from_numpy(gradient), torch.func.grad(loss)(theta, x)[order], **close)
    if turns:
        assert np.array_equal(room.by_neuron, room.by_point.T)
        shallow_steps.turn_forward(ours, way.numpy()[order], room)
        room.turned[:] /= points
        room.turned[:, points:] = 0
        shallow_steps.turn_backward(ours, way.numpy()[order], room, turned)
        exact = torch.autograd.functional.hvp(lambda theta: loss(theta, x), theta, way)[1]
        torch.testing.assert_close(torch.from_numpy(turned), exact[order], **close)
    else:
        assert room.by_neuron.shape[0] == room.by_point.shape[0] == 4


@pytest.mark.parametrize(
    ("sizes", "activation", "expected"),
    [((2, 128, 2), "relu", True), ((2, 128, 2), "tanh", False), ((2, 8, 8, 2), "relu", False),
     ((16, 8, 2), "relu", False), ((2, 1), "relu", False)],
)  # fmt: skip
def test_who_is_quicker_so(sizes, activation, expected):
    assert shallow_steps.quick(Layout(sizes, activation)) is expected
