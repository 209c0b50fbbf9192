"""Errors of shifts: by hand, of layers that must have none, and of layers that must have some."""

import math

import pytest
import torch

from lecturelib.equivariance import ShiftError, correlate, low_pass, shift_equivariance_error
from lecturelib.equivariance.convolution.layers import WAYS, clouds, layer


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_spike_and_a_stride_by_hand():
    # 0, 8, 0, … seen at even places is nothing, and 8, 0, 0 after a shift by one
    found = shift_equivariance_error(lambda x: x[..., ::2], [[0.0, 8, 0, 0, 0, 0]], shifts=[1, -1, 2], stride=2)
    assert found.error[:, 0].tolist() == [8.0, 8.0, 0.0]  # beside an output of size 0, absolute
    assert found.wrong[:, 0].tolist() == [1, 1, 0]
    # 8 at place 0 is seen, is lost by one step, and stays what it is by two
    found = shift_equivariance_error(lambda x: x[..., ::2], [[8.0, 0, 0, 0, 0, 0]], shifts=[1, 2], stride=2)
    assert found.error[:, 0].tolist() == [pytest.approx(1.0), 0.0]
    assert found.moved[1, 0] == 2


def test_the_ring_has_no_error_and_moves_as_far():
    x, w = normal(0, 4, 2, 9), normal(1, 3)
    found = shift_equivariance_error(lambda x: torch.relu(correlate(x, w)), x, shifts=[-4, 0, 1, 3])
    assert float(found.error.max()) < 1e-12
    assert found.wrong.max() == 0
    assert found.moved.tolist() == [[float(m)] * 4 for m in (-4, 0, 1, 3)]
    assert found.missed.max() == 0


def test_zeros_spoil_the_border_only():
    x, w = normal(2, 3, 20), torch.tensor([1.0, 2.0, 3.0]).double()
    found = shift_equivariance_error(lambda x: correlate(x, w, padding="zeros"), x, shifts=[1, 6])
    assert found.wrong.tolist() == [[3.0] * 3, [4.0] * 3]


def test_a_signal_within_the_band_limit_can_be_taken_at_every_second_place():
    x = normal(3, 2, 26)
    rough, smooth = (
        shift_equivariance_error(lambda z: z[..., ::2], one, shifts=[1, 5], stride=2) for one in (x, low_pass(x, 7))
    )
    assert float(smooth.error.max()) < 1e-12
    assert float(rough.error.min()) > 0.5
    # moved by one pixel is half a place of the output; the search has parts of 1/32 of a place
    torch.testing.assert_close(smooth.moved, torch.tensor([[1.0, 1.0], [5.0, 5.0]]).double())


def test_equal_energies_are_off_by_the_root_of_two():
    found = shift_equivariance_error(lambda z: z[..., ::2], normal(4, 400, 54), shifts=[1], stride=2)
    assert float(found.error.square().mean().sqrt()) == pytest.approx(math.sqrt(2), rel=0.1)


def test_modules_of_torch_are_taken_and_bad_ones_named():
    conv = torch.nn.Conv2d(1, 2, 3, padding=1, padding_mode="circular").double()
    with torch.no_grad():
        for number, parameter in enumerate(conv.parameters()):
            parameter.copy_(normal(number, *parameter.shape))
    found = shift_equivariance_error(conv, normal(5, 2, 1, 6, 6), shifts=[1])
    assert float(found.error.max()) < 1e-12
    with pytest.raises(ValueError, match="^module: failed on inputs of shape"):
        shift_equivariance_error(lambda x: x @ x, normal(5, 2, 6), shifts=[1])
    with pytest.raises(ValueError, match="^module: expected a tensor whose first dimension is 2"):
        shift_equivariance_error(lambda x: x.sum(0), normal(5, 2, 6), shifts=[1])
    with pytest.raises(ValueError, match=r"^x: expected shape \(B, \.\.\., N\)"):
        shift_equivariance_error(lambda x: x, [1.0, 2.0], shifts=[1])


def test_missed_is_in_pixels():
    assert ShiftError([2.0], [[0.0]], [[0.0]], [[1.5]]).missed.tolist() == [[0.5]]


def test_ways_of_a_layer():
    x, filters = clouds(6, 18, torch.Generator().manual_seed(0)), normal(6, 3, 1, 3, 3)
    torch.testing.assert_close(x.square().mean((1, 2, 3)), torch.ones(6).double())
    assert float(x.mean((1, 2, 3)).abs().max()) < 1e-12
    by_torch = torch.relu(torch.nn.functional.conv2d(x, filters, padding=1))
    torch.testing.assert_close(layer(x, filters, "zeros"), by_torch)
    whole = layer(x, filters)
    torch.testing.assert_close(layer(x, filters, taken="stride"), whole[..., ::2, ::2])
    blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]).double() / 16
    corner = (whole[:, :, :3, :3] * blur).sum((2, 3))
    moved = torch.roll(layer(torch.roll(x, (1, 1), (2, 3)), filters, taken="blur"), (-1, -1), (2, 3))
    torch.testing.assert_close(moved[:, :, 0, 0], corner)
    for name, (padding, taken) in WAYS.items():
        found = shift_equivariance_error(
            lambda z, padding=padding, taken=taken: layer(z, filters, padding, taken), x,
            shifts=[1, 2], stride=1 if taken == "all" else 2,
        )  # fmt: skip
        odd, even = found.error.amin(1).tolist()
        assert (odd < 1e-9) == (name == "ring")
        assert (even < 1e-9) == (name != "zeros")
