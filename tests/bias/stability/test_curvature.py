"""Curvature by products: against dense matrices, in ensembles, where Lanczos' method ends early, and errors."""

import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from lecturelib.bias import Spectrum, hessian_spectrum, random_network, sharpness, square_loss
from lecturelib.bias.stability.curvature import dense, lanczos, products


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(3)


@pytest.fixture
def problem(generator):
    """A loss of a tanh network and four points."""
    net = random_network([3, 6, 5, 2], "tanh", generator=generator, ensemble=(2, 2))
    x, y = (torch.randn(7, size, generator=generator, dtype=torch.float64) for size in (3, 2))
    return square_loss(net[0, 0], x, y, penalty=0.1), net.vector


def test_a_loss_worked_by_hand():
    # w₀² w₁ has the Hessian [[2 w₁, 2 w₀], [2 w₀, 0]], at (1, 0) with eigenvalues ±2, at (0, 3) with 6 and 0
    found = sharpness(lambda w: w[0] ** 2 * w[1], [[1.0, 0.0], [0.0, 3.0]])
    assert found.tolist() == pytest.approx([2.0, 6.0])


def test_it_agrees_with_the_matrix_and_with_arpack(problem):
    loss, points = problem
    found = sharpness(loss, points, tolerance=1e-10)
    assert found.shape == (2, 2)
    for index in ((0, 0), (1, 1)):
        matrix = torch.autograd.functional.hessian(loss, points[index])
        assert float(found[index]) == pytest.approx(float(torch.linalg.eigvalsh(matrix)[-1]), rel=1e-9)
        torch.testing.assert_close(dense(loss, points[index]), matrix)
    product = products(loss, points[0, :1])
    size = points.shape[-1]
    operator = LinearOperator(
        (size, size), lambda v: product(torch.from_numpy(v).reshape(1, -1))[0].numpy(), dtype=float
    )
    largest = eigsh(operator, k=1, which="LA", return_eigenvectors=False, v0=torch.ones(size).numpy())
    assert float(found[0, 0]) == pytest.approx(float(largest[0]), rel=1e-9)


def test_products_are_differences_of_gradients(problem, generator):
    loss, points = problem
    point = points[0, 0]
    v = torch.randn(len(point), generator=generator, dtype=torch.float64)
    gradient = torch.func.grad(loss)
    expected = (gradient(point + 1e-5 * v) - gradient(point - 1e-5 * v)) / 2e-5
    torch.testing.assert_close(products(loss, point[None])(v[None])[0], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("curvatures", [[0.0, 0.0, 0.0], [-2.0, -2.0, -2.0], [5.0, 5.0, -1.0], [-3.0, -1.0, -1.0]])
def test_spaces_that_end_early_add_nothing(curvatures):
    half = torch.tensor(curvatures, dtype=torch.float64) / 2
    assert float(sharpness(lambda w: half @ w**2 + w.sum(), torch.ones(3).double())) == pytest.approx(
        max(curvatures), abs=1e-6
    )
    found = hessian_spectrum(lambda w: half @ w**2, torch.ones(3).double(), steps=3, generator=torch.Generator())
    assert float(found.largest) == pytest.approx(max(curvatures), abs=1e-9)
    assert float(found.smallest) == pytest.approx(min(curvatures), abs=1e-9)
    assert float(found.weights.sum()) == pytest.approx(1.0)


def test_members_of_an_ensemble_may_end_at_different_steps():
    found = sharpness(lambda w: w[0] ** 4 + w[1] ** 2, [[0.0, 1.0], [1.0, 1.0], [5.0, 0.0]])
    assert found.tolist() == pytest.approx([2.0, 12.0, 300.0])


def test_all_steps_give_the_whole_spectrum(problem, generator):
    loss, points = problem
    found = hessian_spectrum(loss, points, steps=10_000, probes=2, generator=generator)
    size = points.shape[-1]
    assert found.values.shape == (2, 2, 2, size)
    assert found.size == size
    for probe in range(2):
        expected = torch.linalg.eigvalsh(dense(loss, points[1, 0]))
        torch.testing.assert_close(found.values[1, 0, probe].sort().values, expected, rtol=1e-6, atol=1e-6)


def test_errors_of_values_bound_the_distance_to_an_eigenvalue(problem, generator):
    loss, points = problem
    found = hessian_spectrum(loss, points[0, 0], steps=9, generator=generator)
    values = torch.linalg.eigvalsh(dense(loss, points[0, 0]))
    away = (found.values[0][:, None] - values).abs().amin(1)
    assert bool((away <= found.errors[0] + 1e-9).all())
    assert float(found.errors[0, 4]) > 1e-6


def test_counts_and_densities_add_up(generator):
    curvatures = torch.cat([torch.zeros(150), torch.ones(40), torch.full((10,), 30.0)]).double()
    found = hessian_spectrum(
        lambda w: 0.5 * curvatures @ w**2, torch.zeros(200).double(), steps=3, probes=200, generator=generator
    )
    assert float(found.count(-0.1, 0.1)) == pytest.approx(150, abs=3)
    assert float(found.count(0.9, 1.1)) == pytest.approx(40, abs=3)
    at = torch.linspace(-5, 40, 4501, dtype=torch.float64)
    assert float(torch.trapezoid(found.density(at, width=0.1), at)) == pytest.approx(200, rel=1e-6)


def test_single_precision_stays(problem):
    loss, points = problem
    found = sharpness(loss, points.float(), tolerance=1e-4)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), sharpness(loss, points), rtol=1e-3, atol=1e-3)


def test_the_same_numbers_every_time(problem):
    loss, points = problem
    assert torch.equal(sharpness(loss, points), sharpness(loss, points))


def test_what_is_no_loss_is_refused():
    with pytest.raises(ValueError, match="loss: expected a function of a vector"):
        sharpness(lambda w: 2 * w, [1.0, 2.0])
    with pytest.raises(ValueError, match="loss: expected finite second derivatives"):
        sharpness(lambda w: w[0].sqrt() + w[1], [0.0, 2.0])
    with pytest.raises(ValueError, match="parameters: expected shape .* with at least one number"):
        sharpness(lambda w: w.sum(), torch.ones(0))
    with pytest.raises(ValueError, match="size: expected an integer, at least 1"):
        Spectrum([[1.0]], [[1.0]], [[0.0]], 0)


def test_lanczos_stops_when_told(generator):
    matrix = torch.diag(torch.arange(50, dtype=torch.float64))
    start = torch.randn(1, 50, generator=generator, dtype=torch.float64)
    found = lanczos(lambda v: v @ matrix, start, 50, lambda ritz: ritz.values.shape[1] == 7)
    assert found.values.shape == (1, 7)
