"""The experiment on single data: what it fits, and that what is measured is what is predicted."""

import pytest
import torch

from lecturelib.core.experiments import generator_for
from lecturelib.kernels import largest_rate
from lecturelib.kernels.models.sgd_experiment import RATE, RUNS, STEPS, cubic_fit, measured_losses, predicted_losses


def test_the_fit_has_modes_with_rates_of_their_own():
    problem = cubic_fit()
    # the features are orthonormal polynomials with lengths 1, 0.8, 0.5 and 0.3
    assert torch.linalg.eigvalsh(problem.hessian).tolist() == pytest.approx([0.18, 0.5, 1.28, 2.0])
    x = torch.linspace(-1, 1, 24, dtype=torch.float64)
    noise = problem.y - torch.sin(3 * x)
    torch.testing.assert_close(
        noise, 0.5 * torch.randn(24, generator=generator_for(0, "cubic fit"), dtype=torch.float64)
    )
    powers = torch.stack([x**k for k in range(4)], 1)
    fitted = torch.linalg.lstsq(powers, problem.features)
    assert float((powers @ fitted.solution - problem.features).abs().max()) < 1e-12
    assert cubic_fit(10).features.shape == (10, 4)


def test_the_full_batch_descends_mode_by_mode():
    problem = cubic_fit()
    rate = 0.25 * largest_rate(problem.a)
    values = torch.linalg.eigvalsh(problem.hessian)
    assert (RATE, STEPS, RUNS) == (0.25, 400, 25)
    found = torch.tensor(measured_losses(seed=0, batch=24, sampling="subset")["excess"], dtype=torch.float64)
    torch.testing.assert_close(found, predicted_losses(24, "subset"), rtol=1e-9, atol=1e-12)
    assert len(found) == 401
    # at last the slowest mode alone is left: its distance is multiplied by 1 − rate · 0.18 in each step
    assert float(found[60] / found[59]) == pytest.approx(float((1 - rate * values[0]) ** 2), rel=1e-5)
    assert float(found[0]) == pytest.approx(float(problem.loss(torch.zeros(4)) - problem.loss(problem.best)))


@pytest.mark.parametrize(("batch", "sampling"), [(1, "subset"), (6, "subset"), (3, "replacement")])
def test_what_is_measured_is_what_is_predicted(batch, sampling):
    runs = torch.tensor([measured_losses(seed=s, batch=batch, sampling=sampling)["excess"] for s in range(8)])
    levels = runs[:, 100:].mean(1)
    error = float(levels.std()) / 8**0.5
    assert float(levels.mean()) == pytest.approx(float(predicted_losses(batch, sampling)[100:].mean()), abs=5 * error)
    assert error < 0.1 * float(levels.mean())
    assert not torch.equal(runs[0], runs[1])
