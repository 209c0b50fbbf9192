"""The flow in logarithmic time: in closed form, against scipy and steps of descent, and where data overlap."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from lecturelib.bias import hard_margin, loss_minimum, margin_flow
from lecturelib.bias.maximum_margin.checks_problems import built

TIMES = [0.0, 0.5, 1e3, 1e12, 1e300]


def test_two_points_at_right_angles_in_closed_form():
    t = torch.tensor(TIMES, dtype=torch.float64)
    wanted = torch.stack([torch.log1p(t), 0.5 * torch.log1p(4 * t.clamp(max=1e299))], 1)
    wanted[-1, 1] = 0.5 * (np.log(4) + 300 * np.log(10))
    torch.testing.assert_close(margin_flow([[1.0, 0.0], [0.0, -2.0]], [1, -1], t), wanted, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
def test_scipy_follows_the_same_flow(loss):
    z, *_ = built(torch.Generator().manual_seed(0), 9, 3, 2)
    data, start = z.numpy(), np.array([0.3, -0.2, 0.1])

    def field(_, w):
        m = data @ w
        return (np.exp(-m) if loss == "exponential" else 1 / (1 + np.exp(m))) @ data

    wanted = solve_ivp(field, (0, 50), start, method="DOP853", rtol=1e-11, atol=1e-12, t_eval=[0.1, 3, 50]).y.T
    found = margin_flow(z, torch.ones(9), [0.1, 3, 50], start=start, loss=loss)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-7)


def test_times_in_any_order_and_an_ensemble_of_starts():
    z, *_ = built(torch.Generator().manual_seed(1), 6, 3, 3)
    starts = torch.tensor([[[0.0, 0.0, 0.0], [1.0, -1.0, 0.5]]], dtype=torch.float64)
    found = margin_flow(z, torch.ones(6), [1e6, 0.0, 10.0], start=starts)
    assert found.shape == (1, 2, 3, 3)
    torch.testing.assert_close(found[:, :, 1], starts)
    alone = margin_flow(z, torch.ones(6), [10.0, 1e6], start=starts[0, 1])
    torch.testing.assert_close(found[0, 1, [2, 0]], alone, rtol=1e-6, atol=1e-6)


def test_what_lies_at_right_angles_to_the_data_stays():
    start = [0.2, 0.0, 5.0]
    path = margin_flow([[1.0, 0.5, 0.0], [0.4, 1.0, 0.0]], [1, 1], TIMES, start=start)
    torch.testing.assert_close(path[:, 2], torch.full((5,), 5.0, dtype=torch.float64))


@pytest.mark.parametrize("loss", ["exponential", "logistic"])
@pytest.mark.parametrize("gamma", [1.0, 1e-2, 1e-4])
def test_a_small_margin_takes_no_longer(loss, gamma):
    z = torch.tensor([[1.0, gamma], [-1.0, gamma]], dtype=torch.float64)
    path = margin_flow(z, torch.ones(2), [1e300], loss=loss)[0]
    assert float(path[0]) == pytest.approx(0, abs=1e-6)
    assert float(path[1]) * gamma == pytest.approx(np.log(2 * gamma**2) + 300 * np.log(10), rel=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_overlapping_data_end_at_the_minimum_that_scipy_finds(seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(30, 3, generator=generator, dtype=torch.float64)
    y = torch.sign(torch.randn(30, generator=generator, dtype=torch.float64))
    z = (y[:, None] * x).numpy()
    wanted = minimize(
        lambda w: np.logaddexp(0, -z @ w).sum(), np.zeros(3), jac=lambda w: -(1 / (1 + np.exp(z @ w))) @ z, tol=1e-12
    )
    found = loss_minimum(x, y)
    np.testing.assert_allclose(found, wanted.x, atol=1e-5)
    force = 1 / (1 + np.exp(z @ found.numpy()))
    assert np.abs(force @ z).max() < 1e-10
    torch.testing.assert_close(margin_flow(x, y, [1e12], loss="logistic")[0], found, rtol=1e-7, atol=1e-9)


def test_a_minimum_that_is_known_and_one_that_is_not_there():
    assert float(loss_minimum([[1.0], [1.0], [1.0]], [1, 1, -1])[0]) == pytest.approx(np.log(2), rel=1e-9)
    assert float(loss_minimum([[1.0], [1.0], [1.0]], [1, 1, -1], loss="exponential")[0]) == pytest.approx(
        0.5 * np.log(2)
    )
    for x, y in (([[1.0], [2.0]], [1, 1]), ([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [1, -1, 1])):
        with pytest.raises(ValueError, match="y: expected data that overlap"):
            loss_minimum(x, y)


def test_where_the_flow_ends_in_one_direction_and_goes_on_in_another():
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    x = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]]) @ turn
    path = margin_flow(x, [1, 1, -1, 1], [1e3, 1e12, 1e300]) @ torch.from_numpy(turn.T)
    late = path[1:]
    torch.testing.assert_close(late[:, 0], torch.full((2,), 0.5 * np.log(2), dtype=torch.float64), rtol=0, atol=1e-4)
    # the last point alone: ẇ₂ = e^{−w₁ − w₂}
    torch.testing.assert_close(late[:, 1], torch.tensor(np.log([1e12, 1e300]) - 0.5 * np.log(2)), rtol=1e-3, atol=1e-2)


def test_what_is_refused():
    with pytest.raises(ValueError, match="times: expected numbers up to 1e"):
        margin_flow([[1.0]], [1], [1e301])
    with pytest.raises(ValueError, match="times: expected times, at least 0"):
        margin_flow([[1.0]], [1], [-1.0])
    with pytest.raises(ValueError, match="start: expected margins above -700"):
        margin_flow([[1.0]], [1], [1.0], start=[-800.0])
    far = float(margin_flow([[1.0]], [1], [1e3], start=[-800.0], loss="logistic")[0, 0])
    assert far + np.exp(far) == pytest.approx(200, rel=1e-4)  # w + e^w grows by t
    with pytest.raises(ValueError, match="x: expected shape"):
        margin_flow(np.zeros((0, 2)), [], [1.0])


def test_a_start_far_on_the_wrong_side_comes_back():
    (w,) = margin_flow([[1.0]], [1], [1e6], start=[-600.0])
    assert float(w[0]) == pytest.approx(np.log1p(1e6), rel=1e-6)


def test_data_of_zero_and_no_times():
    assert margin_flow([[0.0, 0.0]], [1], [1e12]).tolist() == [[0.0, 0.0]]
    with pytest.raises(ValueError, match="times: expected shape"):
        margin_flow([[1.0, 0.0]], [1], [])


def test_single_precision_in_and_out():
    x, y = torch.tensor([[1.0, 0.2]], dtype=torch.float32), torch.tensor([1.0])
    assert margin_flow(x, y, torch.tensor([1e6])).dtype == torch.float32


def test_more_dimensions_than_data():
    z, w, _ = built(torch.Generator().manual_seed(2), 5, 20, 4)
    path = margin_flow(z, torch.ones(5), [1e150, 1e300])
    torch.testing.assert_close((path[1] - path[0]) / (150 * np.log(10)), w, rtol=1e-4, atol=1e-4)
    assert float(hard_margin(z, torch.ones(5)).margin) == pytest.approx(1 / float(w.norm()))
