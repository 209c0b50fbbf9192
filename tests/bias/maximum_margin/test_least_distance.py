"""The compiled search for the shortest weights, against SciPy's nonnegative least squares and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from lecturelib.bias.maximum_margin.least_distance import nonnegative, widest


def drawn(seed: int, gap: float | None) -> np.ndarray:
    """Some points, at least `gap` beyond a hyperplane, or anywhere; every third time each comes twice."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(int(rng.integers(2, 50)), int(rng.integers(1, 12))))
    if gap is not None:
        axis = rng.normal(size=z.shape[1])
        axis /= np.linalg.norm(axis)
        z = z * np.sign(z @ axis)[:, None] + gap * axis
    return np.concatenate([z, z]) if seed % 3 == 0 else z


@pytest.mark.parametrize("gap", [0.5, 0.05, 1e-3, 1e-5, None])
@pytest.mark.parametrize("seed", range(12))
def test_what_is_left_is_as_short_as_scipy_finds_it(seed, gap):
    z = drawn(seed, gap)
    rows = np.concatenate([z, np.ones((len(z), 1))], axis=1)
    u, left = np.empty(len(z)), np.empty(rows.shape[1])
    nonnegative(rows, u, left)
    target = np.eye(rows.shape[1])[-1]
    assert (u >= 0).all()
    assert left == pytest.approx(target - rows.T @ u, abs=1e-12)
    theirs, length = nnls(rows.T, target)
    assert np.linalg.norm(left) == pytest.approx(length, abs=1e-13)
    assert left == pytest.approx(target - rows.T @ theirs, abs=1e-11)


@pytest.mark.parametrize("gap", [0.5, 0.05, 1e-3, 1e-5])
@pytest.mark.parametrize("seed", range(12))
def test_the_weights_are_feasible_and_made_of_points_that_touch(seed, gap):
    z = drawn(seed, gap)
    weights, multipliers = widest(z)
    assert (z @ weights).min() == pytest.approx(1, abs=1e-8)
    assert (multipliers >= 0).all()
    assert multipliers @ z == pytest.approx(weights, rel=1e-7, abs=1e-9 * np.linalg.norm(weights))
    assert (z @ weights)[multipliers > 0] == pytest.approx(1, abs=1e-7)
    # the dual: the same value from below
    assert multipliers.sum() == pytest.approx(weights @ weights, rel=1e-7)


def test_by_hand():
    weights, multipliers = widest(np.array([[3.0, 4.0]]))
    assert weights == pytest.approx([0.12, 0.16])
    assert multipliers == pytest.approx([0.04])
    weights, multipliers = widest(np.array([[2.0, 0.0], [0.0, 0.5], [5.0, 5.0]]))
    assert weights == pytest.approx([0.5, 2.0])
    assert multipliers == pytest.approx([0.25, 4.0, 0.0])


@pytest.mark.parametrize("z", [[[1.0], [-1.0]], [[0.0, 0.0]], [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]])
def test_no_margin(z):
    assert widest(np.array(z)) is None


def test_layout_and_scale_do_not_matter():
    z = drawn(1, 0.1)
    weights, multipliers = widest(z)
    for other, scale in ((np.asfortranarray(z), 1.0), (1e6 * z, 1e6), (1e-6 * z, 1e-6)):
        found = widest(other)
        assert scale * found[0] == pytest.approx(weights, rel=1e-9)
        assert scale**2 * found[1] == pytest.approx(multipliers, rel=1e-9)
