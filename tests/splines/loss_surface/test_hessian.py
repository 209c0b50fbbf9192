"""Second derivatives of the loss: by hand, against autograd, ensembles, critical points, errors."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from lecturelib.splines import Network, Spline, gram, gram_rank, hessian, jacobian, to_network, zero_count
from lecturelib.splines.loss_surface.checks_critical import mixed, one_sided
from lecturelib.splines.loss_surface.checks_hessian import autograd_hessian, critical_with_idle
from lecturelib.splines.loss_surface.hessian import (
    blocks,
    critical_residuals,
    flatten,
    measured_zeros,
    unflatten,
    zeros_off_critical,
)
from tests.splines.training.loops import tensor


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("seed", range(3))
def test_an_ensemble_is_its_members(seed):
    generator = torch.Generator().manual_seed(seed)
    w, b, v = torch.randn(3, 2, 3, 6, generator=generator, dtype=torch.float64)
    b0 = torch.randn(2, 3, generator=generator, dtype=torch.float64)
    x, y = torch.randn(9, generator=generator, dtype=torch.float64), torch.randn(2, 3, 9, generator=generator).double()
    many = Network(w, b, v, b0)
    whole, products, columns = hessian(many, x, y), gram(many, x), jacobian(many, x)
    assert whole.shape == products.shape == (2, 3, 19, 19)
    one = Network(w[1, 2], b[1, 2], v[1, 2], b0[1, 2])
    torch.testing.assert_close(whole[1, 2], hessian(one, x, y[1, 2]))
    torch.testing.assert_close(whole[1, 2], autograd_hessian(one, x, y[1, 2]))
    torch.testing.assert_close(products, columns.mT @ columns)
    torch.testing.assert_close(unflatten(flatten(many)).v, many.v)


NUMBERS = st.floats(-3, 3).map(lambda value: round(value, 1))


@settings(deadline=None)
@given(
    st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=7),
    st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=7),
)
def test_any_hessian_is_that_of_autograd(neurons, data):
    w, b, v = torch.tensor(neurons, dtype=torch.float64).T
    x, y = torch.tensor(data, dtype=torch.float64).T
    network = Network(w, b + 0.0123, v, 0.2)  # breakpoints off the data, which lie on multiples of 0.1
    if bool((w[:, None] * x + network.b[:, None] == 0).any()):
        return
    torch.testing.assert_close(hessian(network, x, y), autograd_hessian(network, x, y), atol=1e-10, rtol=1e-10)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_func_hessian_agrees(generator):
    network, x = mixed(generator, width=30, points=20)
    y = torch.sin(x)

    def loss(p):
        return 0.5 * (p[60:-1] @ torch.relu(p[:30, None] * x + p[30:60, None]) + p[-1] - y).square().sum()

    torch.testing.assert_close(
        hessian(network, x, y), torch.func.hessian(loss)(flatten(network)), atol=1e-10, rtol=1e-10
    )


def test_blocks_by_hand():
    x = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    right = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, 1.0], 0.0))
    assert blocks(right, x).bounds.tolist() == [0, 2, 4, 6]
    assert blocks(right, x).turns.tolist() == [1, 0, 0]
    assert blocks(right, x).free
    assert gram_rank(right, x) == 5
    assert zero_count(right, x) == (2, 0, 0, 0)
    both = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert blocks(both, x).turns.tolist() == [1, -1, 1]
    meet = to_network(Spline([1.5, 1.6], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert blocks(meet, x).turns is None
    assert gram_rank(meet, x) == 4
    assert zero_count(meet, x) == (2, 0, 0, 1)
    dead = to_network(Spline([1.5, 7.0], [1.0, 1.0], [1.0, 1.0], 0.0))
    assert zero_count(dead, x) == (2, 2, 0, 0)
    everywhere = to_network(Spline([-1.0, 9.0], [1.0, 1.0], [1.0, -1.0], 0.0))
    assert zero_count(everywhere, x) == (2, 0, 2, 1)
    assert zero_count(right, [0.0, 2.0, 2.0]).total == measured_zeros(gram(right, [0.0, 2.0, 2.0]))


def test_critical_points_need_not_be_least_squares(generator):
    network, x = one_sided(generator)
    basis = critical_residuals(network, x)
    torch.testing.assert_close(jacobian(network, x).T @ basis, torch.zeros(10, basis.shape[1]).double())
    first = int(blocks(network, x).bounds[1])
    assert float((x[:first] @ basis[:first]).abs().max()) > 1e-3  # the first piece is not a least squares fit
    assert float(basis[:first].sum(0).abs().max()) < 1e-12
    apart = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, -1.0], 0.0))  # turns 1, −1, 1
    x = torch.arange(6, dtype=torch.float64)
    only = critical_residuals(apart, x)  # 0 in the sum over each pair, and 1, −1, 1 in its moment
    torch.testing.assert_close(only / only[1], tensor([[-1.0], [1.0], [1.0], [-1.0], [-1.0], [1.0]]))


def test_a_critical_point_that_is_a_saddle(generator):
    network, x, r = critical_with_idle(generator)
    y = network(x) - r
    assert float((jacobian(network, x).T @ r).abs().max()) < 1e-12
    assert float(torch.linalg.eigvalsh(hessian(network, x, y)).min()) < -1e-3


def test_at_a_fit_nothing_is_turned_by_residuals():
    network = to_network(Spline([1.5, 3.5, 7.0], [1.0, 1.0, 1.0], [1.0, -1.0, 1.0], 0.0))  # the last one is dead
    x = torch.arange(6, dtype=torch.float64)
    assert zeros_off_critical(network, x, network(x)) == 2 + 3


def test_bad_arguments_of_second_derivatives_are_named():
    for w, b in ((1.0, -2.0), (-1.0, 2.0), (0.0, 0.0)):
        with pytest.raises(ValueError, match="^network: expected no breakpoint on a datum"):
            hessian(Network([1.0, w], [0.5, b], [1.0, 1.0], 0.0), [0.0, 2.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="^network: expected v ≠ 0"):
        gram_rank(Network([1.0, 1.0], [-0.5, 0.5], [1.0, 0.0], 0.0), [0.0, 2.0])
    with pytest.raises(ValueError, match="^network: expected one network"):
        zero_count(Network([[1.0]], [[0.5]], [[1.0]], [0.0]), [0.0, 2.0])
    with pytest.raises(ValueError, match="^x: expected distinct data, sorted"):
        critical_residuals(Network([1.0], [0.5], [1.0], 0.0), [0.0, 3.0, 2.0])
    with pytest.raises(ValueError, match="^parameters: expected shape"):
        unflatten(torch.zeros(6))
    assert unflatten(torch.zeros(4)).w.shape == (1,)
