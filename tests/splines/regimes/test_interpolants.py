"""Functions through given points: by hand, in several forms, ensembles, errors."""

import pytest
import torch

from lecturelib.splines import Spikes, spikes
from lecturelib.splines.regimes import interpolants as fits

X = torch.tensor([-0.9, -0.2, 0.1, 0.8], dtype=torch.float64)
Y = torch.tensor([0.5, -1.0, 0.3, 0.9], dtype=torch.float64)
Z = torch.linspace(-0.9, 0.8, 35, dtype=torch.float64)


def test_polygon_by_hand():
    spline = fits.linear_interpolant([1.0, 0.0, 3.0], [2.0, 1.0, -2.0])
    assert spline([-1.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0]).tolist() == [0.0, 1.0, 1.5, 2.0, 0.0, -2.0, -4.0]
    assert spline.orientations.tolist() == [-1.0, 1.0, 1.0]


def test_cutting_a_corner_by_hand():
    # slopes 1, 2, 3 with corners at 0 and 1: the outer pieces y = 1 + x and y = 3 x meet at ½
    x, y = [-1.0, 0.0, 1.0, 2.0], [0.0, 1.0, 3.0, 6.0]
    cut = fits.cut_corner(x, y, 1)
    assert cut(x).tolist() == y
    assert spikes(cut) == Spikes([0.5], [2.0])
    with pytest.raises(ValueError, match="^n: expected corners 1 and 2 to bend the same way"):
        fits.cut_corner(x, [0.0, 0.0, 1.0, 1.5], 1)
    with pytest.raises(ValueError, match="^n: expected corners 1 and 2 to bend the same way"):
        fits.cut_corner(x, [0.0, 2.0, 3.0, 6.0], 1)  # slopes 2, 1, 3: down, then up
    for n in (0, 2):
        with pytest.raises(ValueError, match="^n: expected a whole number from 1 to 1"):
            fits.cut_corner(x, y, n)


def test_natural_cubic_by_hand():
    # through (−1, 0), (0, 1), (1, 0): 1 − 3x²/2 + |x|³/2, with end slopes ±3/2
    spline = fits.natural_cubic([0.0, -1.0, 1.0], [1.0, 0.0, 0.0])
    z = torch.tensor([-2.0, -0.5, 0.5, 3.0], dtype=torch.float64)
    assert spline(z).tolist() == pytest.approx([-1.5, 0.6875, 0.6875, -3.0])
    limit = fits.cubic_limit([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])
    torch.testing.assert_close(limit(z), spline(z))
    assert limit.curvature([0.0, 1.0, 2.0]).tolist() == pytest.approx([-3.0, 0.0, 0.0])
    assert fits.first_gap([-1.0, 0.0, 1.0], [0.0, 1.0, 0.0])(z).abs().max() < 1e-12  # even: no slope to pay for


def test_a_cubic_off_the_origin_by_hand():
    one = fits.CubicLimit(centres=[1.0], weights=[2.0], slope=-1.0, height=4.0)  # |z − 1|³/3 − z + 4
    assert one([3.0]).tolist() == pytest.approx([8 / 3 + 1])
    assert one.curvature([3.0, -2.0]).tolist() == [4.0, 6.0]


def test_kernel_by_hand():
    # both points at 0: 2 ∫₀ᴮ β² = 2 B³/3; x = 1, z = −1, B = 1: neither side reaches both, so 0
    one = torch.ones((), dtype=torch.float64)
    assert float(fits.hinge_kernel(0 * one, 0 * one, 3.0)) == pytest.approx(18.0)
    assert float(fits.hinge_kernel(one, -one, 1.0)) == pytest.approx(0.0, abs=1e-15)


def least(y, half_width):
    """Weights of the function of least norm of the kernel through X and y."""
    return torch.linalg.solve(fits.hinge_kernel(X[:, None], X, half_width), y)


def test_the_limit_is_the_function_of_least_norm():
    for half_width in (1.0, 4.0):
        found = fits.hinge_kernel(Z[:, None], X, half_width) @ least(Y, half_width)
        limit = fits.cubic_limit(X, torch.stack([Y, -2 * Y]), half_width)
        torch.testing.assert_close(limit(X)[0], Y, atol=1e-10, rtol=0)
        torch.testing.assert_close(limit(Z)[0], found, atol=1e-9, rtol=0)
        torch.testing.assert_close(limit(Z)[1], -2 * found, atol=1e-9, rtol=0)


def test_ensembles_of_targets_are_their_members():
    many = torch.stack([Y, 2 - Y, Y.square(), Y.flip(0), Y + X, Y * X]).reshape(2, 3, 4)
    cubic, limit = fits.natural_cubic(X, many), fits.cubic_limit(X, many, 2.0)
    for whole, one in (
        (cubic(Z), fits.natural_cubic(X, many[1, 2])(Z)),
        (limit(Z), fits.cubic_limit(X, many[1, 2], 2.0)(Z)),
    ):
        assert whole.shape == (2, 3, 35)
        torch.testing.assert_close(whole[1, 2], one)


def test_price_is_the_squared_norm():
    """What the claim says that a function costs is λᵀ K λ = λᵀ y, for the interpolant of least norm."""
    size = 2.0
    limit = fits.cubic_limit(X, Y, size)
    z = torch.linspace(-size, size, 20001, dtype=torch.float64)
    bending = torch.trapezoid(limit.curvature(z) ** 2, z)
    ends = torch.tensor([-size, size], dtype=torch.float64)
    slopes = limit.slope + (limit.weights * (ends[:, None] - X) * (ends[:, None] - X).abs()).sum(1) / 2
    turn, rise = slopes.sum(), size * (slopes[1] - slopes[0]) - limit(ends).sum()
    paid = bending / 2 + turn**2 / (4 * size) + 3 * rise**2 / (4 * size**3)
    assert float(paid) == pytest.approx(float(least(Y, size) @ Y), rel=1e-6)


def test_what_misses_its_data_is_refused():
    near = torch.linspace(-1, 1, 10, dtype=torch.float64)
    near[5] = near[4] + 1e-7
    with pytest.raises(ValueError, match="^x: expected points far enough apart"):
        fits.cubic_limit(near, torch.cos(9 * near) + (near == near[5]))
    flat = fits.cubic_limit(X, 0 * Y)
    assert flat(Z).abs().max() == 0


def test_precision_of_interpolants_is_kept():
    x, y = X.float(), Y.float()
    for function in (fits.linear_interpolant(x, y), fits.natural_cubic(x, y), fits.cubic_limit(x, y, 2.0)):
        assert function(Z.float()).dtype == torch.float32
        torch.testing.assert_close(function(x), y, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: fits.linear_interpolant([0.0], [1.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.natural_cubic([0.0, 0.0], [1.0, 2.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.natural_cubic([2.0, 0.0, 2.0], [1.0, 2.0, 3.0]), "^x: expected at least 2 distinct"),
        (lambda: fits.hinge_kernel(-X, X, 0.85), "^x1: expected points between"),
        (lambda: fits.hinge_kernel(X[1:2], X[:1], 0.85), "^x2: expected points between"),
        (lambda: fits.cubic_limit(X, Y[:3]), "^y: expected shape"),
        (lambda: fits.cubic_limit(X, Y, 0.5), "^half_width: expected at least 0.9"),
        (lambda: fits.hinge_kernel(X, X, 0.5), "^x1: expected points between"),
        (lambda: fits.hinge_kernel(X[1:2], X, 0.5), "^x2: expected points between"),
        (lambda: fits.hinge_kernel(X, X, -1.0), "^half_width: expected a positive"),
    ],
)
def test_bad_arguments_of_interpolants_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
