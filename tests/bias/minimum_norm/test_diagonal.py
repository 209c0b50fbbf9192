"""Diagonal networks: their cost, flow and limit, by hand and beside cvxpy where it is there."""

import math

import pytest
import torch

from lecturelib.bias import diagonal_cost, diagonal_flow, diagonal_limit, least_norm


def normal(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_one_datum_by_hand():
    # w = 2α² (sinh 2y, sinh y) with 2 w₁ + w₂ = 5; for small α: w₁ ≈ α² e^{2y}, so w₂ ≈ α √w₁
    w = diagonal_limit([[2.0, 1.0]], [5.0], scale=1e-3)
    assert float(2 * w[0] + w[1]) == pytest.approx(5)
    assert float(w[1]) == pytest.approx(1e-3 * math.sqrt(2.5), rel=1e-3)
    assert float(torch.asinh(w[0] / 2e-6)) == pytest.approx(2 * float(torch.asinh(w[1] / 2e-6)))


def test_the_cost_is_that_of_woodworth_and_has_the_slope_that_it_should():
    w, scale = normal(0, 3, 5).requires_grad_(), torch.tensor([0.1, 0.5, 1.0, 2.0, 1.0], dtype=torch.float64)
    z = w / scale**2
    printed = scale**2 * (2 - torch.sqrt(4 + z**2) + z * torch.asinh(z / 2))
    cost = diagonal_cost(w.detach(), scale=scale)
    torch.testing.assert_close(cost, printed.sum(-1).detach())
    (slope,) = torch.autograd.grad(printed.sum(), w)
    torch.testing.assert_close(slope, torch.asinh(w.detach() / (2 * scale**2)))
    assert float(diagonal_cost([1e-9], scale=1.0)) == pytest.approx(2.5e-19, rel=1e-12)  # w²/4, without cancellation


def test_the_limit_has_the_least_cost():
    a, b, scale = normal(1, 3, 6), normal(2, 3), 0.2
    w = diagonal_limit(a, b, scale=scale)
    torch.testing.assert_close(a @ w, b)
    free = torch.linalg.svd(a).Vh[3:]
    for step in (1e-3, -1e-3):
        assert (diagonal_cost(w + step * free, scale=scale) > diagonal_cost(w, scale=scale)).all()


def test_flow_runs_from_zero_to_the_limit_at_any_times():
    a, b = normal(3, 2, 4), normal(4, 2)
    path = diagonal_flow(a, b, scale=0.5, times=[1e4, 0.0, 0.1, 0.1])
    assert path[1].tolist() == [0, 0, 0, 0]
    torch.testing.assert_close(path[2], path[3])
    torch.testing.assert_close(path[0], diagonal_limit(a, b, scale=0.5), rtol=1e-6, atol=1e-7)
    # many small steps of descent on u and v
    u = torch.full((4,), 0.5, dtype=torch.float64)
    v = u.clone()
    for _ in range(1000):
        slope = a.T @ (a @ (u * u - v * v) - b)
        u, v = u - 2e-4 * u * slope, v + 2e-4 * v * slope
    torch.testing.assert_close(u * u - v * v, path[2], rtol=1e-3, atol=1e-4)
    assert diagonal_flow(a, b, scale=0.5, times=[0.0]).tolist() == [[0, 0, 0, 0]]


def test_rows_twice_data_that_do_not_fit_and_no_data():
    a = torch.tensor([[2.0, 1.0], [2.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(diagonal_limit(a, [4.0, 6.0], scale=0.3), diagonal_limit([[2.0, 1.0]], [5.0], scale=0.3))
    assert diagonal_limit(a, [0.0, 0.0], scale=0.3).tolist() == [0, 0]
    assert diagonal_limit(torch.zeros(1, 2), [3.0], scale=0.3).tolist() == [0, 0]
    torch.testing.assert_close(
        diagonal_limit(a, [4.0, 6.0], scale=50.0), least_norm(a, [4.0, 6.0]), rtol=1e-6, atol=1e-6
    )


def test_each_weight_may_have_a_scale_of_its_own():
    w = diagonal_limit([[1.0, 1.0]], [2.0], scale=[100.0, 200.0])  # costs w²/4α²: as 1 to 1/4, so as 1 to 4
    assert w.tolist() == pytest.approx([0.4, 1.6], rel=1e-4)
    with pytest.raises(ValueError, match=r"^scale: expected a number or a shape that broadcasts to \(2,\), got \(3,\)"):
        diagonal_limit([[1.0, 1.0]], [2.0], scale=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="^scale: expected positive"):
        diagonal_flow([[1.0, 1.0]], [2.0], scale=0.0, times=[1.0])


def test_small_scales_find_the_sparse_solution():
    a = normal(5, 30, 80) / 30**0.5
    w = torch.zeros(80, dtype=torch.float64)
    w[:3] = torch.tensor([1.0, -2.0, 0.5])
    torch.testing.assert_close(diagonal_limit(a, a @ w, scale=1e-7), w, atol=1e-6, rtol=0)


def test_the_limit_of_small_scales_is_that_of_a_solver_for_least_sums():
    cvxpy = pytest.importorskip("cvxpy")
    a, b = normal(6, 4, 9), normal(7, 4)
    w = cvxpy.Variable(9)
    cvxpy.Problem(cvxpy.Minimize(cvxpy.norm1(w)), [a.numpy() @ w == b.numpy()]).solve(solver="CLARABEL")
    found = diagonal_limit(a, b, scale=1e-9)
    assert float(found.abs().sum()) == pytest.approx(float(abs(w.value).sum()), rel=1e-3)


def test_single_precision_is_computed_in_double():
    found = diagonal_limit(torch.tensor([[2.0, 1.0]]), torch.tensor([5.0]), scale=0.1)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx(diagonal_limit([[2.0, 1.0]], [5.0], scale=0.1).tolist(), rel=1e-6)


def test_times_beyond_all_settling_are_the_end():
    times = [0.0, 1e5, 1e20, 0.2, 1e300]
    path = diagonal_flow([[2.0, 1.0]], [5.0], scale=0.1, times=times)
    end = diagonal_limit([[2.0, 1.0]], [5.0], scale=0.1)
    for row in (1, 2, 4):
        assert path[row].tolist() == pytest.approx(end.tolist(), rel=1e-6)
    assert path[3].tolist() == pytest.approx([2.2301, 0.1487], abs=1e-4)


def test_scales_that_floats_cannot_follow_are_named():
    with pytest.raises(ValueError, match=r"scale: expected .*, got 1e-300"):
        diagonal_limit([[2.0, 1.0]], [5.0], scale=1e-300)
    with pytest.raises(ValueError, match="scale: expected"):
        diagonal_flow([[2.0, 1.0]], [5.0], scale=1e-100, times=[50.0])
