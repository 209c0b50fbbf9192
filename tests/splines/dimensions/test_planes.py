"""Break planes: by hand, from and to modules, ensembles, hard inputs."""

import pytest
import torch
from torch import nn

from lecturelib.splines import BreakPlanes, Network, radon_norm, to_spline
from lecturelib.splines.dimensions.price import least_price


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_line_on_paper():
    two = BreakPlanes.from_weights(w=[[3.0, 4], [-6, -8]], b=[-10.0, 20], v=[2.0, -1], b0=0.25)
    torch.testing.assert_close(two.directions, torch.tensor([[0.6, 0.8], [-0.6, -0.8]], dtype=torch.float64))
    assert two.offsets.tolist() == [2, -2]
    assert two.slope_jumps.tolist() == [10, -10]
    assert two.merged().slope_jumps.tolist() == [0]
    assert radon_norm(two) == 0
    assert two([[0.0, 0.0], [3.0, 4.0]]).tolist() == [-19.75, 30.25]  # 6 x + 8 z − 20 + ¼


def test_one_input_is_a_spline():
    network = Network([2.0, -1.0], [-2.0, 2.0], [0.5, 1.0], 0.3)
    planes, spline = BreakPlanes.from_weights(network.w[:, None], network.b, network.v, network.b0), to_spline(network)
    assert planes.slope_jumps.tolist() == spline.slope_jumps.tolist()
    assert (planes.directions[:, 0] * planes.offsets).tolist() == spline.breakpoints.tolist()
    x = normal(0, 9)
    torch.testing.assert_close(planes(x[:, None]), network(x))


@pytest.mark.parametrize("inputs", [1, 2, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_modules_there_and_back(inputs, dtype):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        module = nn.Sequential(nn.Linear(inputs, 7), nn.ReLU(), nn.Linear(7, 1)).to(dtype)
    planes, x = BreakPlanes.from_module(module), normal(1, 6, inputs).to(dtype)
    assert planes.dtype == dtype
    with torch.no_grad():
        torch.testing.assert_close(planes(x), module(x)[:, 0])
        torch.testing.assert_close(planes.to_module(3.0)(x), module(x))
    assert torch.linalg.vector_norm(planes.to_module(3.0)[0].weight, dim=1).tolist() == pytest.approx([3] * 7)


def test_ensembles_and_no_neurons():
    w, b, v, b0 = normal(2, 3, 4, 2), normal(3, 3, 4), normal(4, 3, 4), normal(5, 3)
    together, x = BreakPlanes.from_weights(w, b, v, b0), normal(6, 5, 2)
    assert together.shape == (3,)
    for k in range(3):
        torch.testing.assert_close(together(x)[k], BreakPlanes.from_weights(w[k], b[k], v[k], b0[k])(x))
    with pytest.raises(ValueError, match="^planes: expected a single network"):
        together.to_module()
    with pytest.raises(ValueError, match="^planes: expected a single network"):
        radon_norm(together)
    assert BreakPlanes.from_weights(torch.zeros(0, 2), torch.zeros(0), torch.zeros(0), 1.5)([[0.0, 1.0]]).tolist() == [
        1.5
    ]


def test_merged_planes_give_the_function_up_to_an_affine_one():
    w, b, v = normal(7, 6, 3), normal(8, 6), normal(9, 6)
    w[3:5], b[3:5] = torch.tensor([[-2.0], [0.5]]) * w[0], torch.tensor([-2.0, 0.5]).double() * b[0]
    planes = BreakPlanes.from_weights(w, b, v, 0.0)
    merged, x = planes.merged(), 3 * normal(10, 60, 3)
    assert len(merged.offsets) == 4
    left = planes(x) - merged(x)
    affine = torch.cat([x, torch.ones(60, 1).double()], 1)
    torch.testing.assert_close(affine @ (torch.linalg.pinv(affine) @ left), left)
    again = BreakPlanes(merged.directions, merged.offsets, merged.slope_jumps, 0.0)
    assert radon_norm(again) == pytest.approx(radon_norm(planes))


def test_tiny_and_zero_weights():
    tiny = BreakPlanes.from_weights([[3e-200, 4e-200]], [-1e-199], [1e199], 0.0)
    assert tiny.offsets.tolist() == pytest.approx([2])
    assert tiny.slope_jumps.tolist() == pytest.approx([0.5])
    with pytest.raises(ValueError, match="^w: expected non-zero"):
        BreakPlanes.from_weights([[0.0, 0.0]], [1.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="^directions: expected vectors of length 1"):
        BreakPlanes([[1.0, 1.0]], [0.0], [1.0], 0.0)
    with pytest.raises(ValueError, match="^module: expected"):
        BreakPlanes.from_module(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)))


def test_a_tilt_is_paid_for_unless_it_is_free():
    x = torch.tensor([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
    y = torch.tensor([0.0, 0.0, 1.0, 2.0], dtype=torch.float64)
    assert least_price(x, y, directions=8, offsets=7) == pytest.approx(1)
    assert least_price(x, y + 3 * x[:, 0], directions=8, offsets=7) > 3
    assert least_price(x, y + 3 * x[:, 0], directions=8, offsets=7, affine=True) == pytest.approx(1)
    with pytest.raises(ValueError, match="^x: expected data"):
        least_price(x[[0, 0]], y[[0, 3]])
