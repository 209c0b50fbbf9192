"""Predictions of training: by hand, measured rates, and what they refuse."""

import contextlib
import math
from functools import partial

import numpy as np
import pytest
import torch

from lecturelib.kernels import decompose, empirical_kernel, infinite_kernel, predict
from lecturelib.kernels.spectral_bias.prediction import fading_rates, growth
from lecturelib.kernels.tangent_kernel.widths import circle

KERNEL = partial(infinite_kernel, depth=1, weight_scale=2**0.5, bias_scale=0.5)


def tensor(*values):
    return torch.tensor(*values, dtype=torch.float64)


def test_modes_come_largest_first():
    modes = decompose([[2.0, 1.0], [1.0, 2.0]])
    torch.testing.assert_close(modes.rates, tensor([3.0, 1.0]))
    torch.testing.assert_close(modes.vectors[:, 0].abs(), tensor([0.5, 0.5]).sqrt())


def test_growth_at_its_limits():
    found = growth(tensor([2.0, 1e-12, 0.0]), tensor([0.0, 3.0, math.inf]))
    assert found[0].tolist() == [0.0, 0.0, 0.0]
    torch.testing.assert_close(found[1], tensor([(1 - math.exp(-6)) / 2, 3.0, 3.0]))
    torch.testing.assert_close(found[2], tensor([0.5, 1e12, 0.0]))


def test_one_datum_by_hand():
    """x with Θ = λ and Σ = s: the mean is y (1 − e^{−λt}), the variance s e^{−2λt}."""
    x = tensor([[1.0, 1.0]])
    rate, spread = (float(KERNEL(x, kind=kind)) for kind in ("ntk", "nngp"))
    found = predict(KERNEL, x, [3.0], [0.0, 0.2, math.inf])
    expected = [3 * (1 - math.exp(-rate * t)) for t in (0.0, 0.2, math.inf)]
    torch.testing.assert_close(found.mean[:, 0], tensor(expected))
    torch.testing.assert_close(found.covariance[:, 0, 0], tensor([spread, spread * math.exp(-0.4 * rate), 0.0]))


def test_on_the_data_by_default_and_duplicates_do_no_harm():
    x, y = circle(6)
    both = torch.cat([x, x])
    found = predict(KERNEL, both, torch.cat([y, y]), [0.5, math.inf])
    torch.testing.assert_close(found.mean[1], torch.cat([y, y]), rtol=0, atol=1e-8)
    # two copies of every point double all rates
    torch.testing.assert_close(found.mean[0, :6], predict(KERNEL, x, y, [1.0]).mean[0])


def test_measured_rates_of_exact_exponentials():
    modes = decompose(KERNEL(circle(5)[0]))
    starts = tensor([[1.0, -2.0, 0.5, 3.0, 1.0], [-1.0, 0.0, 0.5, 1.0, 2.0], [0.5, 1.0, 1.0, 1.0, 1.0]])
    first, last = (c @ modes.vectors.T for c in (starts, torch.exp(-0.3 * modes.rates) * starts))
    rates, errors = fading_rates(first, last, 0.3, modes)
    torch.testing.assert_close(rates, modes.rates)
    torch.testing.assert_close(errors, torch.zeros(5, dtype=torch.float64), rtol=0, atol=1e-12)


def test_chance_does_not_bias_a_measured_rate():
    """A part that has nothing to do with the start is added: the mean of single rates is off, this is not."""
    modes = decompose(KERNEL(circle(5)[0]))
    noise = torch.randn(2, 4000, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    first = noise[0] @ modes.vectors.T
    last = (torch.exp(-0.3 * modes.rates) * noise[0] + 0.2 * noise[1]) @ modes.vectors.T
    rates, errors = fading_rates(first, last, 0.3, modes)
    assert bool(((rates - modes.rates).abs() < 4 * errors).all())
    expected = 0.2 / torch.exp(-0.3 * modes.rates) / 0.3 / 4000**0.5  # of a slope, over that slope and the time
    torch.testing.assert_close(errors, expected, rtol=0.1, atol=0)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "kernel: expected no negative eigenvalue beyond rounding, found -1"),
        ([[-1.0]], "kernel: expected no negative eigenvalue"),
        ([[1.0, 0.5], [0.4, 1.0]], "kernel: expected a symmetric"),
        ([[1.0, 0.0]], "kernel: expected shape"),
        ([[math.nan]], "kernel: expected real numbers, all finite"),
    ],
)
def test_matrices_that_are_no_kernels(kernel, message):
    with pytest.raises(ValueError, match=message):
        decompose(kernel)


def test_a_covariance_that_is_none():
    def upside_down(one, other, kind="ntk"):
        return KERNEL(one, other, kind=kind) * (1 if kind == "ntk" else -1)

    with pytest.raises(ValueError, match="kernel: expected no negative eigenvalue beyond rounding"):
        predict(upside_down, circle(3)[0], [1.0, 2.0, 3.0], [1.0])


def test_kernels_of_test_points_are_checked_too():
    x, y, test = circle(3)[0], [1.0, 2.0, 3.0], [[0.3, 0.4]]

    def changed(change):
        def kernel(one, other, kind="ntk"):
            return change(KERNEL(one, other, kind=kind), kind)

        return kernel

    def negative_there(found, kind):
        return found - 100 * torch.eye(len(found))[-1:].T * (found.shape == (4, 4))

    def unknown_there(found, kind):
        return found * (math.nan if found.shape == (3, 1) else 1)

    def lopsided(found, kind):
        return found + (torch.ones_like(found).triu(1) if kind == "nngp" and found.shape[0] == found.shape[1] else 0)

    for change, message in (
        (negative_there, "kernel: expected a symmetric|kernel: expected no negative"),
        (unknown_there, "kernel: expected finite"),
        (lopsided, "kernel: expected a symmetric"),
        (lambda found, kind: found[:, :-1], r"kernel: expected shape \(3, 3\), got \(3, 2\)"),
    ):
        with pytest.raises(ValueError, match=message):
            predict(changed(change), x, y, [1.0], test=test)


def test_single_precision_in_and_out():
    x, y = circle(4)[0], torch.tensor([1.0, 2.0, 0.0, -1.0])
    whole = predict(KERNEL, x, y.double(), [0.5])
    short = predict(KERNEL, x.float(), y, [0.5])
    assert (short.mean.dtype, short.covariance.dtype) == (torch.float32, torch.float32)
    torch.testing.assert_close(short.mean.double(), whole.mean, rtol=1e-5, atol=1e-6)
    assert predict(KERNEL, x.float(), y.double(), [0.5]).mean.dtype == torch.float64


def test_rounding_below_zero_is_forgiven():
    assert float(decompose([[1.0, 1.0], [1.0, 1.0 - 1e-13]]).rates[1]) == 0.0
    # rounding beside zeros is judged by the largest entry
    assert decompose([[3.0, 1e-16, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]).rates.tolist() == pytest.approx([3, 2, 1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [[math.nan, 0.0]]}, "x: expected real numbers, all finite"),
        ({"y": [1.0, 2.0]}, "y: expected shape"),
        ({"y": [[[1.0]]]}, "y: expected shape"),
        ({"y": [math.inf]}, "y: expected real numbers, all finite"),
        ({"times": [1.0, -1.0]}, "times: expected times, at least 0, or infinity, found -1"),
        ({"times": []}, "times: expected shape"),
        ({"times": 1.0}, "times: expected shape"),
        ({"times": [1.0, math.nan]}, "times: expected times, at least 0, or infinity, found nan"),
        ({"test": [[1.0]]}, "test: expected shape"),
    ],
)
def test_errors_name_the_argument(change, message):
    arguments = {"x": [[0.0, 1.0]], "y": [1.0], "times": [1.0], **change}
    with pytest.raises(ValueError, match=message):
        predict(KERNEL, arguments["x"], arguments["y"], arguments["times"], test=arguments.get("test"))


def test_no_variance_is_negative_where_data_are_fitted():
    """The covariance by its formula is negative there, by rounding."""
    kernel = partial(infinite_kernel, depth=2, weight_scale=1.5, bias_scale=0.05)
    x = torch.linspace(-31.4, 31.4, 100, dtype=torch.float64)[:, None]
    found = predict(kernel, x, torch.sin(x[:, 0]), [0.0, 1.0, math.inf])
    variances = found.covariance.diagonal(dim1=1, dim2=2)
    assert bool((variances >= 0).all())
    torch.testing.assert_close(variances[0], kernel(x, kind="nngp").diagonal())
    assert float(variances[2].max()) < 1e-6 * float(variances[0].max())
    there = predict(kernel, x, torch.sin(x[:, 0]), [math.inf], test=x[:3]).covariance
    assert bool((there.diagonal(dim1=1, dim2=2) >= 0).all())


def test_the_covariance_is_that_of_the_formula():
    x, y = circle(5)
    test = circle(7)[0]
    found = predict(KERNEL, x, y, [0.3], test=test)
    theta, across = KERNEL(x), KERNEL(test, x)
    influence = across @ torch.linalg.inv(theta) @ (torch.eye(5).double() - torch.matrix_exp(-0.3 * theta))
    covariance = {k: KERNEL(*pair, kind="nngp") for k, pair in {"tt": (test,), "tx": (test, x), "xx": (x,)}.items()}
    mixed = influence @ covariance["tx"].T
    expected = covariance["tt"] - mixed - mixed.T + influence @ covariance["xx"] @ influence.T
    torch.testing.assert_close(found.covariance[0], expected)
    torch.testing.assert_close(found.mean[0], influence @ y)


def test_several_outputs():
    x, y = circle(5)
    found = predict(KERNEL, x, torch.stack([y, 2 * y], 1), [0.5, 1.0], test=x[:3])
    one = predict(KERNEL, x, y, [0.5, 1.0], test=x[:3])
    torch.testing.assert_close(found.mean, torch.stack([one.mean, 2 * one.mean], 2))
    torch.testing.assert_close(found.covariance, one.covariance)


def test_kernels_in_single_precision():
    """Rounding is that of float32: an eigenvalue of −1e-6 of the largest is none, one of −1e-2 is wrong."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 50), torch.nn.ReLU(), torch.nn.Linear(50, 1))
    modes = decompose(empirical_kernel(model, circle(60)[0]))
    assert modes.rates.dtype == modes.vectors.dtype == torch.float32
    assert float(modes.rates[-1]) >= 0
    vectors = torch.linalg.qr(torch.eye(3) + 0.3 * torch.ones(3, 3)).Q
    for least, right in ((-1e-6, True), (-1e-2, False)):
        kernel = vectors @ torch.diag(torch.tensor([1.0, 0.5, least])) @ vectors.T
        if right:
            torch.testing.assert_close(decompose(kernel).rates, torch.tensor([1.0, 0.5, 0.0]), rtol=1e-5, atol=1e-5)
        with contextlib.nullcontext() if right else pytest.raises(ValueError, match="kernel: expected no negative"):
            decompose(kernel)
        if right:
            with pytest.raises(ValueError, match="kernel: expected no negative"):
                decompose(kernel.double() - 2e-6 * torch.eye(3))


def test_lists_and_arrays():
    found = predict(KERNEL, [[0, 1], [1, 0]], np.array([1, 2]), [1], test=[[1.0, 1.0]])
    assert found.mean.dtype == torch.float64
    torch.testing.assert_close(
        found.mean, predict(KERNEL, [[0.0, 1.0], [1.0, 0.0]], [1.0, 2.0], [1.0], test=[[1.0, 1.0]]).mean
    )


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
def test_rounding_is_beside_the_size_of_the_kernel(size):
    assert float(decompose([[2 * size, size], [size * (1 + 1e-14), 2 * size]]).rates[0]) == pytest.approx(3 * size)
    with pytest.raises(ValueError, match="kernel: expected a symmetric"):
        decompose([[2 * size, size], [size * (1 + 1e-12), 2 * size]])
    assert float(decompose([[size, 0.0], [0.0, -1e-14 * size]]).rates[1]) == 0
    with pytest.raises(ValueError, match="kernel: expected no negative"):
        decompose([[size, 0.0], [0.0, -1e-12 * size]])
