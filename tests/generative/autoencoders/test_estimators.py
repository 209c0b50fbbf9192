"""Two estimates of a gradient: same mean, the variances that the formulas say, by sampling."""

import pytest
import torch

from lecturelib.generative import quadratic_variances, reparametrized_gradients, score_gradients

DRAWS = 200_000


def draws(function, mean, scale, **options):
    seeded = lambda: torch.Generator().manual_seed(5)  # noqa: E731
    pathwise = reparametrized_gradients(function, mean, scale=scale, draws=DRAWS, generator=seeded())
    return pathwise, score_gradients(function, mean, scale=scale, draws=DRAWS, generator=seeded(), **options)


def test_means_and_variances_of_a_quadratic():
    hessian = torch.tensor([[1.0, 0.5], [0.5, -0.7]], dtype=torch.float64)
    slope, value, scale = torch.tensor([0.3, -1.0], dtype=torch.float64), 2.0, 0.8
    mean = torch.tensor([4.0, -2.0], dtype=torch.float64)

    def f(z):
        away = z - mean
        return value + away @ slope + 0.5 * ((away @ hessian) * away).sum(-1)

    exact = quadratic_variances(hessian, slope, value, scale=scale)
    both = draws(f, mean, scale)
    for found, variance in zip(both, (exact.reparametrized, exact.score), strict=True):
        assert bool(((found.mean(0) - slope).abs() < 5 * (variance / DRAWS).sqrt()).all())
        assert float(found.var(0).sum()) == pytest.approx(float(variance), rel=0.03)
    best = draws(f, mean, scale, baseline=float(exact.baseline))[1]
    assert float(best.var(0).sum()) == pytest.approx(float(exact.score_best), rel=0.03)
    assert exact.score_best < exact.score


def test_a_straight_line_needs_no_draws_by_reparametrization():
    pathwise, score = draws(lambda z: 3 * z[:, 0], [1.0], 0.5)
    assert float(pathwise.var(0)) == 0
    assert pathwise[0].tolist() == [3]
    assert float(score.var(0)) > 5


def test_ensembles_of_quadratics():
    hessian = torch.stack([torch.eye(2), 2 * torch.eye(2)]).double()
    slope = torch.tensor([[0.0, 1.0], [2.0, 0.0]], dtype=torch.float64)
    both = quadratic_variances(hessian, slope, [1.0, 3.0], scale=0.5)
    for n, value in enumerate((1.0, 3.0)):
        one = quadratic_variances(hessian[n], slope[n], value, scale=0.5)
        assert [float(part[n]) for part in both] == pytest.approx([float(part) for part in one])


def test_functions_that_do_not_fit_are_refused():
    generator = torch.Generator().manual_seed(0)
    for wrong in (lambda z: z, lambda z: 1.0):
        for estimate in (reparametrized_gradients, score_gradients):
            with pytest.raises(ValueError, match="^function: expected one that gives shape"):
                estimate(wrong, [0.0], scale=1.0, draws=3, generator=generator)
    with pytest.raises(ValueError, match="^function: expected one that torch can differentiate"):
        reparametrized_gradients(lambda z: torch.zeros(3), [0.0], scale=1.0, draws=3, generator=generator)
    with pytest.raises(ValueError, match="^hessian: expected symmetric"):
        quadratic_variances([[1.0, 1.0], [0.0, 1.0]], [0.0, 0.0], 0.0, scale=1.0)
