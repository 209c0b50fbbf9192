"""Trees of functions of two arguments: their number, products and parity."""

import math
from itertools import product

import pytest
import torch

from lecturelib.equivariance import count_tree_functions, flat_product, parity, product_units, tree_product
from lecturelib.equivariance.composition.trees import tanh_derivative


def test_three_bits_by_hand():
    gates = list(product((0, 1), repeat=4))
    rows = list(product((0, 1), repeat=3))
    found = {tuple(g[2 * u[2 * a + b] + c] for a, b, c in rows) for g in gates for u in gates}
    assert count_tree_functions(3) == len(found) == 88
    assert tuple(int(a + b + c >= 2) for a, b, c in rows) not in found  # the majority


@pytest.mark.parametrize("leaves", [0, 2.5])
def test_leaves_are_counted(leaves):
    with pytest.raises((ValueError, TypeError), match="leaves"):
        count_tree_functions(leaves)


def test_derivatives_of_tanh_are_those_of_autograd():
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    value = torch.tanh(x)
    for order in range(1, 8):
        (value,) = torch.autograd.grad(value, x, create_graph=True)
        assert tanh_derivative(order, 0.3) == pytest.approx(float(value.detach()), rel=1e-10)
    assert tanh_derivative(0, 0.3) == pytest.approx(math.tanh(0.3))


@pytest.mark.parametrize("multiply", [flat_product, tree_product])
@pytest.mark.parametrize("factors", [2, 3, 5])
def test_products_come_out_with_an_error_of_second_order(multiply, factors):
    x = 2 * torch.rand(3, 7, factors, generator=torch.Generator().manual_seed(factors), dtype=torch.float64) - 1
    off = [float((multiply(x, scale=a) - x.prod(-1)).abs().max()) for a in (0.1, 0.05)]
    assert multiply(x).shape == (3, 7)
    assert 3.5 < off[0] / off[1] < 4.5
    assert off[1] < 0.01


@pytest.mark.parametrize("multiply", [flat_product, tree_product])
def test_eight_factors(multiply):
    x = torch.tensor([0.9, -0.8, 0.7, 0.9, -0.6, 0.8, 0.9, 0.7], dtype=torch.float64)
    assert float(multiply(x)) == pytest.approx(float(x.prod()), rel=0.1)


def test_a_bias_without_a_derivative_is_refused():
    with pytest.raises(ValueError, match="bias"):
        flat_product([0.5, 0.5], bias=0.0)
    assert float(flat_product([0.5, 0.5, 0.5], bias=0.0)) == pytest.approx(0.125, rel=0.03)


def test_units_for_products():
    assert product_units(2) == {"flat, at least": 2, "flat": 4, "tree": 4}
    assert product_units(5) == {"flat, at least": 10, "flat": 32, "tree": 16}


def test_parity_of_all_rows():
    for bits in (1, 2, 6):
        rows = torch.tensor(list(product((0.0, 1.0), repeat=bits)))
        assert torch.equal(parity(rows), rows.sum(1) % 2)
        assert parity(rows).dtype == torch.float32
