"""Derivatives by filters, dictionaries, and equations that are found again."""

import math

import pytest
import torch

from lecturelib.equivariance import derivative_filter, dictionary, find_equation
from lecturelib.equivariance.interpretability.equations import columns, factors, fit, jets, sparse_fit


@pytest.mark.parametrize("order", range(6))
def test_filters_are_exact_for_polynomials(order):
    for options in ({}, {"width": 4, "degree": 6}):
        w = derivative_filter(order, 0.3, **options)
        at = 0.3 * (torch.arange(len(w), dtype=torch.float64) - len(w) // 2)
        for power in range(order + 1):
            assert float(w @ at**power) == pytest.approx(math.factorial(order) * (power == order), abs=1e-7)


def test_filters_by_hand():
    assert derivative_filter(1, 2.0).tolist() == [-0.25, 0, 0.25]
    assert derivative_filter(4, 1.0).tolist() == pytest.approx([0.25, -0.5, -0.25, 1, -0.25, -0.5, 0.25])
    assert derivative_filter(1, 1.0, width=2, degree=1).tolist() == pytest.approx([-0.2, -0.1, 0, 0.1, 0.2])
    with pytest.raises(ValueError, match="degree"):
        derivative_filter(3, 1.0, width=5, degree=2)


def test_dictionaries_and_terms():
    assert len(dictionary(3, 3)) == 16
    assert dictionary(0, 1) == ["1", "u_x"]
    assert factors("u^2 u_xx") == [("u", 2), ("u_xx", 1)]
    assert factors("u |u|^2") == [("u", 1), ("|u|", 2)]
    values = {"u": torch.tensor([2.0, 3.0]), "u_x": torch.tensor([5.0, 7.0])}
    assert columns(["1", "u^2 u_x"], values).tolist() == [[1, 20], [1, 63]]
    for wrong in ("u+u_x", "", "u^x"):
        with pytest.raises(ValueError, match="library"):
            factors(wrong)


def heat(rate: float = 0.5) -> tuple[torch.Tensor, ...]:
    x, t = torch.linspace(0, 6, 61, dtype=torch.float64), torch.linspace(0, 1, 51, dtype=torch.float64)
    u = sum(torch.exp(-rate * k**2 * t) * torch.sin(k * x + k)[:, None] for k in (1, 2, 3))
    return u, x, t


def test_the_heat_equation():
    u, x, t = heat()
    for options in ({}, {"derivatives": "polynomials", "widths": (3, 3)}):
        found = find_equation(u, x, t, dictionary(2, 3), **options)
        assert found.terms == ("u_xx",)
        assert float(found.coefficients) == pytest.approx(0.5, rel=0.02)
        assert found.dense.count_nonzero() == 1
        assert found.residual < 0.02
    assert str(find_equation(u, x, t, ["u_xx"])).startswith("u_t = +0.50")


def test_the_coefficient_that_differences_give_is_known():
    k, h, tau = 1.0, 0.5, 0.5
    x, t = h * torch.arange(12, dtype=torch.float64), tau * torch.arange(6, dtype=torch.float64)
    found = find_equation(torch.exp(-(k**2) * t) * torch.cos(k * x)[:, None], x, t, ["u_xx"])
    expected = math.sinh(k**2 * tau) * h**2 / (tau * (2 - 2 * math.cos(k * h)))
    assert float(found.coefficients) == pytest.approx(expected, rel=1e-10)
    assert expected == pytest.approx(1.064, abs=1e-3)


def test_terms_fall_as_the_tolerance_rises():
    generator = torch.Generator().manual_seed(1)
    theta = torch.randn(200, 4, generator=generator, dtype=torch.float64)
    y = theta @ torch.tensor([1.0, 0.3, 0.0, 0.05], dtype=torch.float64)
    square = float(y.square().sum())
    left = [int(sparse_fit(theta.T @ theta, theta.T @ y, square, one).count_nonzero()) for one in (0.001, 0.1, 0.5, 2)]
    assert left == [3, 2, 1, 0]
    assert fit(theta, 0 * y, list("abcd"), 0.1).terms == ()


def test_complex_data():
    generator = torch.Generator().manual_seed(1)
    theta = torch.randn(50, 3, generator=generator, dtype=torch.complex128)
    found = fit(theta, theta @ torch.tensor([0, 2j, 0.5 + 0j], dtype=torch.complex128), list("abc"), 0.01)
    assert found.terms == ("b", "c")
    torch.testing.assert_close(found.coefficients, torch.tensor([2j, 0.5 + 0j], dtype=torch.complex128))


def test_a_column_of_zeros_is_left_out():
    u, x, t = heat()
    found = find_equation(u * 0 + torch.exp(t), x, t, ["u", "u_x", "u_xx"])
    assert found.terms == ("u",)


def test_where_filters_fit():
    u = torch.arange(70, dtype=torch.float64).reshape(10, 7)  # 7 x + t
    values, rate = jets(u, (1.0, 1.0), 3, None, (4, 4))
    assert values["u"].shape == rate.shape == (6, 5)
    assert torch.equal(values["u"], u[2:-2, 1:-1])
    assert values["u_x"].unique().tolist() == [7]
    assert rate.unique().tolist() == [1]


def test_bad_input():
    u, x, t = heat()
    with pytest.raises(ValueError, match="x"):
        find_equation(u, x.square(), t, ["u"])
    with pytest.raises(ValueError, match="library"):
        find_equation(u, x, t, ["u_y"])
    with pytest.raises(ValueError, match="library"):
        find_equation(u, x, t, ["v"])
    with pytest.raises(ValueError, match="t: expected more than"):
        find_equation(u[:, :5], x, t[:5], ["u"], derivatives="polynomials")
