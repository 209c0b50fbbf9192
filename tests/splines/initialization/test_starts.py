"""Random starts: their distributions by scheme, precision, and errors."""

import math
from typing import get_args

import pytest
import torch

from lecturelib.splines import initialize, to_spline
from lecturelib.splines.initialization.starts import Scheme

H, SCHEMES = 50, get_args(Scheme)


def draw(scheme, **options):
    return initialize(H, scheme, generator=torch.Generator().manual_seed(5), ensemble=(4000,), **options)


def deviations(network):
    return [float(part.std()) for part in (network.w, network.b, network.v, network.b0)]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ("he", (math.sqrt(2), math.sqrt(2), math.sqrt(2 / H), 0)),
        ("glorot", (math.sqrt(2 / (1 + H)),) * 3 + (0,)),
        ("pytorch", (math.sqrt(1 / 3), math.sqrt(1 / 3), math.sqrt(1 / 3 / H), math.sqrt(1 / 3 / H))),
        # b = −w β with Var β = 4²/12
        ("uniform_breakpoints", (math.sqrt(2), math.sqrt(2 * 16 / 12), math.sqrt(2 / H), 0)),
        ("spiky", (math.sqrt(2), math.sqrt(2 * 16 / 12), math.sqrt(2), 0)),
        ("flat", (math.sqrt(2), math.sqrt(2 * 16 / 12), 0, 0)),
    ],
)
def test_standard_deviations(scheme, expected):
    # 200,000 numbers: relative standard error of a deviation about 0.2 %; b₀ has 4,000 of them
    network = draw(scheme, interval=(-2, 2))
    assert deviations(network) == pytest.approx(expected, rel=0.04)
    for part in (network.w, network.b, network.v, network.b0):
        assert abs(float(part.mean())) <= 4 * float(part.std()) / math.sqrt(part.numel())


def test_pytorch_weights_fill_their_intervals():
    network = draw("pytorch")
    for part, end in ((network.w, 1), (network.b, 1), (network.v, H**-0.5), (network.b0, H**-0.5)):
        assert 0.99 * end < float(part.max()) <= end
        assert -end <= float(part.min()) < -0.99 * end


@pytest.mark.parametrize("scheme", SCHEMES)
def test_alpha_keeps_the_function_and_moves_the_weights(scheme):
    plain, scaled = draw(scheme), draw(scheme, alpha=10.0)
    torch.testing.assert_close(scaled.w, 10 * plain.w)
    torch.testing.assert_close(scaled.b, 10 * plain.b)
    torch.testing.assert_close(scaled.v, plain.v / 10)
    torch.testing.assert_close(scaled.b0, plain.b0)


@pytest.mark.parametrize("scheme", ["uniform_breakpoints", "spiky", "flat"])
@pytest.mark.parametrize("interval", [(1, 3), (-1.0, 1.0)])
def test_breakpoints_are_uniform_on_the_interval(scheme, interval):
    options = {"interval": interval} if interval == (1, 3) else {}
    beta = to_spline(draw(scheme, **options)).breakpoints.flatten().sort().values
    low, high = interval
    assert low - 1e-12 <= float(beta[0]) < float(beta[-1]) <= high + 1e-12
    expected = torch.linspace(low, high, beta.numel(), dtype=torch.float64)
    # Kolmogorov's distance of 200,000 numbers stays below 1.95 / √n with probability 0.999
    assert float((beta - expected).abs().max()) / 2 < 1.95 / math.sqrt(beta.numel())


def test_one_network_and_the_same_numbers_again():
    one, again = (initialize(3, "he", generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert one.w.shape == (3,)
    assert one.b0.shape == ()
    assert torch.equal(one.v, again.v)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_precision_is_that_asked_for_and_the_numbers_are_the_same(scheme):
    exact = initialize(5, scheme, generator=torch.Generator().manual_seed(1), ensemble=2)
    rounded = initialize(5, scheme, generator=torch.Generator().manual_seed(1), ensemble=2, dtype=torch.float32)
    for name in ("w", "b", "v", "b0"):
        assert getattr(rounded, name).dtype == torch.float32
        torch.testing.assert_close(getattr(rounded, name), getattr(exact, name).float())
    there = initialize(5, scheme, generator=torch.Generator().manual_seed(1), device="meta")
    assert there.w.device.type == there.b0.device.type == "meta"


@pytest.mark.parametrize(
    ("name", "width", "scheme", "options"),
    [
        ("width", 0, "he", {}),
        ("scheme", 3, "xavier", {}),
        ("alpha", 3, "he", {"alpha": -1.0}),
        ("interval", 3, "flat", {"interval": (1, 1)}),
    ],
)
def test_bad_arguments_are_named(name, width, scheme, options):
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        initialize(width, scheme, generator=torch.Generator(), **options)
    with pytest.raises(TypeError, match="^width: expected"):
        initialize(2.5, "he", generator=torch.Generator())
    with pytest.raises(TypeError, match="^generator: expected"):
        initialize(2, "he", generator=None)
