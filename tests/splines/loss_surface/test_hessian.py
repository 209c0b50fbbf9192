"""Second derivatives of the loss: by hand, against autograd, ensembles, critical points, errors."""

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings

from lecturelib.splines import Network, Spline, gram, gram_rank, hessian, jacobian, to_network, zero_count
from lecturelib.splines.breakpoints import checks_problems as autograd
from lecturelib.splines.loss_surface.hessian import blocks, critical_residuals, measured_zeros, zeros_off_critical
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
    torch.testing.assert_close(whole[1, 2], autograd.hessian(one, x, y[1, 2]))
    torch.testing.assert_close(hessian(many, x, y[1, 2])[1, 2], whole[1, 2])  # one y for all
    torch.testing.assert_close(products, columns.mT @ columns)
    torch.testing.assert_close(columns[1, 2], autograd.jacobian(one, x))


def test_in_single_precision_all_is_single_and_near():
    generator = torch.Generator().manual_seed(0)
    network, (x, y) = autograd.network(generator), autograd.data(generator)
    single = network.to(torch.float32)
    for found, true in (
        (jacobian(single, x), jacobian(network, x)),
        (gram(single, x), gram(network, x)),
        (hessian(single, x.tolist(), y.numpy()), hessian(network, x, y)),
    ):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), true, atol=1e-4, rtol=1e-4)
    assert zero_count(single, x) == zero_count(network, x)
    assert zeros_off_critical(single, x, y) == zeros_off_critical(network, x, y)
    basis = critical_residuals(to_network(Spline([1.5], [1.0], [1.0], 0.0)).to(torch.float32), torch.arange(4.0))
    assert float(basis.abs().max()) == pytest.approx(0.5**0.5)


def test_the_jacobian_by_hand():
    """w x + b is 1 and 3 at x = 1 and 2 for the first neuron, and -1 and 1 for the second."""
    columns = jacobian(Network([2.0, 2.0], [-1.0, -3.0], [3.0, 5.0], 0.5), [1.0, 2.0])
    assert columns.tolist() == [[3.0, 0.0, 3.0, 0.0, 1.0, 0.0, 1.0], [6.0, 10.0, 3.0, 5.0, 3.0, 1.0, 1.0]]
    assert jacobian(Network([1.0], [-1.0], [1.0], 0.0), [1.0]).tolist() == [[0.0, 0.0, 0.0, 1.0]]  # upon the breakpoint


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
    torch.testing.assert_close(hessian(network, x, y), autograd.hessian(network, x, y), atol=1e-10, rtol=1e-10)


def test_a_second_difference_of_the_loss_is_the_hessian(generator):
    network, (x, y) = autograd.network(generator), autograd.data(generator)
    flat, direction, h = autograd.flatten(network), torch.randn(28, generator=generator, dtype=torch.float64), 1e-4
    values = [float(autograd.squares(flat + k * h * direction, x, y)) for k in (-1, 0, 1)]
    assert (values[0] - 2 * values[1] + values[2]) / h**2 == pytest.approx(
        float(direction @ hessian(network, x, y) @ direction), rel=1e-4
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


def test_critical_points_need_not_be_least_squares():
    x = torch.arange(6, dtype=torch.float64)
    right = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, 1.0], 0.0))  # turns 1, 0, 0
    only = critical_residuals(right, x)
    torch.testing.assert_close(only / only[1], tensor([[-1.0], [1.0], [0.0], [0.0], [0.0], [0.0]]))
    apart = to_network(Spline([1.5, 3.5], [1.0, 1.0], [1.0, -1.0], 0.0))  # turns 1, −1, 1
    only = critical_residuals(apart, x)  # 0 in the sum over each pair, and 1, −1, 1 in its moment
    torch.testing.assert_close(only / only[1], tensor([[-1.0], [1.0], [1.0], [-1.0], [-1.0], [1.0]]))
    place, line = tensor([1.0, 2.0, 4.0, 5.0]), to_network(Spline([0.5], [1.0], [1.0], 0.0))  # sees all: T = 0
    both = critical_residuals(line, place)
    assert both.shape == (4, 2)
    torch.testing.assert_close(torch.stack([torch.ones_like(place), place]) @ both, torch.zeros(2, 2).double())
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    mixed = critical_residuals(apart, x[order])
    torch.testing.assert_close(mixed @ mixed.T, (only @ only.T)[order][:, order])
    twice = critical_residuals(right, [0.0, 2.0, 2.0, 4.0, 5.0])  # (0), (2, 2), (4, 5): the two at 2 may differ
    torch.testing.assert_close(twice.abs().flatten(), tensor([0.0, 0.5**0.5, 0.5**0.5, 0.0, 0.0]))


def test_a_critical_point_that_is_a_saddle():
    """The example of an exercise: w = 1, a breakpoint at 1/2, v = 0, residuals 2, −3, 1."""
    network, x = Network([1.0], [-0.5], [0.0], 0.0), tensor([0.0, 1.0, 2.0])
    y = network(x) - tensor([2.0, -3.0, 1.0])
    assert float((jacobian(network, x).T @ (network(x) - y)).abs().max()) < 1e-12
    g, pull, tilt = 0.25 + 2.25, -2.0, -1.0
    block = hessian(network, x, y)[:3, :3]
    assert float(torch.linalg.eigvalsh(block)[0]) == pytest.approx(g / 2 - (g**2 / 4 + pull**2 + tilt**2) ** 0.5)


def test_at_a_fit_nothing_is_turned_by_residuals():
    network = to_network(Spline([1.5, 3.5, 7.0], [1.0, 1.0, 1.0], [1.0, -1.0, 1.0], 0.0))  # the last one is dead
    x = torch.arange(6, dtype=torch.float64)
    assert zeros_off_critical(network, x, network(x)) == 2 + 3


def test_vectors_turned_by_residuals_are_orthogonal_to_these():
    """Seven neurons on four data: where residuals sum to 0 the vectors and 1 span three dimensions, else four."""
    beta, sides = [0.5, 1.5, 2.5, 0.6, 1.6, 2.6, -0.5], [1.0, 1.0, 1.0, -1.0, -1.0, -1.0, 1.0]
    network, x = to_network(Spline(beta, [1.0] * 7, sides, 0.0)), torch.arange(4, dtype=torch.float64)
    for r, rank in ((tensor([1.0, -3.0, 4.0, -2.0]), 3), (tensor([1.0, -3.0, 4.0, 2.0]), 4)):
        y = network(x) - r
        assert zeros_off_critical(network, x, y) == 7 + 1 - rank
        assert measured_zeros(hessian(network, x, y), tolerance=1e-12) == 7 + 1 - rank


def test_measured_zeros_are_relative_to_the_largest_eigenvalue():
    sizes = tensor([-100.0, 1.1e-7, 0.9e-7, -0.9e-7])
    assert measured_zeros(torch.diag(sizes)) == 2
    assert measured_zeros(torch.diag(sizes), tolerance=1.2e-9) == 3
    assert measured_zeros(torch.zeros(2, 2)) == 2


def test_bad_arguments_of_second_derivatives_are_named():
    for w, b in ((1.0, -2.0), (-1.0, 2.0), (0.0, 0.0)):
        with pytest.raises(ValueError, match="^network: expected no breakpoint on a datum"):
            hessian(Network([1.0, w], [0.5, b], [1.0, 1.0], 0.0), [0.0, 2.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="^network: expected v ≠ 0"):
        gram_rank(Network([1.0, 1.0], [-0.5, 0.5], [1.0, 0.0], 0.0), [0.0, 2.0])
    with pytest.raises(ValueError, match="^network: expected a single Network"):
        zero_count(Network([[1.0]], [[0.5]], [[1.0]], [0.0]), [0.0, 2.0])
    with pytest.raises(ValueError, match="^y: expected shape"):
        hessian(Network([1.0], [0.5], [1.0], 0.0), [0.0, 2.0], [0.0, 1.0, 2.0])
