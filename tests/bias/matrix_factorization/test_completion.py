"""Completion by the flow: cases on paper, ensembles, precision, errors."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from lecturelib.bias import (
    Factors,
    balanced_factors,
    complete,
    effective_rank,
    factor_flow,
    low_rank_matrix,
    observe,
    start_factors,
)
from lecturelib.bias.matrix_factorization.checks import runaway
from lecturelib.core.experiments import generator_for

THREE = [1.0, 2.0, 3.0], [0, 0, 1], [0, 1, 0]


def at(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_depth_one_leaves_what_nobody_observed():
    found = complete(*THREE, (2, 2), depth=1, scale=0.1, generator=at(), tolerance=1e-14)
    start = complete(*THREE, (2, 2), depth=1, scale=0.1, generator=at(), tolerance=1e-14, until=1e-9)
    assert found.matrix[1, 1].item() == pytest.approx(start.matrix[1, 1].item(), abs=1e-12)
    assert found.matrix[1, 0].item() == pytest.approx(3, abs=1e-6)


def test_one_number_of_depth_two_is_a_logistic_curve():
    """σ̇ = 2 σ (1 − σ) from 0.01."""
    run = factor_flow(balanced_factors([[0.01]], depth=2), [1.0], [0], [0], tolerance=1e-20, until=4.0, accuracy=1e-7)
    exact = 1 / (1 + 99 * torch.exp(-2 * run.times))
    assert run.times[-1] == 4
    assert float((run.singular_values[:, 0] - exact).abs().max()) < 1e-5


@pytest.mark.parametrize("depth", [2, 3])
def test_it_is_the_flow_of_the_factors(depth):
    """Against scipy, in full matrices of different sizes, from the same start."""
    generator = at(3)
    shapes = [(3, 2), *[(3, 3)] * (depth - 2), (4, 3)]
    start = Factors(tuple(0.5 * torch.randn(*one, generator=generator, dtype=torch.float64) for one in shapes))
    values, rows, columns = [1.0, -1.0, 0.5, 2.0], [0, 1, 3, 2], [0, 1, 0, 1]
    run = factor_flow(start, values, rows, columns, tolerance=1e-30, until=2.0, accuracy=1e-7)

    def speed(_, flat):
        w = [part.reshape(one) for part, one in zip(np.split(flat, cuts), shapes, strict=True)]
        product = w[0]
        for one in w[1:]:
            product = one @ product
        gradient = np.zeros((4, 2))
        gradient[rows, columns] = product[rows, columns] - values
        moved = []
        for j in range(depth):
            after = np.eye(shapes[j][0])
            for one in w[j + 1 :]:
                after = one @ after
            before = np.eye(2)
            for one in w[:j]:
                before = one @ before
            moved.append(-(after.T @ gradient @ before.T).ravel())
        return np.concatenate(moved)

    cuts = np.cumsum([math.prod(one) for one in shapes])[:-1]
    flat = np.concatenate([one.numpy().ravel() for one in start.matrices])
    end = solve_ivp(speed, (0, 2.0), flat, rtol=1e-11, atol=1e-12).y[:, -1]
    ours = np.concatenate([one.numpy().ravel() for one in run.final.matrices])
    assert np.abs(ours - end).max() < 1e-5
    assert float((run.final.imbalance - start.imbalance).abs()) < 1e-4


def test_it_stops_where_the_loss_is_the_tolerance():
    found = complete(*THREE, (2, 2), depth=3, scale=0.1, generator=at(), tolerance=1e-4)
    residuals = found.matrix[[0, 0, 1], [0, 1, 0]] - torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    assert residuals.square().mean().item() == pytest.approx(1e-4, rel=1e-3)
    assert found.losses[-1].item() == pytest.approx(1.5e-4, rel=1e-3)
    assert bool((found.losses.diff() < 0).all())
    assert found.times[-2] < found.stopped <= found.times[-1]


def test_a_member_of_an_ensemble_goes_where_it_goes_alone():
    options = {"depth": 3, "scale": 0.3, "tolerance": 1e-8, "accuracy": 1e-6}
    both = complete(*THREE, (2, 2), generator=at(1), ensemble=(2, 2), **options)
    assert both.matrix.shape == (2, 2, 2, 2)
    assert both.losses.shape == (2, 2, len(both.times))
    alone = factor_flow(both[1, 0].final, *THREE, tolerance=1e-8)
    assert alone.times.tolist() == [0.0]  # it is there already
    first = complete(*THREE, (2, 2), generator=at(1), ensemble=(2, 2), **{**options, "until": 1e-9})
    again = factor_flow(first[1, 0].final, *THREE, tolerance=1e-8, accuracy=1e-6)
    assert float((again.matrix - both.matrix[1, 0]).abs().max()) < 1e-3
    assert float((again.stopped / both.stopped[1, 0] - 1).abs()) < 1e-2


def test_a_low_rank_matrix_comes_back():
    matrix = low_rank_matrix((20, 15), 1, generator=at(2))
    seen = observe(matrix, 150, generator=at(2))
    found = complete(*seen, (20, 15), depth=3, scale=1e-3, generator=at(2), tolerance=1e-8)
    assert float((found.matrix - matrix).square().mean()) < 1e-4
    assert float(effective_rank(found.matrix)) < 1.1
    assert found.singular_values.shape == (len(found.times), 15)


def test_paths_are_kept():
    found = complete(*THREE, (2, 2), depth=2, scale=0.1, generator=at(), tolerance=1e-6, ensemble=3)
    assert found.matrices.shape == (3, len(found.times), 2, 2)
    assert torch.equal(found.matrices[:, -1], found.matrix)
    assert torch.equal(found.singular_values, torch.linalg.svdvals(found.matrices))
    assert torch.equal(found[1].singular_values, found.singular_values[1])


def test_the_norm_runs_away_and_stays_above_its_bound():
    start = balanced_factors([[0.01, 0.0], [0.0, 0.01]], depth=3)
    run = factor_flow(start, [1.0, 1.0, 0.0], [0, 1, 1], [1, 0, 1], tolerance=1e-30, until=1e3)
    free, small = run.matrices[:, 0, 0], run.losses < 0.375
    bound = torch.tensor([runaway.formula(float(loss)) for loss in run.losses[small]], dtype=torch.float64)
    assert bool((free[small] >= bound).all())
    assert not bool(run.converged)
    assert float(run.stopped) == math.inf
    assert free[-1] > 20
    assert float(torch.linalg.det(run.matrices).min()) > 0


def test_single_precision_comes_back_in_single_precision():
    start = balanced_factors(torch.eye(2) * 0.1, depth=2)
    run = factor_flow(start, [1.0], [0], [0], tolerance=1e-8)
    assert run.matrix.dtype == torch.float32
    assert run.matrix[0, 0].item() == pytest.approx(1, abs=1e-3)


def test_single_precision_finds_what_double_precision_finds():
    draw = generator_for(0, "precision")
    seen = observe(low_rank_matrix((12, 12), 2, generator=draw), 90, generator=draw)
    start = start_factors((12, 12), depth=3, scale=1e-3, generator=draw)
    double, single = (factor_flow(one, *seen, tolerance=1e-6) for one in (start, start.to(torch.float32)))
    assert single.matrix.dtype == torch.float32
    gap = torch.linalg.matrix_norm(single.matrix.double() - double.matrix) / torch.linalg.matrix_norm(double.matrix)
    assert float(gap) < 2e-3
    assert len(single.times) == pytest.approx(len(double.times), rel=0.1)


def test_starts_have_the_variance_they_promise():
    seeds = [complete([0.0], [0], [0], (8, 5), depth=3, scale=0.2, generator=generator_for(k, "x"), tolerance=10.0,
                      ensemble=200) for k in range(5)]  # fmt: skip
    products = torch.cat([one.matrix for one in seeds])
    assert products.square().mean().item() == pytest.approx(0.2**2 / 5, rel=0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": [0, 0, 2]}, "rows: expected less than 2"),
        ({"columns": [0, 5, 0]}, "columns: expected less than 2"),
        ({"rows": [0, 0, 0]}, "rows: expected each place once"),
        ({"values": [1.0, 2.0]}, "rows"),
        ({"values": []}, "values"),
        ({"rows": [0.5, 0, 1]}, "rows"),
        ({"shape": (2, 0)}, "shape"),
        ({"shape": 4}, "shape"),
        ({"depth": 0}, "depth"),
        ({"scale": 0.0}, "scale"),
        ({"tolerance": -1.0}, "tolerance"),
    ],
)
def test_bad_arguments(change, words):
    good = {"values": [1.0, 2.0, 3.0], "rows": [0, 0, 1], "columns": [0, 1, 0], "shape": (2, 2), "depth": 2}
    good |= {"scale": 0.1, "generator": at(), "tolerance": 1e-3}
    with pytest.raises((ValueError, TypeError), match=words):
        complete(**{**good, **change})


def test_a_flow_that_does_not_get_there_says_so(monkeypatch):
    monkeypatch.setattr("lecturelib.bias.matrix_factorization.completion.MOST_STEPS", 5)
    with pytest.raises(ValueError, match=r"tolerance: expected one that the flow meets, within 5 steps"):
        complete(*THREE, (2, 2), depth=2, scale=1e-3, generator=at(), tolerance=1e-10)


def test_factors_that_vanish_end_with_an_error():
    """w = w₁ w₂ with w₁ = w₂ stays positive: the target −1 draws it to 0."""
    with pytest.raises(ValueError, match="tolerance: expected one that the flow meets"):
        factor_flow(balanced_factors([[0.01]], depth=2), [-1.0], [0], [0], tolerance=1e-12)


def test_factors_have_to_fit():
    with pytest.raises(ValueError, match="as many columns"):
        Factors((torch.ones(2, 3), torch.ones(2, 3)))
    with pytest.raises(ValueError, match="at least one"):
        Factors(())
