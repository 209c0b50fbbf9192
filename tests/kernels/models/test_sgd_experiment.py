"""The experiment on single data: what it returns."""

from lecturelib.kernels.models.sgd_experiment import RUNS, STEPS, measured_losses


def test_experiment_returns_the_loss_of_every_step():
    result = measured_losses(seed=0, batch=24, sampling="subset")["excess"]
    assert len(result) == STEPS + 1
    assert result[0] > result[10] > result[50] > 0
    assert RUNS > 1
