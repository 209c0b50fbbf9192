"""Filters, shifts and what commutes with them: by hand, by loops, hard inputs."""

import math

import pytest
import torch

from lecturelib.equivariance import (
    circulant,
    correlate,
    low_pass,
    receptive_field,
    shift_equivariant_part,
    shift_signal,
)


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_correlation_by_hand():
    x, w = [1.0, 2.0, 3.0, 4.0], [1.0, 0.0, -1.0]
    assert correlate(x, w).tolist() == [2, -2, -2, 2]
    assert correlate(x, w, padding="zeros").tolist() == [-2, -2, -2, 3]
    assert correlate(x, w, padding="none").tolist() == [-2, -2]
    assert correlate(x, [1.0, 10.0]).tolist() == [21, 32, 43, 14]  # the middle of two is the first
    assert correlate(x, [1.0, 10.0], padding="zeros").tolist() == [21, 32, 43, 4]
    assert correlate(x, w, stride=3, padding="zeros").tolist() == [-2, 3]
    assert correlate([1.0, 2.0], [1.0] * 5, padding="zeros").tolist() == [3, 3]
    with pytest.raises(ValueError, match="^w: expected at most 2 numbers"):
        correlate([1.0, 2.0], [1.0] * 3)


@pytest.mark.parametrize("padding", ["zeros", "none"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_correlation_is_that_of_torch(padding, stride, size):
    x, w = normal(0, 2, 11), normal(1, size)
    around = size // 2 if padding == "zeros" else 0
    expected = torch.nn.functional.conv1d(x[:, None], w[None, None], stride=stride, padding=around)[:, 0]
    torch.testing.assert_close(correlate(x, w, stride=stride, padding=padding), expected)


def test_a_circulant_is_a_convolution_and_correlation_its_transpose():
    w, x = normal(2, 5), normal(3, 5)
    expected = [sum(w[(i - j) % 5] * x[j] for j in range(5)) for i in range(5)]
    torch.testing.assert_close(circulant(w) @ x, torch.stack(expected))
    torch.testing.assert_close(circulant(w).T @ x, torch.roll(correlate(x, w), -2))  # w_0 on the place


def test_what_is_left_of_a_matrix_commutes_and_stays():
    for outputs, stride in ((4, 1), (3, 2), (1, 5)):
        matrix = normal(4, outputs, outputs * stride)
        part = shift_equivariant_part(matrix)
        torch.testing.assert_close(torch.roll(part, (1, stride), (0, 1)), part)
        torch.testing.assert_close(shift_equivariant_part(part), part)
        assert abs(float(((matrix - part) * part).sum())) < 1e-12  # the rest is orthogonal
    with pytest.raises(ValueError, match="^matrix: expected a number of columns that 2 rows divide, got 3"):
        shift_equivariant_part(normal(5, 2, 3))


@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_whole_shifts_roll_and_broken_ones_add_up(size):
    x = normal(6, 3, size)
    for m in (-9, -1, 0, 3, 8):
        torch.testing.assert_close(shift_signal(x, m), torch.roll(x, m, -1))
    if size % 2:
        torch.testing.assert_close(shift_signal(shift_signal(x, 0.3), 0.7), torch.roll(x, 1, -1))


def test_a_wave_is_moved_by_a_fraction():
    wave = lambda at: torch.cos(2 * math.pi * 3 * at / 16 + 0.4)  # noqa: E731
    place = torch.arange(16, dtype=torch.float64)
    torch.testing.assert_close(shift_signal(wave(place), 0.37), wave(place - 0.37))


def test_low_pass_keeps_slow_waves_only():
    place = torch.arange(12, dtype=torch.float64)
    slow, fast = torch.cos(2 * math.pi * 2 * place / 12), torch.sin(2 * math.pi * 3 * place / 12)
    torch.testing.assert_close(low_pass(1 + slow + fast, 3), 1 + slow)
    torch.testing.assert_close(low_pass(1 + slow + fast, 9), 1 + slow + fast)


def test_receptive_fields():
    assert receptive_field([5], [3]) == 5
    assert receptive_field([3, 3], [1, 9]) == 5
    assert receptive_field([3, 3, 2], [2, 3, 1]) == 1 + 2 + 2 * 2 + 6
    with pytest.raises(ValueError, match="^strides: expected 2, as many as kernels, got 1"):
        receptive_field([3, 3], [1])
